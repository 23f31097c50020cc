"""Sheets that a killed run registered and did not write: the next run writes them."""

from collections.abc import Callable, Sequence

from resources.audits.base import AuditStore
from resources.audits.files import task_questions
from resources.feedback_store import FeedbackStore
from resources.sheets import SheetFolder
from sambodhan_assets.domain.labelling.audit_rows import BatchSummary, sheet_of
from sambodhan_assets.domain.labelling.sheet import Sheet
from sambodhan_assets.label_tasks import LabelTask


def unfinished_sheet(
    is_ours: Callable[[BatchSummary], bool],
    tasks: Sequence[LabelTask],
    feedback: FeedbackStore,
    audits: AuditStore,
    sheets: SheetFolder,
) -> Sheet | None:
    """The earliest such sheet.

    Args:
        is_ours: Whether the asset that asks draws batches of this kind.
        tasks: What the sheet asks for.
        feedback: Has the texts of its complaints.
        audits: Where its batch is registered.
        sheets: Where its files are missing.
    """
    for batch in audits.open_batches():
        if is_ours(batch) and not sheets.is_written(batch.name):
            rows = audits.rows([batch.name])
            texts = feedback.messages([row.complaint_id for row in rows])
            return sheet_of(rows, texts, task_questions(tasks))
    return None
