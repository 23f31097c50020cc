"""The manifest of an export: what it consists of, where that came from, and what was found."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sambodhan_assets.domain.json_records import record_from_json
from sambodhan_assets.domain.manifest import FileEntry

FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One thing that rows came from: a dataset version or a further source.

    Attributes:
        name: NAME@TAG of a dataset version, or the name of a further source.
        content_hash: Of the dataset version, or the SHA-256 of the further source's file.
        rows: Rows of it in the export.
        excluded: Rows left out, by reason.
        verdicts: What the thresholds say about its rows: passed, failed or not_measured by metric.
    """

    name: str
    content_hash: str
    rows: int
    excluded: Mapping[str, int]
    verdicts: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ExportManifest:
    """Everything that is known about an export; its existence makes the version visible.

    Attributes:
        version: Version without a leading "v".
        created_at: ISO 8601 time in UTC.
        run_id: Run that published it.
        tasks: Label set of each exported task: the position is the label id.
        rows: Rows of every data file.
        content_hash: Digest of the rows and of the formats; equal for equal exports.
        inputs_hash: Digest of what was exported: tasks, dataset versions, further sources. Where
            it differs from the previous release's, the data has changed.
        config_lock_sha256: SHA-256 of config_lock.json.
        git_dirty: True marks an export from a tree with changes that are not committed; None:
            unknown.
        files: Every file but this one and CHECKSUMS.sha256.
        origins: Where the rows came from.
        qa: Whether QA was run, and the verdicts over all rows.
    """

    version: str
    created_at: str
    run_id: str
    tasks: Mapping[str, list[str]]
    rows: int
    content_hash: str
    inputs_hash: str
    config_lock_sha256: str
    git_dirty: bool | None
    files: Mapping[str, FileEntry]
    origins: tuple[Origin, ...]
    qa: Mapping[str, Any] = field(default_factory=dict[str, Any])
    format_version: int = FORMAT_VERSION

    def to_json(self) -> str:
        """The manifest as indented JSON with sorted keys."""
        return canonical_json(asdict(self))

    @classmethod
    def from_json(cls, text: str, *, origin: str) -> "ExportManifest":
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
            todo="Fetch the export again, or export under another version.",
        )

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> "ExportManifest":
        fields["files"] = {name: FileEntry(**entry) for name, entry in fields["files"].items()}
        fields["origins"] = tuple(Origin(**origin) for origin in fields["origins"])
        return cls(**fields)


def manifest_name(version: str) -> str:
    """File name of the manifest."""
    return f"manifest_v{version}.json"


def canonical_json(value: object) -> str:
    """Indented JSON with sorted keys: equal values give equal bytes."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def digest_of_json(value: object) -> str:
    """SHA-256 of `canonical_json`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def content_hash(rows_digest: str, formats: Iterable[str]) -> str:
    """Digest of what an export holds: its rows in their order, and in which formats."""
    return digest_of_json({"rows": rows_digest, "formats": sorted(formats)})
