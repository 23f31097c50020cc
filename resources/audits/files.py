"""Loads a filled sheet, CSV or XLSX: all of a file, or nothing of it."""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from resources.audits.base import AuditStore
from resources.feedback.csv_rows import BadRows, CsvRow, checked_header, read_csv
from sambodhan_assets.domain.labelling.audit_rows import AuditRow
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.sheet import BATCH, Question
from sambodhan_assets.domain.labelling.sheet_reading import (
    REQUIRED_COLUMNS,
    CheckedSheet,
    SheetRules,
    allowed_columns,
    check_sheet,
)
from sambodhan_assets.domain.labelling.sheet_xlsx import read_xlsx
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask


@dataclass(frozen=True, kw_only=True)
class LoadedSheet:
    """What came of a file.

    Attributes:
        labelled: Rows with a label.
        changed: Those of them that said something new.
        empty: Rows without any label.
        batches: Names of the batches that they belong to.
    """

    labelled: int
    changed: int
    empty: int
    batches: tuple[str, ...]


def task_questions(tasks: Sequence[LabelTask]) -> tuple[Question, ...]:
    """What sheets may ask about these tasks."""
    return tuple(Question(column=task.column, labels=task.labels) for task in tasks)


def load_audits(
    path: Path,
    audits: AuditStore,
    *,
    now: datetime,
    db_timezone: str,
    tasks: Sequence[LabelTask] = LABEL_TASKS,
) -> LoadedSheet:
    """Loads the labels of a sheet, whatever it was drawn for.

    Args:
        path: The file, as the platform wrote it and people filled it in.
        audits: Where its batch is registered.
        now: When labels were given whose row does not say it.
        db_timezone: Zone of times that name none.
        tasks: Label tasks.

    Raises:
        PermanentError: Bad rows. The first twenty are named, and nothing was loaded.
    """
    questions = task_questions(tasks)
    rows = list(_file_rows(path, allowed_columns(questions)))
    names = sorted({row.values[BATCH].strip() for row in rows if BATCH in row.values})
    rules = SheetRules(
        registered=_by_batch(audits.rows(names)),
        questions=questions,
        zone=ZoneInfo(db_timezone),
        now=now,
    )
    checked = check_sheet(rows, rules)
    _refuse_bad_rows(checked, path)
    return LoadedSheet(
        labelled=len(checked.labellings),
        changed=audits.write_labels(checked.labellings, now=now) if checked.labellings else 0,
        empty=checked.empty,
        batches=tuple(names),
    )


def _refuse_bad_rows(checked: CheckedSheet, path: Path) -> None:
    bad = BadRows()
    for line, reason in checked.problems:
        bad.add(line, reason)
    if bad.total:
        raise bad.refusal(path)


def _by_batch(rows: Sequence[AuditRow]) -> dict[str, dict[int, AuditRow]]:
    found: dict[str, dict[int, AuditRow]] = {}
    for row in rows:
        found.setdefault(row.batch, {})[row.complaint_id] = row
    return found


def _file_rows(path: Path, optional: frozenset[str]) -> Iterator[CsvRow]:
    # Every XLSX file is a ZIP archive, whatever its name says.
    if not (path.suffix.lower() == ".xlsx" or zipfile.is_zipfile(path)):
        yield from read_csv(path, required=REQUIRED_COLUMNS, optional=optional)
        return
    rows = read_xlsx(path)
    _, names = next(rows, (1, []))
    while names and not names[-1]:
        names.pop()  # columns that somebody emptied
    header = checked_header(names, path, REQUIRED_COLUMNS, optional)
    for line, cells in rows:
        beyond = any(cells[len(header) :])
        problems = (f"a value stands right of the {len(header)} columns",) if beyond else ()
        padded = [*cells, *[""] * len(header)][: len(header)]
        yield CsvRow(line, dict(zip(header, padded, strict=True)), problems)


def describe(found: LoadedSheet, audits: AuditStore) -> list[str]:
    """What came of a file and what to do next, line by line."""
    lines = [
        f"Loaded {found.labelled} rows with labels, {found.changed} of them new or changed; "
        f"{found.empty} rows are still empty."
    ]
    for batch in audits.batches():
        if batch.name in found.batches and batch.purpose == Purpose.DISAGREEMENT:
            (column,) = batch.asked
            (task,) = [task for task in LABEL_TASKS if task.column == column]
            lines.append(f"The job decide_{task.name} now decides with the labels of {batch.name}.")
    return lines
