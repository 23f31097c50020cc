"""Turns the rows of a further source into rows of an export, or says where the source is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sambodhan_assets.domain.dataset.cleaning import clean_text
from sambodhan_assets.domain.dataset.snapshot import MAX_MESSAGE_LENGTH
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.exclusions import (
    EMPTY,
    MALFORMED,
    OTHER_TASK,
    TOO_LONG,
    UNREADABLE,
    Exclusions,
)
from sambodhan_assets.domain.export.rows import BATCH_ROWS, RAW_SCHEMA
from sambodhan_assets.domain.export.source_files import SourceRow

_Problem = str
_SPLIT = "train"


@dataclass(frozen=True, kw_only=True)
class FurtherSource:
    """How the rows of a file are read.

    Attributes:
        name: Name in the export.
        file: Path or address, for errors.
        text: Column of the text.
        label: Column of the label.
        task: Column of the task; None if `only_task` names that of all rows.
        only_task: Task of all rows; None if a column names it.
        exclude_malformed: Malformed rows are left out and counted instead of being an error.
    """

    name: str
    file: str
    text: str
    label: str
    task: str | None
    only_task: str | None
    exclude_malformed: bool

    @property
    def columns(self) -> list[str]:
        """Columns that the file must have."""
        named = (self.text, self.label, self.task)
        return list(dict.fromkeys(name for name in named if name is not None))


def further_batches(
    rows: Iterator[SourceRow],
    source: FurtherSource,
    *,
    labels: Mapping[str, Sequence[str]],
    known_tasks: Sequence[str],
    exclusions: Exclusions,
) -> Iterator[pa.RecordBatch]:
    """Yields rows of RAW_SCHEMA, cleaned as those of dataset versions are; all are train.

    Rows of eval and test stay those of the dataset versions, so that scores stay comparable.

    Args:
        rows: The rows of the file.
        source: How they are read.
        labels: Label set per exported task.
        known_tasks: All tasks there are; rows of those that are not exported are left out.
        exclusions: Gets the counts of what is left out.

    Raises:
        PermanentError: A row is malformed, and the source does not exclude such rows; the error
            names file and place, and does not quote the row.
    """
    taken: list[tuple[str, str, str, int]] = []
    for row in rows:
        found = _read(row, source, labels, known_tasks)
        if isinstance(found, _Problem):
            if found not in (EMPTY, TOO_LONG, OTHER_TASK):
                if not source.exclude_malformed:
                    raise _malformed(source, row.place, found)
                found = UNREADABLE if row.fatal else MALFORMED
            exclusions.add(source.name, found)
            continue
        taken.append(found)
        if len(taken) == BATCH_ROWS:
            yield _batch(taken, source)
            taken = []
    if taken:
        yield _batch(taken, source)


def _read(
    row: SourceRow,
    source: FurtherSource,
    labels: Mapping[str, Sequence[str]],
    known_tasks: Sequence[str],
) -> tuple[str, str, str, int] | _Problem:
    """Task, text, label and label id, or the reason why there are none."""
    if row.cells is None:
        return row.problem or "it cannot be read"
    task = source.only_task if source.task is None else row.cells[source.task]
    if not isinstance(task, str) or task not in known_tasks:
        return f"its task is none of {', '.join(known_tasks)}"
    if task not in labels:
        return OTHER_TASK
    text, label = row.cells[source.text], row.cells[source.label]
    if not isinstance(label, str) or label not in labels[task]:
        return f"its label is none of those of {task}: {', '.join(labels[task])}"
    if text is None:
        return EMPTY
    if (problem := _text_problem(text)) is not None:
        return problem
    cleaned = clean_text(text)
    return (task, cleaned, label, labels[task].index(label)) if cleaned else EMPTY


def _text_problem(text: Any) -> _Problem | None:
    if not isinstance(text, str):
        return "its text is no string"
    if len(text) > MAX_MESSAGE_LENGTH:
        return TOO_LONG
    # Halves of surrogate pairs: from JSON escapes, or for bytes of a CSV file that are no UTF-8.
    return "its text is no valid Unicode" if _has_surrogates(text) else None


def _has_surrogates(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _batch(rows: list[tuple[str, str, str, int]], source: FurtherSource) -> pa.RecordBatch:
    tasks, texts, labels, label_ids = (list(column) for column in zip(*rows, strict=True))
    same = pa.repeat(source.name, len(rows))
    columns = [
        pa.array(tasks),
        pa.array(texts),
        pa.array(labels),
        pa.array(label_ids, pa.int64()),
        pa.repeat(_SPLIT, len(rows)),
        same,
        same,
    ]
    return pa.record_batch(columns, schema=RAW_SCHEMA)


def _malformed(source: FurtherSource, place: int, problem: str) -> PermanentError:
    what = "row" if source.file.endswith(".parquet") else "line"
    return PermanentError(
        tried=f"Reading the further source {source.name}",
        found=f"{source.file}, {what} {place}: {problem}.",
        todo="Correct the file, or set on_error: exclude for this source to leave such rows out.",
    )
