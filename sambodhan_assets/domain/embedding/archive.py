"""Zips of sentence models: dated names, deterministic writing, and reading that trusts nothing."""

import errno
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from sambodhan_assets.domain.embedding.model import MODULES_FILE
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.version_tags import next_tag

FOLDER = "models"
_NAME = re.compile(r"models/finetuned-embedding-model-(\d{8})(?:_(\d{6}))?\.zip")
# all-MiniLM-L6-v2 has 90 MB in a dozen files; the largest sentence models have a few GB.
MOST_FILES = 200
MOST_BYTES = 8 << 30
# Weights hardly shrink, vocabularies to a fifth; a bomb shrinks a thousandfold.
MOST_RATIO = 50
_FREE_BYTES = 1 << 20
_LONGEST_NAME = 255
# Tables are what an evaluator of sentence-transformers leaves in a folder named eval.
_SUFFIXES = {".csv", ".jinja", ".json", ".md", ".model", ".safetensors", ".txt"}
_PLAIN_NAMES = {".ds_store", ".gitattributes", ".gitignore", "licence", "license", "notice"}
_PICKLED = {".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"}
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# What Python's reader of zips raises for one that is damaged, or made to be.
_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError),
)
_BLOCK = 1 << 20
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def newest_zip(paths: Iterable[str]) -> str | None:
    """The newest dated zip among paths of a repository; None if there is none."""
    return max((path for path in paths if _NAME.fullmatch(path)), default=None)


def older_zips(paths: Iterable[str]) -> set[str]:
    """The dated zips that the newest one has replaced."""
    dated = {path for path in paths if _NAME.fullmatch(path)}
    return dated - {newest_zip(dated)}


def next_zip_name(tag: str, present: Iterable[str]) -> str:
    """The path of a version's zip: it sorts after all that are there, also twice a day.

    The first one of a day has the date alone, as its readers expect; later ones add the time of
    the tag, because `_` sorts after `.`.

    Args:
        tag: Version tag.
        present: Paths that stand in the repository.
    """
    newest = newest_zip(present)
    now = datetime.strptime(tag, "v%Y%m%d_%H%M%S").replace(tzinfo=UTC)
    found = None if newest is None else _NAME.fullmatch(newest)
    if found is None:
        return f"{FOLDER}/finetuned-embedding-model-{now:%Y%m%d}.zip"
    day, time = next_tag(now, f"v{found[1]}_{found[2] or '000000'}")[1:].split("_")
    name = f"{FOLDER}/finetuned-embedding-model-{day}"
    return f"{name}.zip" if day != found[1] else f"{name}_{time}.zip"


def pack(folder: Path, names: Iterable[str], target: Path) -> None:
    """Writes some files of a folder as a zip; the same files give the same bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(names):
            # Stored: weights do not shrink, and the time of the file would change the bytes.
            entry = zipfile.ZipInfo(name, date_time=_EARLIEST)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            with (folder / name).open("rb") as source, archive.open(entry, "w") as sink:
                while block := source.read(_BLOCK):
                    sink.write(block)


def unpack(archive: Path, folder: Path, *, most_bytes: int = MOST_BYTES) -> Path:
    """Unpacks a sentence model of somebody else.

    Sizes are counted while they are written: what a zip says about itself proves nothing.

    Args:
        archive: The zip.
        folder: An empty folder.
        most_bytes: Most bytes of all files together.

    Returns:
        The folder with the model: `folder`, or the one folder in the zip.

    Raises:
        PermanentError: It is no zip or damaged, has a path outside, a link, a file of a kind that
            no model needs, two files of one name, too many files or bytes, or no model.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            # An empty folder is what a module without settings consists of.
            listed = opened.infolist()
            folders = [entry for entry in listed if entry.filename.endswith("/")]
            entries = [entry for entry in listed if not entry.filename.endswith("/")]
            _check_entries(archive, entries, folders)
            for entry in folders:
                (folder / entry.filename).mkdir(parents=True, exist_ok=True)
            # Entries can lie about their sizes and share their bytes; the archive cannot.
            free = _FREE_BYTES * len(entries)
            left = min(most_bytes, free + MOST_RATIO * archive.stat().st_size)
            for entry in entries:
                left -= _write(opened, entry, folder / entry.filename, left, archive)
    except (*_UNREADABLE, OSError) as error:
        # A place before the file's start; a full disk, for one, is not the zip's fault.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise _refused(archive, f"it is no zip that can be read ({error}).") from error
    found = sorted(path.parent for path in folder.rglob(MODULES_FILE))
    if len(found) != 1:
        raise _refused(archive, f"it has {len(found)} files {MODULES_FILE} instead of one.")
    return found[0]


