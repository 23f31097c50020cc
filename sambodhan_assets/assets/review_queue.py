"""review_queue: the complaints whose labels would teach the deployed model most, as a sheet."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from resources.audits.base import AuditStore
from resources.audits.files import task_questions
from resources.feedback_store import FeedbackStore
from resources.lane_settings import LaneSettings
from resources.registry.base import Registry
from resources.sheets import SheetFolder
from resources.task_lease import TaskLeases
from resources.traffic import window_start
from sambodhan_assets.assets.stage import OWNERS, holding_lease, stage_key
from sambodhan_assets.assets.unfinished_sheet import unfinished_sheet
from sambodhan_assets.domain.dataset.cleaning import clean_text
from sambodhan_assets.domain.dataset.snapshot import MAX_MESSAGE_LENGTH, UNFLAGGED
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.labelling.audit_rows import BatchSummary
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.review_queue import (
    least_sure,
    not_to_queue,
    queue_name,
    queue_sheet,
)
from sambodhan_assets.domain.labelling.sheet import Sheet
from sambodhan_assets.domain.models.classifier import TextClassifier, load_classifier
from sambodhan_assets.label_tasks import LabelTask

REVIEW_QUEUE = "review_queue"
# Of the sample of the window where that holds more than WINDOW_MAX complaints.
SEED = 42
NOTHING_LEFT = (
    "Every unflagged complaint that the deployed version answered stands on a sheet already, or "
    "there is none. Wait until more complaints are answered."
)


def build_review_queue(task: LabelTask) -> dg.AssetsDefinition:
    """Beside a task's lane: no stage waits for it, and no schedule draws it."""

    @dg.asset(
        key=stage_key(task, REVIEW_QUEUE),
        group_name=task.name,
        kinds={"python", "excel"},
        tags={"task": task.name},
        owners=OWNERS,
        deps=[stage_key(task, "deployed_tag"), "complaints"],
        output_required=False,
        description=(
            f"A sheet of the unflagged complaints whose {task.name} the deployed model is least "
            "sure of, one of each kind. Chosen, not drawn: its labels join training and stand for "
            "themselves only. `sambodhan load audits` takes the filled sheet. Read by people."
        ),
    )
    def review_queue(
        context: dg.AssetExecutionContext,
        feedback: FeedbackStore,
        audits: AuditStore,
        sheets: SheetFolder,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> Iterator[dg.MaterializeResult]:
        with holding_lease(context, leases, f"{REVIEW_QUEUE}_{task.name}"):
            sheet = unfinished_sheet(partial(is_queue, task), [task], feedback, audits, sheets)
            if sheet is None:
                model = deployed_model(task, settings, registry)
                after_id = window_start(task, settings, registry)
                rows = window_rows(task, settings, feedback, audits, after_id)
                sheet = choose_queue(task, model, rows, audits, size=settings.review_queue)
            if sheet is None:
                context.log.warning(NOTHING_LEFT)
                return
            file = sheets.hand_out(sheet, audits, run_id=context.run.run_id)
            yield dg.MaterializeResult(
                data_version=dg.DataVersion(sheet.batch), metadata=_metadata(sheet, file, settings)
            )

    return review_queue


def deployed_model(task: LabelTask, settings: LaneSettings, registry: Registry) -> TextClassifier:
    """The model that serves.

    Raises:
        PermanentError: Nothing is deployed, or a model of another label set.
    """
    repository = settings.model_repository(task)
    deployment = registry.deployed(repository)
    if deployment is None:
        raise PermanentError(
            tried=f"Choosing the review queue of {task.name}",
            found="nothing is deployed, so no model is unsure of anything.",
            todo=f"Run the job {task.name}_pipeline first.",
        )
    with registry.fetched(registry.version(repository, deployment.tag)) as folder:
        return load_classifier(folder, labels=task.labels)


def window_rows(
    task: LabelTask,
    settings: LaneSettings,
    feedback: FeedbackStore,
    audits: AuditStore,
    after_id: int | None,
) -> pa.Table:
    """The unflagged complaints of the window that nobody labelled: complaint_id, message."""
    snapshot = feedback.snapshot(
        task,
        correct_ratio=0.0,
        replay_max=0,
        window_after_id=after_id,
        window_max=settings.window_max,
        seed=SEED,
        audited=audits.verified(task),
    )
    unflagged = snapshot.rows.filter((pc.field("source") == UNFLAGGED) & pc.field("in_window"))
    return unflagged.select(["complaint_id", "message"])


def choose_queue(
    task: LabelTask, model: TextClassifier, rows: pa.Table, audits: AuditStore, *, size: int
) -> Sheet | None:
    """The sheet of the least sure complaints; None if none is left."""
    registered, now = audits.rows(), datetime.now(UTC)
    messages: dict[int, str] = {}
    for row in rows.to_pylist():
        message = row["message"] or ""
        if len(message) <= MAX_MESSAGE_LENGTH and clean_text(message):
            messages[row["complaint_id"]] = message
    ids, texts = list(messages), [clean_text(message) for message in messages.values()]
    chosen = least_sure(
        ids,
        texts,
        model.predict_proba(texts),
        size=size,
        left_out=not_to_queue(registered, task.column),
    )
    if not chosen:
        return None
    (question,) = task_questions([task])
    return queue_sheet(
        queue_name(task.name, now, {row.batch for row in registered}),
        now,
        question,
        [(ids[position], messages[ids[position]]) for position in chosen],
    )


def is_queue(task: LabelTask, batch: BatchSummary) -> bool:
    """Whether a batch is a review queue of this task."""
    return batch.purpose == Purpose.REVIEW and batch.asked == (task.column,)


def _metadata(sheet: Sheet, file: Path, settings: LaneSettings) -> dict[str, Any]:
    return {
        "batch": sheet.batch,
        "dagster/row_count": len(sheet.rows),
        "asked for": f"{settings.review_queue} (REVIEW_QUEUE)",
        "sheet to fill in": dg.MetadataValue.path(file),
        "then": f"sambodhan load audits {file}",
    }
