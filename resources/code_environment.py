"""What code made a version: git revision, Python and the libraries that decide its bytes."""

import platform
import shutil
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_LIBRARIES = (
    "dagster",
    "numpy",
    "pyarrow",
    "scikit-learn",
    "skops",
    "torch",
    "transformers",
)


@cache
def code_environment() -> dict[str, Any]:
    """Git revision and dirtiness, Python and library versions; None where something is unknown."""
    return {
        "git_sha": _git("rev-parse", "HEAD"),
        "git_dirty": None if (changes := _git("status", "--porcelain")) is None else changes != "",
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: _installed(name) for name in _LIBRARIES},
    }


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    """Output of git in the source folder; None outside a checkout or without git."""
    git = shutil.which("git")
    if git is None:
        return None
    source = Path(__file__).parent
    result = subprocess.run(
        [git, "-C", str(source), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return result.stdout.strip() if result.returncode == 0 else None
