"""Reads rows and exact counts of the two tables into Arrow, inside one transaction."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import psycopg
import pyarrow as pa
import pyarrow.csv as pacsv
import sqlalchemy as sa

from resources.feedback.queries import FeedbackQueries
from resources.feedback.sampling import SampleOrder, passing_share
from sambodhan_assets.domain.dataset.snapshot import SNAPSHOT_SCHEMA
from sambodhan_assets.label_tasks import LabelTask

# A row as psycopg hands it over.
Buffer = bytes | bytearray | memoryview
# Told what is being read, in words.
Progress = Callable[[str], None]

BATCH_BYTES = 1 << 21

CORRECTION_COLUMNS = pa.schema(
    [
        SNAPSHOT_SCHEMA.field(name)
        for name in ("complaint_id", "review_id", "message", "label", "answer", "reviewed_at")
    ]
)
UNFLAGGED_COLUMNS = pa.schema(
    [SNAPSHOT_SCHEMA.field(name) for name in ("complaint_id", "message", "label")]
)
AUDITED_COLUMNS = pa.schema(
    [SNAPSHOT_SCHEMA.field(name) for name in ("complaint_id", "message", "answer")]
)


@dataclass(frozen=True, kw_only=True)
class UnflaggedCounts:
    """Exact numbers of unflagged complaints.

    Attributes:
        by_label: Per label, those of the whole table.
        window: Those of the window.
    """

    by_label: dict[str, int]
    window: int

    @property
    def total(self) -> int:
        """Those of the whole table."""
        return sum(self.by_label.values())


def first_unflagged(
    connection: sa.Connection,
    queries: FeedbackQueries,
    task: LabelTask,
    order: SampleOrder,
    *,
    limit: int,
    population: int,
    after_id: int | None,
    on_progress: Progress,
) -> pa.Table:
    """The first unflagged complaints in the order: complaint_id, message, label.

    Args:
        connection: In the snapshot's transaction.
        queries: Statements.
        task: Label task.
        order: Order of the complaints.
        limit: How many, if there are so many.
        population: About how many there are; a wrong number costs time and changes no row.
        after_id: Only complaints with a higher id; None for all.
        on_progress: Told how many rows are read.
    """

    def read(share: int | None) -> pa.Table:
        statement = queries.unflagged_sample(
            task, order, limit=limit, share=share, after_id=after_id
        )
        what = "unflagged complaints"
        return read_table(connection, statement, UNFLAGGED_COLUMNS, what, on_progress)

    if limit == 0:
        return UNFLAGGED_COLUMNS.empty_table()
    share = passing_share(limit, population)
    rows = read(share)
    return rows if share is None or rows.num_rows == limit else read(None)


def read_audited(
    connection: sa.Connection,
    queries: FeedbackQueries,
    task: LabelTask,
    labels: pa.Table,
    on_progress: Progress,
) -> pa.Table:
    """Complaints that people labelled on request and nobody reported.

    Args:
        connection: In the snapshot's transaction.
        queries: Statements.
        task: Label task.
        labels: COUNTING_SCHEMA: what people said.
        on_progress: Told how many rows are read.

    Returns:
        The columns of AUDITED_COLUMNS and `labels`, by complaint id.
    """
    if labels.num_rows == 0:
        return labels.join(AUDITED_COLUMNS.empty_table(), "complaint_id", join_type="inner")
    statement = queries.audited_rows(task, labels["complaint_id"].to_pylist())
    rows = read_table(connection, statement, AUDITED_COLUMNS, "audited complaints", on_progress)
    if left := labels.num_rows - rows.num_rows:
        on_progress(f"left out {left:,} audits of complaints that were reported or have no answer")
    return rows.join(labels, "complaint_id", join_type="inner").sort_by("complaint_id")


def count_unflagged(
    connection: sa.Connection, queries: FeedbackQueries, task: LabelTask, after_id: int | None
) -> UnflaggedCounts:
    """All complaints less the flagged ones: half the time of an anti-join at 500,000 reviews."""
    by_label: dict[str, int] = {}
    window = 0
    for sign, statement in (
        (1, queries.label_counts(task, after_id)),
        (-1, queries.flagged_label_counts(task, after_id)),
    ):
        for label, count, count_in_window in connection.execute(statement):
            by_label[label] = by_label.get(label, 0) + sign * count
            window += sign * count_in_window
    return UnflaggedCounts(by_label=by_label, window=window)


def read_table(
    connection: sa.Connection,
    statement: sa.Select,
    schema: pa.Schema,
    what: str,
    on_progress: Progress,
) -> pa.Table:
    """The rows of a statement, a batch at a time.

    COPY hands them over as CSV, which Arrow parses without a Python object per value. The server
    works on while a batch is parsed; through a cursor it waited, and took half as long again.
    """
    batches = [schema.empty_table()]
    count = 0
    driver = cast(psycopg.Connection, connection.connection.driver_connection)
    query = statement.compile(dialect=connection.dialect)
    command = f"COPY ({query}) TO STDOUT (FORMAT csv)".encode()
    command = psycopg.ClientCursor(driver).mogrify(command, query.params).encode()
    with driver.cursor().copy(command) as copy:
        for rows, row_count in _batched(copy):
            batches.append(_parsed(rows, schema))
            count += row_count
            on_progress(f"read {count:,} {what}")
    return pa.concat_tables(batches)


def _batched(messages: Iterable[Buffer]) -> Iterator[tuple[bytes, int]]:
    """Whole rows of CSV and their number; a message is one row, whatever line breaks are in it."""
    rows, count = bytearray(), 0
    for message in messages:
        rows += message
        count += 1
        if len(rows) >= BATCH_BYTES:
            yield bytes(rows), count
            rows, count = bytearray(), 0
    if count:
        yield bytes(rows), count


def _parsed(rows: bytes, schema: pa.Schema) -> pa.Table:
    return pacsv.read_csv(
        pa.BufferReader(rows),
        # One block, so that a row never lies in two.
        read_options=pacsv.ReadOptions(
            column_names=schema.names, use_threads=False, block_size=len(rows) + 1
        ),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        # The server quotes an empty string and leaves null empty, so that the two stay apart.
        convert_options=pacsv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
