"""Small operations on fsspec locations that the registry needs and fsspec does not unify."""

import errno
import os
import shutil
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from sambodhan_assets.domain.errors import PermanentError, TransientError

_PERMANENT = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG}


@contextmanager
def storage_errors(action: str) -> Generator[None]:
    """Turns storage exceptions into ours, told apart by whether a retry can help."""
    try:
        yield
    except OSError as error:
        if isinstance(error, PermissionError) or error.errno in _PERMANENT:
            raise PermanentError(
                tried=action,
                found=f"the storage refuses: {error}.",
                todo="Free space or grant the rights, then run again; nothing was half-published.",
            ) from error
        raise TransientError(
            tried=action,
            found=f"the storage failed: {error}.",
            todo="Check the storage, then run again; nothing was half-published.",
        ) from error


def create_exclusively(fs: AbstractFileSystem, path: str, data: bytes) -> None:
    """Creates an object that appears whole or not at all.

    Raises:
        FileExistsError: Somebody was faster.
    """
    if isinstance(fs, LocalFileSystem):
        # A hard link appears at once and fails if the name is taken; open(path, "x") would let a
        # reader see a file that is still empty.
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        staged = Path(f"{path}.{uuid.uuid4().hex}.staged")
        try:
            with staged.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.link(staged, path)
        finally:
            staged.unlink(missing_ok=True)
    else:
        fs.pipe_file(path, data, mode="create")


def copy_folder(source: Path, target: Path) -> None:
    """Copies all files; unlike shutil.copytree it lets the first OSError through as it is."""
    for path in (p for p in source.rglob("*") if p.is_file()):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def rename_exclusively(source: Path, target: Path) -> None:
    """Moves a complete folder to its final name, on disk before it is visible.

    Raises:
        FileExistsError: The name is taken.
    """
    for path in source.rglob("*"):
        if path.is_file():
            _sync(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            raise FileExistsError(str(target)) from error
        raise
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
