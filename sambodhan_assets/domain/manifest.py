"""The manifest: what a version consists of, written last and verified whenever it is read."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.json_records import record_from_json

MANIFEST_NAME = "manifest.json"
FORMAT_VERSION = 1
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """One file of a version.

    Attributes:
        sha256: Hex digest of the bytes.
        size: Bytes.
        rows: Rows of a Parquet file; None for other files.
    """

    sha256: str
    size: int
    rows: int | None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything that is known about a version when it is published.

    Attributes:
        kind: What the version is: dataset, model, snapshot, candidate, decision.
        repository: Name of the repository that holds it.
        tag: Version tag.
        parent: Tag of the version before it; None for the first.
        created_at: ISO 8601 time in UTC.
        run_id: Run that published it.
        content_hash: Digest of the files that make up its content; times stand outside it.
        files: Every file but the manifest, by relative POSIX path.
        details: What the publishing stage knows: label map, distributions, seeds, settings.
        environment: Code revision, Python and library versions.
    """

    kind: str
    repository: str
    tag: str
    parent: str | None
    created_at: str
    run_id: str
    content_hash: str
    files: dict[str, FileEntry]
    details: dict[str, Any]
    environment: dict[str, Any]
    format_version: int = FORMAT_VERSION

    def to_json(self) -> str:
        """The manifest as indented JSON with sorted keys."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, *, origin: str) -> "Manifest":
        """Reads a manifest.

        Args:
            text: JSON as `to_json` writes it.
            origin: Where it was read, for the error.

        Raises:
            PermanentError: It is damaged, or of a later release of this program.
        """
        return record_from_json(
            text,
            cls._from_fields,
            name=f"the manifest {origin}",
            format_version=FORMAT_VERSION,
            todo="Restore the version from a backup, or publish it again.",
        )

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> "Manifest":
        fields["files"] = {path: FileEntry(**entry) for path, entry in fields["files"].items()}
        return cls(**fields)


def file_entries(folder: Path) -> dict[str, FileEntry]:
    """Describes every file of a folder but the manifest, by relative POSIX path."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    names = {p.relative_to(folder).as_posix(): p for p in paths}
    return {name: _describe(path) for name, path in names.items() if name != MANIFEST_NAME}


def content_hash(entries: Mapping[str, FileEntry], names: Iterable[str]) -> str:
    """Digest of some files of a version: their paths and their bytes, nothing else."""
    lines = (f"{name} {entries[name].sha256}\n" for name in sorted(names))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def verify_folder(folder: Path, manifest: Manifest) -> None:
    """Compares a folder with its manifest, byte for byte.

    Raises:
        PermanentError: A file is missing, changed, or not in the manifest; the error names it.
    """
    found = file_entries(folder)
    damaged = [
        *(f"{name} is missing" for name in manifest.files.keys() - found.keys()),
        *(f"{name} is not in the manifest" for name in found.keys() - manifest.files.keys()),
        *(
            f"{name} has changed"
            for name, entry in manifest.files.items()
            if name in found and found[name].sha256 != entry.sha256
        ),
    ]
    if damaged:
        raise PermanentError(
            tried=f"Verifying {manifest.repository}@{manifest.tag} in {folder}",
            found=f"{'; '.join(sorted(damaged))}.",
            todo="Restore the version from a backup, or publish it again; it was not used.",
        )


def _describe(path: Path) -> FileEntry:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    rows = _parquet_rows(path) if path.suffix == ".parquet" else None
    return FileEntry(sha256=digest.hexdigest(), size=path.stat().st_size, rows=rows)


def _parquet_rows(path: Path) -> int | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path).num_rows
    except pa.ArrowInvalid:
        # Not a Parquet file any more: its digest differs, and that is the error to report.
        return None
