"""A copy of the working tree as a clean checkout: what people have after cloning and installing.

def test_something(checkout: Path): ...    # after `from tests.checkouts import checkout`
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from resources.profiles import Settings
from tests.databases import open_folder
from tests.test_repository_text import repository_files

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


@pytest.fixture
def checkout() -> Generator[Path]:
    """Everything is committed, and the packages are installed."""
    with open_folder() as folder:  # the user of the embedded server must come to it
        yield _filled(folder / "checkout")


def environment_of(copy: Path, **more: str) -> dict[str, str]:
    """Environment of somebody who works in a checkout; no setting is set."""
    names = {"DAGSTER_HOME", *(name.upper() for name in Settings.model_fields)}
    given = {name: value for name, value in os.environ.items() if name not in names}
    # The installed packages are those of ROOT.
    return given | {"PYTHONPATH": str(copy)} | more


def _filled(copy: Path) -> Path:
    for file in repository_files():
        target = copy / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)
    author = ["-c", "user.name=tester", "-c", "user.email=tester@localhost"]
    for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=copy, check=True)
    # `make install` finds nothing to do: it would point the packages of ROOT at this copy.
    (copy / ".venv").mkdir()
    (copy / ".venv/bin").symlink_to(BIN)
    (copy / ".venv/.installed").touch()
    return copy
