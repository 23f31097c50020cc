"""What is tracked of dataset preparation, under the names that dashboards and alerts know."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sambodhan_assets.domain.tracking.tracked import Alert, AlertLevel, Tracked, TrackedVersion

DB_CONNECTION_STATUS = "db_connection_status"
SPACE_PAUSE = "hf_space_pause"
SUCCESS, FAILED = "success", "failed"


class PushStatus(StrEnum):
    """How the preparation of one label's dataset ended."""

    SUCCESS = "success"
    FAILED = "failed"
    TOO_FEW = "skipped_insufficient_data"
    UNCHANGED = "skipped_unchanged"


def fetched(task: str, *, records: int) -> Tracked:
    """The database was read."""
    return Tracked(values={DB_CONNECTION_STATUS: SUCCESS, f"{task}_records_fetched": records})


def database_failed(task: str, reason: str) -> Tracked:
    """The database could not be read."""
    text = f"{task}: {reason}"
    return Tracked(
        values={DB_CONNECTION_STATUS: FAILED, _push(task): PushStatus.FAILED.value},
        alerts=(Alert(title="Database connection failed", text=text, level=AlertLevel.ERROR),),
    )


def preparation_failed(task: str, reason: str) -> Tracked:
    """A stage before the published version failed."""
    text = f"{task}: {reason}"
    return Tracked(
        values={_push(task): PushStatus.FAILED.value},
        alerts=(Alert(title="Dataset preparation failed", text=text, level=AlertLevel.ERROR),),
    )


def too_few_rows(task: str, sentence: str) -> Tracked:
    """MIN_DATASET_LEN was not reached."""
    text = f"{task}: {sentence} Nothing was published."
    return Tracked(
        values={_push(task): PushStatus.TOO_FEW.value},
        alerts=(Alert(title="Dataset skipped", text=text, level=AlertLevel.WARN),),
    )


def unchanged(task: str, *, tag: str) -> Tracked:
    """The content is that of the newest version; nobody needs to be told."""
    return Tracked(values={_push(task): PushStatus.UNCHANGED.value, f"{task}_dataset_version": tag})


def published(task: str, version: TrackedVersion, details: Mapping[str, Any]) -> Tracked:
    """A new dataset version; `details` are those of its manifest."""
    rows = int(details["row_count"])
    text = f"{task}: {version.tag} is published, {rows:,} rows."
    return Tracked(
        config={f"{task}_dataset_metadata": dataset_metadata(version, details)},
        values={
            _push(task): PushStatus.SUCCESS.value,
            f"{task}_dataset_version": version.tag,
            f"{task}_dataset_rows": rows,
        },
        alerts=(Alert(title="Dataset updated", text=text, level=AlertLevel.INFO),),
        outputs=(version,),
    )


def dataset_metadata(version: TrackedVersion, details: Mapping[str, Any]) -> dict[str, Any]:
    """The description of a dataset version that runs show."""
    shown = ("labels", "row_count", "rows_by_split", "rows_by_source", "labels_by_split")
    found = {name: details[name] for name in shown if name in details}
    return {"name": version.name, "version_tag": version.tag, **found}


def space_paused(*, reason: str | None = None) -> Tracked:
    """The Space paused itself after its run, or did not for a reason."""
    if reason is None:
        return Tracked(values={SPACE_PAUSE: SUCCESS})
    return Tracked(
        values={SPACE_PAUSE: FAILED},
        alerts=(Alert(title="Space pause failed", text=reason, level=AlertLevel.WARN),),
    )


def _push(task: str) -> str:
    return f"{task}_push_status"
