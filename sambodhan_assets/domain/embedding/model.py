"""A sentence model from a folder, and what it says about words."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sambodhan_assets.domain.embedding.domains import query_text
from sambodhan_assets.domain.embedding.older_format import write_older_format
from sambodhan_assets.domain.embedding.retrieval import Floats
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.progress_bars import without_progress_bars

MODULES_FILE = "modules.json"
# Modules of the library itself: any other name would make it import code from the folder.
_OWN_MODULES = "sentence_transformers."
# Weights that are unpickled, which runs whatever their author wrote.
_PICKLED = {".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"}
_UNREADABLE = (
    *(OSError, ValueError, KeyError, TypeError, RuntimeError),
    *(ImportError, AttributeError),
)


def check_sentence_model(folder: Path) -> None:
    """Refuses a folder that is no sentence model, or that could run code when it is loaded.

    Raises:
        PermanentError: Names what is missing or dangerous.
    """
    modules = folder / MODULES_FILE
    if not modules.is_file():
        raise _unusable(folder, f"it has no {MODULES_FILE}, so it is no sentence model.")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    safe = {path.parent for path in files if path.suffix == ".safetensors"}
    if not safe:
        raise _unusable(folder, "it has no weights as safetensors.")
    # Beside safetensors nothing reads them, and many models on the Hub hold both.
    pickled = [p for p in files if p.suffix.lower() in _PICKLED and p.parent not in safe]
    if pickled:
        names = ", ".join(path.relative_to(folder).as_posix() for path in pickled)
        raise _unusable(
            folder, f"these weights could run code, and no safetensors are beside: {names}."
        )
    try:
        listed = json.loads(modules.read_text(encoding="utf-8"))
        types, paths = zip(*((str(m["type"]), str(m["path"])) for m in listed), strict=True)
    except (ValueError, KeyError, TypeError) as error:
        raise _unusable(
            folder, f"its {MODULES_FILE} is damaged ({type(error).__name__})."
        ) from error
    if foreign := [name for name in types if not name.startswith(_OWN_MODULES)]:
        raise _unusable(folder, f"it wants to load foreign modules: {', '.join(foreign)}.")
    outside = [p for p in paths if not (folder / p).resolve().is_relative_to(folder.resolve())]
    if outside:
        raise _unusable(folder, f"its modules stand outside of it: {', '.join(outside)}.")


def load_sentence_model(folder: Path) -> Any:
    """A SentenceTransformer with safetensors weights; nothing is fetched from anywhere.

    Raises:
        PermanentError: As in `check_sentence_model`, the library cannot read it, or a weight is
            not finite.
    """
    import torch
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer

    check_sentence_model(folder)
    try:
        with without_progress_bars():
            # float32: a model saved in half precision would otherwise answer, and train, in it.
            model = SentenceTransformer(
                str(folder),
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True, "dtype": torch.float32},
            )
    # ImportError and AttributeError: modules.json names a class that this version does not have.
    except (*_UNREADABLE, SafetensorError) as error:
        raise _unusable(
            folder, f"it cannot be loaded ({type(error).__name__}: {error})."
        ) from error
    broken = [name for name, part in model.named_parameters() if not torch.isfinite(part).all()]
    if broken:
        raise _unusable(folder, f"the weights {', '.join(broken[:3])} are not finite.")
    return model


def save_sentence_model(model: Any, folder: Path) -> None:
    """Writes safetensors, configuration and tokenizer; `load_sentence_model` reads them.

    Programs with an older sentence-transformers read them too, where the model has no new part.
    """
    with without_progress_bars():
        model.save(str(folder), create_model_card=False, safe_serialization=True)
    write_older_format(folder, max_seq_length=model.max_seq_length)


class EmbeddingScorer:
    """Cosine of a sentence model's vectors of the templated texts.

    Args:
        model: A SentenceTransformer.
        templates: What it reads, by domain.
    """

    def __init__(self, model: Any, templates: Mapping[str, str]) -> None:
        self._model = model
        self._templates = templates

    def scores(self, domain: str, texts: Sequence[str], terms: Sequence[str]) -> Floats:
        """See `Scorer.scores`."""
        return self._vectors(domain, texts) @ self._vectors(domain, terms).T

    def alike(self, domain: str, left: Sequence[str], right: Sequence[str]) -> Floats:
        """See `Scorer.alike`."""
        return (self._vectors(domain, left) * self._vectors(domain, right)).sum(axis=1)

    def _vectors(self, domain: str, texts: Iterable[str]) -> Floats:
        read = [query_text(self._templates, domain, text) for text in texts]
        vectors = self._model.encode(
            read, batch_size=128, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float64)


def _unusable(folder: Path, found: str) -> PermanentError:
    return PermanentError(
        tried=f"Loading the sentence model in {folder}",
        found=found,
        todo="Use a sentence-transformers model that was saved with safe_serialization.",
    )
