"""audit_batch: complaints drawn at random for people to label, as a sheet."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from resources.audits.base import AuditStore
from resources.audits.files import task_questions
from resources.feedback.audit_draw import AuditFrame
from resources.feedback_store import FeedbackStore
from resources.lane_settings import LaneSettings
from resources.registry.base import Registry
from resources.sheets import SheetFolder
from resources.task_lease import TaskLeases
from resources.traffic import earliest_window_start
from sambodhan_assets.assets.stage import OWNERS, holding_lease
from sambodhan_assets.assets.unfinished_sheet import unfinished_sheet
from sambodhan_assets.domain.labelling.audit_rows import BatchSummary, not_to_audit
from sambodhan_assets.domain.labelling.draws import audit_batch_name, audit_sheet, seed_of
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.sheet import Sheet
from sambodhan_assets.label_tasks import LabelTask

AUDIT_BATCH = "audit_batch"
NOTHING_LEFT = (
    "Every unflagged complaint that the deployed versions answered was audited already, or there is"
    " none. Wait until more complaints are answered."
)


def build_audit_batch(tasks: tuple[LabelTask, ...]) -> dg.AssetsDefinition:
    """One draw for all tasks: whoever reads a complaint can say all its labels."""

    @dg.asset(
        key=AUDIT_BATCH,
        group_name="labelling",
        kinds={"postgres", "excel"},
        owners=OWNERS,
        deps=["complaints", "misclassified_complaints"],
        output_required=False,
        description=(
            "A sheet of randomly drawn complaints that nobody flagged, for people to label; one "
            "row per complaint. `sambodhan load audits` takes the filled sheet. Read by people."
        ),
    )
    def audit_batch(
        context: dg.AssetExecutionContext,
        feedback: FeedbackStore,
        audits: AuditStore,
        sheets: SheetFolder,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> Iterator[dg.MaterializeResult]:
        with holding_lease(context, leases, AUDIT_BATCH):
            after_id = earliest_window_start(tasks, settings, registry)
            sheet = unfinished_sheet(is_audit, tasks, feedback, audits, sheets) or draw_sheet(
                tasks, feedback, audits, quota=settings.audit_quota, after_id=after_id
            )
            if sheet is None:
                say_nothing_is_left(context)
                return
            file = sheets.hand_out(sheet, audits, run_id=context.run.run_id)
            if len(sheet.rows) < settings.audit_quota:
                context.log.warning(_few(sheet, settings.audit_quota))
            yield dg.MaterializeResult(
                data_version=dg.DataVersion(sheet.batch),
                metadata=_metadata(sheet, file, settings.audit_quota, audits.place()),
            )

    return audit_batch


def draw_sheet(
    tasks: tuple[LabelTask, ...],
    feedback: FeedbackStore,
    audits: AuditStore,
    *,
    quota: int,
    after_id: int | None,
) -> Sheet | None:
    """Draws a new batch; None if no complaint is left."""
    registered, now = audits.rows(), datetime.now(UTC)
    batch = audit_batch_name(now, {row.batch for row in registered})
    excluded = not_to_audit(registered, [task.column for task in tasks])
    frame = AuditFrame(after_id=after_id, excluded=excluded)
    draw = feedback.draw_complaints(frame, quota=quota, seed=seed_of(batch), tasks=tasks)
    if draw.rows.num_rows == 0:
        return None
    return audit_sheet(
        batch,
        drawn_at=now,
        messages={row["complaint_id"]: row["message"] or "" for row in draw.rows.to_pylist()},
        frame_size=draw.frame_size,
        after_id=after_id,
        questions=task_questions(tasks),
    )


def is_audit(batch: BatchSummary) -> bool:
    """Whether this asset drew a batch."""
    return batch.purpose == Purpose.AUDIT


def say_nothing_is_left(context: dg.AssetExecutionContext) -> None:
    """The green outcome of a run that found nothing to draw."""
    context.log.warning(NOTHING_LEFT)
    context.log_event(
        dg.AssetObservation(asset_key=AUDIT_BATCH, metadata={"nothing drawn": NOTHING_LEFT})
    )


def _few(sheet: Sheet, quota: int) -> str:
    return f"{len(sheet.rows)} of the {quota} that AUDIT_QUOTA asks for; no more are left."


def _metadata(sheet: Sheet, file: Path, quota: int, place: str) -> dict[str, Any]:
    first, few = sheet.rows[0], len(sheet.rows) < quota
    return {
        "batch": sheet.batch,
        "dagster/row_count": len(sheet.rows),
        "drawn": _few(sheet, quota) if few else f"{quota}, as AUDIT_QUOTA asks for.",
        "drawn from": first.stratum,
        "inclusion probability": first.inclusion_probability,
        "sheet to fill in": dg.MetadataValue.path(file),
        "then": f"sambodhan load audits {file}",
        "registered in": place,
    }
