"""Risk: killed runs fill the temporary folder, or a sweep takes the files of a run at work."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from resources.scratch import YOUNG_SECONDS, scratch_folder, sweep_scratch
from tests.services import ROOT

WORKER = """
import sys
from resources.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "complaints.parquet").write_bytes(b"x")
    print(folder.parent, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def another_process(temporary: Path) -> Generator[tuple["subprocess.Popen[str]", Path]]:
    """A process that works in a scratch folder which is no longer young."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    age(folder)
    yield process, folder
    process.kill()
    process.communicate()


def age(folder: Path) -> None:
    then = time.time() - YOUNG_SECONDS - 1
    os.utime(folder / ".lock", (then, then))


def test_a_folder_is_empty_at_first_and_gone_at_the_end(temporary: Path):
    with scratch_folder() as folder:
        assert list(folder.iterdir()) == []
        (folder / "a").write_text("a")
    assert list(temporary.iterdir()) == []


def test_an_error_leaves_nothing(temporary: Path):
    with pytest.raises(ZeroDivisionError), scratch_folder() as folder:
        (folder / "a").write_text(str(1 / 0))
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_one_works_in_is_not(temporary: Path):
    with another_process(temporary) as (process, folder):
        sweep_scratch()
        assert (folder / "files/complaints.parquet").exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (folder / "files/complaints.parquet").exists()
        sweep_scratch()
    assert list(temporary.iterdir()) == []


def test_own_young_and_foreign_folders_stay(temporary: Path):
    young = temporary / "sambodhan-young"
    young.mkdir()
    (young / ".lock").touch()
    (temporary / "sambodhan-of-somebody").mkdir()
    with scratch_folder() as folder:
        age(folder.parent)
        sweep_scratch()
        assert folder.exists()
        assert young.exists()
    assert {path.name for path in temporary.iterdir()} == {
        "sambodhan-young",
        "sambodhan-of-somebody",
    }
