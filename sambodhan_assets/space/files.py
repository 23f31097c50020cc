"""The files of a Space's repository: Dockerfile, card, command, pinned packages, the project."""

import shutil
import tomllib
from pathlib import Path
from typing import Any

from sambodhan_assets.domain.errors import PermanentError

KINDS = ("prepare_dataset", "retrain", "inference")
ROOT = Path(__file__).parents[2]
SPACES = ROOT / "deploy" / "spaces"
# 2 to 5 GB that only transformers need; they are installed apart, or not at all.
TORCH_PACKAGES = ("torch", "transformers", "sentence-transformers")
# A Space's disk is lost, so its artifact store is a bucket.
STORES = ("gcs", "s3")
_OURS = "project"


def write_space_files(kind: str, folder: Path) -> list[str]:
    """Writes everything that the repository of a Space needs.

    Args:
        kind: One of KINDS.
        folder: New, empty, or written by an earlier call, whose files are replaced.

    Returns:
        The paths written, relative to the folder.

    Raises:
        PermanentError: There is no such kind, the folder holds other files, or this is no checkout.
    """
    if kind not in KINDS:
        raise _refused(kind, "there is no such kind.", f"Name one of {', '.join(KINDS)}.")
    if not SPACES.exists():
        raise _refused(kind, f"{SPACES} does not exist.", "Run it in a checkout of the project.")
    if folder.exists() and any(folder.iterdir()) and not (folder / _OURS).is_dir():
        raise _refused(kind, f"{folder} holds other files.", "Name a new folder.")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shutil.rmtree(folder / _OURS, ignore_errors=True)
    spaces = (SPACES / "Dockerfile", SPACES / kind / "README.md", SPACES / kind / "start.sh")
    for source in (*spaces, ROOT / "constraints.txt", ROOT / "dagster.yaml"):
        _copy(source, folder / source.name)
    for name, packages in _requirements(project["project"]).items():
        (folder / name).write_text("".join(f"{line}\n" for line in packages), encoding="utf-8")
    for file in _project_files(project["tool"]["setuptools"]):
        _copy(ROOT / file, folder / _OURS / file)
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def _requirements(project: dict[str, Any]) -> dict[str, list[str]]:
    every: list[str] = project["dependencies"]
    torch = [name for name in every if name.split("[")[0] in TORCH_PACKAGES]
    stores = [name for extra in STORES for name in project["optional-dependencies"][extra]]
    rest = [name for name in every if name not in torch]
    return {"requirements.txt": sorted({*rest, *stores}), "requirements-torch.txt": torch}


def _project_files(setuptools: dict[str, Any]) -> list[Path]:
    """What pip needs to install the project as it is in this checkout."""
    files = [ROOT / "pyproject.toml", ROOT / "README.md"]
    for package in setuptools["packages"]:
        folder = ROOT / package.replace(".", "/")
        for pattern in ("*.py", *setuptools["package-data"].get(package, ())):
            files += sorted(folder.glob(pattern))
    return [file.relative_to(ROOT) for file in files]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _refused(kind: str, found: str, todo: str) -> PermanentError:
    return PermanentError(tried=f"Writing the files of a Space {kind!r}", found=found, todo=todo)
