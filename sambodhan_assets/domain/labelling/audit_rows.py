"""Rows of `complaint_audits`: complaints that were drawn for labels, and the labels they got."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.sheet import (
    Question,
    Sheet,
    SheetRow,
    questions_of,
    shown_text,
)


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """One complaint of one batch.

    Attributes:
        batch: Name of the batch.
        complaint_id: The complaint.
        purpose: Why it is labelled.
        drawn_at: When it was drawn, with a zone.
        stratum: What it was drawn from.
        inclusion_probability: Probability of the draw; None where it was chosen.
        asked: Columns of `complaints` for which a label is asked.
        labels: Labels that people gave, by such a column.
        verifier: Who gave them.
        verified_at: When the newest of them was given; None as long as there is none.
    """

    batch: str
    complaint_id: int
    purpose: Purpose
    drawn_at: datetime
    stratum: str
    inclusion_probability: float | None
    asked: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    verifier: str | None = None
    verified_at: datetime | None = None

    @property
    def key(self) -> tuple[str, int]:
        """What tells rows apart."""
        return self.batch, self.complaint_id

    @property
    def is_filled(self) -> bool:
        """Whether every label that is asked for was given."""
        return all(column in self.labels for column in self.asked)


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """What a person filled in for one row.

    Attributes:
        batch: Name of the batch.
        complaint_id: The complaint.
        labels: Labels by column of `complaints`; columns left empty are not in it.
        verifier: Who gave them, if the sheet says so.
        verified_at: When, with a zone, if the sheet says so.
    """

    batch: str
    complaint_id: int
    labels: Mapping[str, str]
    verifier: str | None = None
    verified_at: datetime | None = None

    @property
    def key(self) -> tuple[str, int]:
        """The row that it belongs to."""
        return self.batch, self.complaint_id


@dataclass(frozen=True, kw_only=True)
class BatchSummary:
    """One batch at a glance.

    Attributes:
        name: Name of the batch.
        purpose: Why it is labelled.
        drawn_at: When it was drawn.
        asked: Columns of `complaints` for which labels are asked.
        rows: Its complaints.
        unfilled: Complaints that lack a label.
    """

    name: str
    purpose: Purpose
    drawn_at: datetime
    asked: tuple[str, ...]
    rows: int
    unfilled: int


def rows_of(sheet: Sheet) -> list[AuditRow]:
    """What a sheet registers, in the order of its rows."""
    return [
        AuditRow(
            batch=sheet.batch,
            complaint_id=row.complaint_id,
            purpose=sheet.purpose,
            drawn_at=sheet.drawn_at,
            stratum=row.stratum,
            inclusion_probability=row.inclusion_probability,
            asked=tuple(question.column for question in sheet.questions),
        )
        for row in sheet.rows
    ]


def sheet_of(
    rows: Sequence[AuditRow], texts: Mapping[int, str], questions: Sequence[Question]
) -> Sheet:
    """The sheet of a registered batch, with the labels that it has so far.

    Args:
        rows: All rows of the batch in their order.
        texts: What people read, by complaint.
        questions: All labels that are asked for somewhere.
    """
    return Sheet(
        batch=rows[0].batch,
        purpose=rows[0].purpose,
        drawn_at=rows[0].drawn_at,
        questions=questions_of(rows[0].asked, questions),
        rows=tuple(
            SheetRow(
                complaint_id=row.complaint_id,
                stratum=row.stratum,
                inclusion_probability=row.inclusion_probability,
                text=shown_text(texts[row.complaint_id]),
                labels=row.labels,
                verifier=row.verifier,
                verified_at=row.verified_at,
            )
            for row in rows
        ),
    )


def labelled(row: AuditRow, given: Labelling, *, now: datetime) -> AuditRow:
    """The row with what a person filled in; the same row if that says nothing new.

    Labels that are not given stay. A changed label counts from the time on the sheet, else from
    now; an unchanged one keeps its time, unless the sheet names another.
    """
    if not given.labels:
        return row
    labels = {**row.labels, **given.labels}
    changed = labels != dict(row.labels)
    kept = now if changed or row.verified_at is None else row.verified_at
    return replace(
        row,
        labels=labels,
        verifier=given.verifier or row.verifier,
        verified_at=given.verified_at or kept,
    )


def summaries(rows: Iterable[AuditRow]) -> list[BatchSummary]:
    """The batches, the earliest draw first."""
    batches: dict[str, list[AuditRow]] = {}
    for row in rows:
        batches.setdefault(row.batch, []).append(row)
    found = [
        BatchSummary(
            name=name,
            purpose=members[0].purpose,
            drawn_at=members[0].drawn_at,
            asked=members[0].asked,
            rows=len(members),
            unfilled=sum(not row.is_filled for row in members),
        )
        for name, members in batches.items()
    ]
    return sorted(found, key=lambda batch: (batch.drawn_at, batch.name))


def not_to_audit(rows: Iterable[AuditRow], columns: Sequence[str]) -> set[int]:
    """Complaints that a random audit must not draw again.

    Those drawn by an earlier audit, and those whose every label is known. A complaint that stands
    on another sheet stays in: were it left out, audits would no longer speak for such complaints.
    """
    known: dict[int, set[str]] = {}
    audited: set[int] = set()
    for row in rows:
        if row.purpose == Purpose.AUDIT:
            audited.add(row.complaint_id)
        known.setdefault(row.complaint_id, set()).update(row.labels)
    return audited | {number for number, labels in known.items() if labels.issuperset(columns)}
