"""Checks the rows of a filled sheet; one bad row and nothing of the file counts."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from sambodhan_assets.domain.labelling.audit_rows import AuditRow, Labelling
from sambodhan_assets.domain.labelling.safe_cells import unguarded
from sambodhan_assets.domain.labelling.sheet import (
    ANSWERS,
    BATCH,
    COMPLAINT_ID,
    PROBABILITY,
    PURPOSE,
    ROW_KEY,
    TEXT,
    VERIFIED_AT,
    VERIFIER,
    Question,
    row_key,
    shown_text,
    verified,
)

REQUIRED_COLUMNS = frozenset({BATCH, COMPLAINT_ID, ROW_KEY, TEXT})
# The clocks of two machines differ; a time a day ahead is a typing error, and would outrank every
# later label of the complaint.
MOST_AHEAD = timedelta(days=1)
LONGEST_ID = 20
LONGEST_NAME = 200


class FileRow(Protocol):
    """One row of a file, whatever its format."""

    @property
    def line(self) -> int:
        """Line or row number at which it stands; the header is 1."""
        ...

    @property
    def values(self) -> Mapping[str, str]:
        """Cell by column."""
        ...

    @property
    def problems(self) -> Sequence[str]:
        """What keeps the row from being read."""
        ...


@dataclass(frozen=True, kw_only=True)
class SheetRules:
    """What the rows of a sheet are held against.

    Attributes:
        registered: The registered rows, by batch and complaint.
        questions: All labels that a sheet may ask for.
        zone: Zone of times that name none.
        now: Present time; later ones are typing errors.
    """

    registered: Mapping[str, Mapping[int, AuditRow]]
    questions: Sequence[Question]
    zone: tzinfo
    now: datetime


@dataclass(frozen=True, kw_only=True)
class CheckedSheet:
    """What a file holds.

    Attributes:
        labellings: One per row with a label.
        empty: Rows without any label.
        problems: (line, reason) of every bad row, in the order of the file.
    """

    labellings: tuple[Labelling, ...]
    empty: int
    problems: tuple[tuple[int, str], ...]


def allowed_columns(questions: Sequence[Question]) -> frozenset[str]:
    """Columns that a sheet may have beside the required ones."""
    labels = {verified(question.column) for question in questions}
    return frozenset({PURPOSE, PROBABILITY, VERIFIER, VERIFIED_AT, *ANSWERS, *labels})


def check_sheet(rows: Iterable[FileRow], rules: SheetRules) -> CheckedSheet:
    """Reads all rows of a file.

    An empty label cell is a label that nobody has given yet. Only the labels, the verifier and the
    time are taken from the file; everything else was registered when the sheet was drawn.
    """
    labellings: list[Labelling] = []
    problems: list[tuple[int, str]] = []
    seen: dict[tuple[str, int], int] = {}
    empty = 0
    for row in rows:
        found, reasons = _check_row(row, rules)
        if found is not None and found.key in seen:
            reasons.append(f"it stands in line {seen[found.key]} already")
        if reasons or found is None:
            # Texts have line breaks, so the row of a spreadsheet is seldom the line of its file.
            named = f"complaint {found.complaint_id}: " if found else ""
            problems.append((row.line, named + ", and ".join(reasons)))
            continue
        seen[found.key] = row.line
        empty += not found.labels
        if found.labels:
            labellings.append(found)
    return CheckedSheet(labellings=tuple(labellings), empty=empty, problems=tuple(problems))


def _check_row(row: FileRow, rules: SheetRules) -> tuple[Labelling | None, list[str]]:
    if row.problems:
        return None, list(row.problems)
    cells = {column: unguarded(value).strip() for column, value in row.values.items()}
    registered, reasons = _registered(cells, rules)
    if registered is None:
        return None, reasons
    if cells[ROW_KEY] != row_key(*registered.key, unguarded(row.values[TEXT])):
        reasons.append("complaint_id, text and row_key do not belong together; one was changed")
    if cells.get(PURPOSE, "") not in ("", registered.purpose.value):
        reasons.append(f"purpose is {_quoted(cells[PURPOSE])}, not {registered.purpose.value!r}")
    labels = _labels(cells, registered, rules.questions, reasons)
    found = Labelling(
        batch=registered.batch,
        complaint_id=registered.complaint_id,
        labels=labels,
        verifier=" ".join(shown_text(cells.get(VERIFIER, "")).split())[:LONGEST_NAME] or None,
        verified_at=_moment(cells.get(VERIFIED_AT, ""), rules, reasons),
    )
    return found, reasons


def _registered(cells: Mapping[str, str], rules: SheetRules) -> tuple[AuditRow | None, list[str]]:
    batch, number = cells[BATCH], cells[COMPLAINT_ID]
    if batch not in rules.registered:
        return None, [f"there is no batch {_quoted(batch)}"]
    # Python refuses to read numbers of thousands of digits.
    if not number.removeprefix("-").isdecimal() or len(number) > LONGEST_ID:
        return None, [f"complaint_id is {_quoted(number)}, not a whole number"]
    row = rules.registered[batch].get(int(number))
    if row is None:
        return None, [f"complaint {number} does not belong to the batch {batch}"]
    return row, []


def _labels(
    cells: Mapping[str, str],
    registered: AuditRow,
    questions: Sequence[Question],
    reasons: list[str],
) -> dict[str, str]:
    labels: dict[str, str] = {}
    for question in questions:
        column = verified(question.column)
        label = unicodedata.normalize("NFC", cells.get(column, ""))
        if not label:
            continue
        if question.column not in registered.asked:
            reasons.append(f"{column} was not asked in this batch")
        elif label not in question.labels:
            allowed = ", ".join(map(repr, question.labels))
            reasons.append(f"{column} is {_quoted(label)}; allowed: {allowed}")
        labels[question.column] = label
    return labels


def _moment(text: str, rules: SheetRules, reasons: list[str]) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        reasons.append(f"{VERIFIED_AT} is {_quoted(text)}, not a time like 2025-06-01 12:00")
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=rules.zone)
    if moment > rules.now + MOST_AHEAD:
        reasons.append(f"{VERIFIED_AT} is {_quoted(text)}, which lies ahead")
    return moment


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