def _check_entries(
    archive: Path, entries: list[zipfile.ZipInfo], folders: list[zipfile.ZipInfo]
) -> None:
    if max(len(entries), len(folders)) > MOST_FILES:
        most = f"{len(entries)} files and {len(folders)} folders"
        raise _refused(archive, f"it has {most}, and {MOST_FILES} of each are allowed.")
    for entry in folders:
        if (problem := _name_problem(entry)) is not None:
            raise _refused(archive, f"its folder {entry.filename[:200]!r} {problem}.")
    seen: set[str] = set()
    safe = any(_suffix(entry) == ".safetensors" for entry in entries)
    for entry in entries:
        problem = _name_problem(entry) or _file_problem(entry, safe)
        name = PurePosixPath(entry.filename).as_posix().casefold()
        if problem is None and name in seen:
            problem = "comes twice"
        seen.add(name)
        if problem is not None:
            raise _refused(archive, f"its file {entry.filename[:200]!r} {problem}.")
    paths = [PurePosixPath(entry.filename.casefold()) for entry in (*entries, *folders)]
    above = {parent.as_posix() for path in paths for parent in path.parents}
    if both := seen & (above | {entry.filename[:-1].casefold() for entry in folders}):
        raise _refused(archive, f"{min(both)[:200]!r} is a file and a folder in it.")


def _name_problem(entry: zipfile.ZipInfo) -> str | None:
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
        return "would be written outside of its folder"
    if any(not character.isprintable() for character in entry.filename):
        return "has a name that cannot be printed"
    if any(len(part.encode()) > _LONGEST_NAME for part in path.parts):
        return "has a name that is too long"
    return None


def _file_problem(entry: zipfile.ZipInfo, safe: bool) -> str | None:
    """What is wrong with a file; `safe` tells whether its archive has weights as safetensors."""
    suffix, kind = _suffix(entry), stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "is a link or no file at all"
    if suffix in _PICKLED:
        instead = "" if safe else ", and the zip has no weights as safetensors instead"
        return f"is pickled, so that reading it could run code{instead}"
    if (
        suffix not in _SUFFIXES
        and PurePosixPath(entry.filename).name.casefold() not in _PLAIN_NAMES
    ):
        return "is of a kind that no model with safetensors weights needs"
    if entry.compress_type not in _METHODS:
        return "is compressed in an unusual way"
    return "is encrypted" if entry.flag_bits & 0x1 else None


def _suffix(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).suffix.lower()


def _write(
    opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int, archive: Path
) -> int:
    """Writes one file; returns its bytes."""
    most = max(_FREE_BYTES, MOST_RATIO * entry.compress_size)
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with opened.open(entry) as source, target.open("xb") as sink:
        while block := source.read(_BLOCK):
            written += len(block)
            if written > most:
                raise _refused(archive, f"{entry.filename!r} unpacks to over {most:,} bytes.")
            if written > left:
                raise _refused(archive, "its files are too large together.")
            sink.write(block)
    return written


def _refused(archive: Path, found: str) -> PermanentError:
    return PermanentError(
        tried=f"Unpacking {archive.name}",
        found=found,
        todo="Use a zip of a model that was saved with safe_serialization by somebody you trust.",
    )
