"""Loads CSV files of complaints and corrections: all of a file, or nothing of it.

A file is read twice: first every row is checked, then all are written in one transaction. So memory
holds the ids of the file and never its texts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from resources.feedback.csv_rows import BadRows, CsvRow, read_csv
from resources.feedback.tables import correct, predicted
from resources.feedback_store import FeedbackStore
from sambodhan_assets.domain.dataset.snapshot import MAX_MESSAGE_LENGTH
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask

# Turns the text of one value into what the store takes; raises ValueError with the reason.
Parser = Callable[[str], object]

BATCH_ROWS = 10_000
TRUTHS = {"true": True, "t": True, "yes": True, "1": True}
FALSEHOODS = {"false": False, "f": False, "no": False, "0": False}


@dataclass(frozen=True, kw_only=True)
class FeedbackFile:
    """A file of one of the two kinds.

    Attributes:
        path: The file.
        required: Parser per column that the file must have.
        optional: Parser per column that it may have.
    """

    path: Path
    required: dict[str, Parser]
    optional: dict[str, Parser]

    def lines(self) -> Iterator[tuple[int, dict[str, object], list[str]]]:
        """(line, parsed values, what is wrong with them) of every row."""
        parsers = self.required | self.optional
        rows = read_csv(self.path, required=set(self.required), optional=set(self.optional))
        for row in rows:
            values, reasons = _parsed(row, parsers)
            yield row.line, values, reasons

    def rows(self) -> Iterator[dict[str, object]]:
        """The values of every row of a file that was checked before."""
        for line, values, reasons in self.lines():
            if reasons:
                bad = BadRows()
                bad.add(line, "changed while it was loaded")
                raise bad.refusal(self.path)
            yield values


def load_complaints(
    path: Path, store: FeedbackStore, tasks: Sequence[LabelTask] = LABEL_TASKS
) -> int:
    """Loads a file with id, message, the label columns and, if known, created_at.

    Args:
        path: The file.
        store: Where to.
        tasks: Label tasks; an empty label is allowed, an unknown one is not.

    Returns:
        How many complaints were written; those with a known id replace the old ones.

    Raises:
        PermanentError: Bad rows. The first twenty are named, and nothing was loaded.
    """
    file = FeedbackFile(
        path=path,
        required={"id": _number, "message": _message}
        | {task.column: _label_of(task) for task in tasks},
        optional={"created_at": _or_none(_moment_in(store.db_timezone))},
    )
    _refuse_bad_rows(file, lambda ids: set(ids))
    return store.upsert_complaints(file.rows(), tasks)


def load_corrections(
    path: Path, store: FeedbackStore, tasks: Sequence[LabelTask] = LABEL_TASKS
) -> int:
    """Loads a file with complaint_id and correct_<column> per task.

    Optional columns: id (a new one), model_predicted_<column> (what the complaint holds now),
    reviewed (true), reviewed_at (now).

    Args:
        path: The file.
        store: Where to.
        tasks: Label tasks; an empty label is allowed, an unknown one is not.

    Returns:
        How many reviews were written; those with a known id replace the old ones.

    Raises:
        PermanentError: Bad rows. The first twenty are named, and nothing was loaded.
    """
    file = FeedbackFile(
        path=path,
        required={"complaint_id": _number} | {correct(task): _label_of(task) for task in tasks},
        optional={
            "id": _or_none(_number),
            **{predicted(task): _label_of(task) for task in tasks},
            "reviewed": _or_none(_truth),
            "reviewed_at": _or_none(_moment_in(store.db_timezone)),
        },
    )
    _refuse_bad_rows(file, store.known_complaints)
    return store.upsert_corrections(file.rows(), tasks)


def _refuse_bad_rows(file: FeedbackFile, known: Callable[[Sequence[int]], set[int]]) -> None:
    bad, seen, lines = BadRows(), set[object](), file.lines()
    while batch := list(islice(lines, BATCH_ROWS)):
        complaints = {values.get("complaint_id") for _, values, _ in batch}
        found = known([number for number in complaints if isinstance(number, int)])
        for line, values, reasons in batch:
            if (complaint := values.get("complaint_id")) is not None and complaint not in found:
                reasons.append(f"there is no complaint {complaint}")
            if (row_id := values.get("id")) is not None and row_id in seen:
                reasons.append(f"the id {row_id} stands in the file before")
            seen.add(row_id)
            if reasons:
                bad.add(line, ", and ".join(reasons))
    if bad.total:
        raise bad.refusal(file.path)


def _parsed(row: CsvRow, parsers: dict[str, Parser]) -> tuple[dict[str, object], list[str]]:
    values: dict[str, object] = {}
    reasons = list(row.problems)
    if reasons:
        return values, reasons
    for column, parse in parsers.items():
        try:
            values[column] = parse(row.values.get(column, ""))
        except ValueError as error:
            reasons.append(f"{column} {error}")
    return values, reasons


def _number(text: str) -> int:
    digits = text.strip()
    if not digits:
        raise ValueError("is missing")
    if not digits.removeprefix("-").isdecimal() or abs(int(digits)) >= 2**63:
        raise ValueError(f"is {_quoted(text)}, not a whole number of 64 bits")
    return int(digits)


def _message(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL byte, which PostgreSQL cannot store")
    if len(text) > MAX_MESSAGE_LENGTH:
        raise ValueError(f"has {len(text):,} characters; {MAX_MESSAGE_LENGTH:,} are allowed")
    return text


def _label_of(task: LabelTask) -> Parser:
    def parse(text: str) -> str | None:
        if text and text not in task.labels:
            allowed = ", ".join(map(repr, task.labels))
            raise ValueError(f"is {_quoted(text)}; allowed: {allowed}")
        return text or None

    return parse


def _moment_in(zone_name: str) -> Parser:
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PermanentError(
            tried="Reading DB_TIMEZONE",
            found=f"{zone_name!r} is no known time zone.",
            todo="Write a name like Asia/Kathmandu or UTC.",
        ) from error

    def parse(text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            raise ValueError(f"is {_quoted(text)}, not a time like 2025-06-01 12:00:00") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)

    return parse


def _truth(text: str) -> bool:
    truth = (TRUTHS | FALSEHOODS).get(text.strip().lower())
    if truth is None:
        raise ValueError(f"is {_quoted(text)}, not true or false")
    return truth


def _or_none(parse: Parser) -> Parser:
    return lambda text: parse(text) if text.strip() else None


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
