"""Builders of sheets and audit rows; they take overrides by keyword."""

from datetime import UTC, datetime

from sambodhan_assets.domain.labelling.audit_rows import AuditRow, Labelling
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.sheet import Question, Sheet, SheetRow
from tests.databases import DEPARTMENT, URGENCY

DRAWN_AT = datetime(2025, 6, 2, 3, tzinfo=UTC)
QUESTIONS = tuple(
    Question(column=task.column, labels=task.labels) for task in (DEPARTMENT, URGENCY)
)


def sheet_row(complaint_id: int, **overrides) -> SheetRow:
    defaults = {
        "stratum": "unflagged",
        "inclusion_probability": 0.25,
        "text": f"सडकमा खाल्डो छ, number {complaint_id}",
    }
    return SheetRow(complaint_id=complaint_id, **defaults | overrides)


def sheet(*rows: SheetRow, **overrides) -> Sheet:
    """A sheet of audits with two complaints, 3 and 1."""
    defaults = {
        "batch": "audit-20250602-030000",
        "purpose": Purpose.AUDIT,
        "drawn_at": DRAWN_AT,
        "questions": QUESTIONS,
        "rows": rows or (sheet_row(3), sheet_row(1)),
    }
    return Sheet(**defaults | overrides)


def audit_row(complaint_id: int, **overrides) -> AuditRow:
    defaults = {
        "batch": "audit-20250602-030000",
        "purpose": Purpose.AUDIT,
        "drawn_at": DRAWN_AT,
        "stratum": "unflagged",
        "inclusion_probability": 0.25,
        "asked": (DEPARTMENT.column, URGENCY.column),
    }
    return AuditRow(complaint_id=complaint_id, **defaults | overrides)


def labelling(complaint_id: int, **overrides) -> Labelling:
    defaults = {
        "batch": "audit-20250602-030000",
        "labels": {DEPARTMENT.column: DEPARTMENT.labels[2]},
    }
    return Labelling(complaint_id=complaint_id, **defaults | overrides)
