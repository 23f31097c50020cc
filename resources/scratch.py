"""Temporary folders of this process, and those that killed processes left behind."""

import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_PREFIX = "sambodhan-"
_LOCK, _FILES = ".lock", "files"
# A folder is made an instant before it is locked.
YOUNG_SECONDS = 60.0


@contextmanager
def scratch_folder() -> Generator[Path]:
    """An empty folder for the time of a `with` block.

    It is locked meanwhile, so that `sweep_scratch` can tell whether anybody still works in it: the
    operating system frees the lock of a killed process.
    """
    place = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with FileLock(place / _LOCK, thread_local=False):
            folder = place / _FILES
            folder.mkdir()
            yield folder
    finally:
        shutil.rmtree(place, ignore_errors=True)


def sweep_scratch() -> None:
    """Removes scratch folders whose process is gone; those of other users stay."""
    for file in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        try:
            if time.time() - file.stat().st_mtime < YOUNG_SECONDS:
                continue
            with FileLock(file, thread_local=False).acquire(timeout=0):
                shutil.rmtree(file.parent, ignore_errors=True)
        except (Timeout, PermissionError, FileNotFoundError):
            # Somebody works in it, it is another user's, or another process sweeps too.
            continue
