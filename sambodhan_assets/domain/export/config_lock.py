"""The configuration lock: everything that an export was made with, so that it can be made again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sambodhan_assets.domain.export.manifest import canonical_json, digest_of_json

LOCK_NAME = "config_lock.json"
UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class DatasetInput:
    """A dataset version that rows came from.

    Attributes:
        task: Its task.
        name: Repository.
        tag: Version tag.
        revision: Digest of its manifest, and by that of all its files.
        content_hash: Digest of its splits, label map and assignments.
        labels: Its label set; the position is the label id.
    """

    task: str
    name: str
    tag: str
    revision: str
    content_hash: str
    labels: list[str]

    @property
    def origin(self) -> str:
        """How rows name it."""
        return f"{self.name}@{self.tag}"


@dataclass(frozen=True, kw_only=True)
class FileInput:
    """A further source.

    Attributes:
        name: Name in the export.
        path: Path or address, without secrets.
        format: jsonl, csv or parquet.
        sha256: Digest of its bytes.
        on_error: fail or exclude.
    """

    name: str
    path: str
    format: str
    sha256: str
    on_error: str


@dataclass(frozen=True, kw_only=True)
class ConfigLock:
    """What an export was made with; holds neither times nor secrets.

    Attributes:
        git: sha and branch ("unknown" outside of a checkout), dirty (None if unknown).
        config: Configuration of the run.
        seeds: Seed of every random source, by what it decides.
        settings: All settings; of secrets only whether they are set.
        datasets: Dataset versions.
        sources: Further sources.
        algorithms: Versions of what changes texts: cleaner, redactor.
        environment: Python, platform, library versions.
    """

    git: Mapping[str, Any]
    config: Mapping[str, Any]
    seeds: Mapping[str, int]
    settings: Mapping[str, Any]
    datasets: Sequence[DatasetInput]
    sources: Sequence[FileInput]
    algorithms: Mapping[str, str | int]
    environment: Mapping[str, Any]

    @property
    def inputs_hash(self) -> str:
        """Digest of the data that goes in, whatever is then chosen of it."""
        return digest_of_json(
            {
                "datasets": sorted((d.task, d.content_hash, d.labels) for d in self.datasets),
                "sources": sorted((s.name, s.sha256) for s in self.sources),
            }
        )

    def to_json(self) -> str:
        """Indented JSON with sorted keys, with the digest of the settings beside them."""
        fields = asdict(self) | {"settings_hash": digest_of_json(self.settings)}
        return canonical_json(fields)
