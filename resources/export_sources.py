"""The inputs of an export as batches: newest dataset versions, and further files anywhere."""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, cast
from urllib.parse import urlsplit

import fsspec
import pyarrow as pa
from fsspec.core import OpenFile

from resources.lane_settings import LaneSettings
from resources.masking import mask
from resources.registry.base import Registry, Version
from resources.registry.storage import storage_errors
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.config_lock import DatasetInput, FileInput
from sambodhan_assets.domain.export.dataset_rows import version_batches
from sambodhan_assets.domain.export.exclusions import Exclusions
from sambodhan_assets.domain.export.further_rows import FurtherSource, further_batches
from sambodhan_assets.domain.export.source_files import READERS
from sambodhan_assets.label_tasks import LabelTask

ALL = "all"
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class FurtherFile:
    """A further source of an export and where it lies.

    Attributes:
        path: Path or fsspec URL.
        format: Of SOURCE_FORMATS.
        source: How its rows are read.
    """

    path: str
    format: str
    source: FurtherSource


@dataclass(frozen=True, kw_only=True)
class ExportInputs:
    """Everything that goes into one export.

    Attributes:
        versions: Dataset version per task name.
        files: Further sources, in the order in which they were named.
        known_tasks: All label tasks there are.
        registry: Where the versions are.
    """

    versions: dict[str, Version]
    files: Sequence[FurtherFile]
    known_tasks: Sequence[str]
    registry: Registry

    def datasets(self) -> list[DatasetInput]:
        """The dataset versions as the lock names them."""
        return [
            DatasetInput(
                task=task,
                name=version.repository.name,
                tag=version.tag,
                revision=version.revision,
                content_hash=version.content_hash,
                labels=list(version.manifest.details["labels"]),
            )
            for task, version in self.versions.items()
        ]

    def sources(self) -> list[FileInput]:
        """The further sources as the lock names them; reads every file once for its digest."""
        return [
            FileInput(
                name=further.source.name,
                path=shown_path(further.path),
                format=further.format,
                sha256=_digest(further),
                on_error="exclude" if further.source.exclude_malformed else "fail",
            )
            for further in self.files
        ]

    def batches(self, exclusions: Exclusions) -> Iterator[pa.RecordBatch]:
        """Yields all rows as RAW_SCHEMA; of repeats the first stays, so versions come first."""
        labels = {dataset.task: dataset.labels for dataset in self.datasets()}
        for dataset in self.datasets():
            with self.registry.fetched(self.versions[dataset.task]) as folder:
                yield from version_batches(folder, task=dataset.task, origin=dataset.origin)
        for further in self.files:
            with _reading(further) as file:
                yield from further_batches(
                    READERS[further.format](file, further.source.columns),
                    further.source,
                    labels=labels,
                    known_tasks=self.known_tasks,
                    exclusions=exclusions,
                )


def newest_versions(
    chosen: str, tasks: Sequence[LabelTask], registry: Registry, settings: LaneSettings
) -> dict[str, Version]:
    """The newest dataset version of one task or of all that have one, by task name.

    Raises:
        PermanentError: There is no such task, or no dataset version.
    """
    names = [task.name for task in tasks]
    if chosen not in (ALL, *names):
        raise PermanentError(
            tried=f"Looking for the label task {chosen!r}",
            found="there is no such task.",
            todo=f"Set task to {ALL} or to one of {', '.join(names)}.",
        )
    wanted = [task for task in tasks if chosen in (ALL, task.name)]
    newest = {task.name: registry.newest(settings.dataset_repository(task)) for task in wanted}
    found = {name: version for name, version in newest.items() if version is not None}
    if not found:
        job = "prepare_datasets" if chosen == ALL else f"prepare_{chosen}"
        raise PermanentError(
            tried=f"Looking for dataset versions to export ({', '.join(newest)})",
            found="none is published.",
            todo=f"Run the job {job} first.",
        )
    return found


def shown_path(path: str) -> str:
    """A path or address without user, password and query, which may be secrets."""
    if "://" not in path:
        return path
    parts = urlsplit(path)
    return mask(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")


def format_of(path: str) -> str:
    """The format that the end of a path names, "" if it names none that can be read."""
    ending = PurePosixPath(urlsplit(path).path).suffix.removeprefix(".").lower()
    return {"ndjson": "jsonl"}.get(ending, ending if ending in READERS else "")


def _digest(further: FurtherFile) -> str:
    digest = hashlib.sha256()
    with _reading(further) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _reading(further: FurtherFile) -> Generator[BinaryIO]:
    with (
        storage_errors(f"Reading the further source {further.source.name}"),
        _opened(further) as file,
    ):
        yield file


def _opened(further: FurtherFile) -> BinaryIO:
    try:
        return cast(BinaryIO, cast(OpenFile, fsspec.open(further.path, "rb")).open())
    except FileNotFoundError as error:
        raise PermanentError(
            tried=f"Reading the further source {further.source.name}",
            found=f"there is no file {shown_path(further.path)}.",
            todo="Correct its path; on_error: exclude does not cover a file that is missing.",
        ) from error
    except (ImportError, ValueError) as error:
        raise PermanentError(
            tried=f"Reading the further source {further.source.name}",
            found=f"{shown_path(further.path)} cannot be opened ({type(error).__name__}).",
            todo="Correct its path, or install the package of that storage.",
        ) from error
