"""Reads rows and exact counts of the two tables into Arrow, inside one transaction."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import sqlalchemy as sa

from resources.feedback.queries import FeedbackQueries
from resources.feedback.sampling import SampleOrder, passing_share
from sambodhan_assets.domain.dataset.snapshot import SNAPSHOT_SCHEMA
from sambodhan_assets.label_tasks import LabelTask

# Told what is being read, in words.
Progress = Callable[[str], None]

BATCH_ROWS = 5_000

CORRECTION_COLUMNS = pa.schema(
    [
        SNAPSHOT_SCHEMA.field(name)
        for name in ("complaint_id", "review_id", "message", "label", "answer", "reviewed_at")
    ]
)
UNFLAGGED_COLUMNS = pa.schema(
    [SNAPSHOT_SCHEMA.field(name) for name in ("complaint_id", "message", "label")]
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
    """The rows of a statement, a batch at a time through a cursor on the server."""
    batches: list[pa.RecordBatch] = []
    count = 0
    rows = connection.execute(statement, execution_options={"yield_per": BATCH_ROWS})
    for batch in rows.partitions():
        columns = zip(*batch, strict=True)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
        batches.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
        count += len(batch)
        on_progress(f"read {count:,} {what}")
    return pa.Table.from_batches(batches, schema=schema)
