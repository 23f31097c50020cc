"""Takes the snapshot of one label task: all corrections, and a sample of unflagged complaints."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from math import ceil

import pyarrow as pa
import sqlalchemy as sa

from resources.feedback_queries import FeedbackQueries
from resources.feedback_sampling import SampleOrder, sample_order
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.feedback import (
    ANCHOR,
    CORRECTION,
    SNAPSHOT_SCHEMA,
    UNFLAGGED,
    FeedbackSnapshot,
    SnapshotReport,
)
from sambodhan_assets.label_tasks import LabelTask

Progress = Callable[[str], None]
Row = tuple[object, ...]

BATCH_ROWS = 5_000


@dataclass(frozen=True, kw_only=True)
class SnapshotRequest:
    """What to read.

    Attributes:
        task: Label task.
        correct_ratio: Unflagged complaints per correction in the balanced dataset.
        replay_max: Unflagged complaints beyond those, for the replay.
        window_after_id: Last complaint before the window; None if every complaint is of the window.
        window_max: Most unflagged complaints of the window sample.
        seed: Key of the sampling hash.
        anchor: Rows of the anchor corpus, with the column `text` and one per task.
        on_progress: Told what is being read, in words.
    """

    task: LabelTask
    correct_ratio: float
    replay_max: int
    window_after_id: int | None
    window_max: int
    seed: int
    anchor: pa.Table | None
    on_progress: Progress

    def __post_init__(self) -> None:
        for name in ("correct_ratio", "replay_max", "window_max"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 or more")


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


def take_snapshot(
    connection: sa.Connection, queries: FeedbackQueries, request: SnapshotRequest
) -> FeedbackSnapshot:
    """Reads one state of the database; every statement runs in the connection's transaction."""
    task, say = request.task, request.on_progress
    order = sample_order(connection, request.seed)
    corrections = _read(connection, queries.correction_rows(task), "corrections", say)
    counts = _count_unflagged(connection, queries, request)
    sample, window_only = _sample(connection, queries, request, order, len(corrections), counts)
    newest_complaint, newest_review = connection.execute(queries.newest()).one()
    in_window = [_in_window(row[0], request) for row in corrections]
    report = SnapshotReport(
        correction_count=len(corrections),
        unflagged_count=counts.total,
        window_unflagged_count=counts.window,
        window_correction_count=sum(in_window),
        superseded_reviews=connection.scalar(queries.superseded_reviews(task)),
        newest_complaint_id=newest_complaint,
        newest_reviewed_at=newest_review and _iso(newest_review),
        sampler=order.name,
        stratum_sizes={CORRECTION: len(corrections)}
        | {f"{UNFLAGGED}:{label}": n for label, n in sorted(counts.by_label.items())},
    )
    ranked = ((*row[:3], rank) for rank, row in enumerate(sample))
    rows = chain(
        (_correction(row, inside) for row, inside in zip(corrections, in_window, strict=True)),
        (_unflagged(row, request) for row in ranked),
        (_unflagged((*row, None), request) for row in sorted(window_only)),
        _anchor_rows(request.anchor, task),
    )
    return FeedbackSnapshot(
        rows=_table(rows),
        report=report,
        seed=request.seed,
        correct_ratio=request.correct_ratio,
        window_after_id=request.window_after_id,
        window_max=request.window_max,
    )


def _sample(
    connection: sa.Connection,
    queries: FeedbackQueries,
    request: SnapshotRequest,
    order: SampleOrder,
    correction_count: int,
    counts: UnflaggedCounts,
) -> tuple[list[Row], list[Row]]:
    """The ranked sample, and the rows that only the window sample brought in."""
    wanted = ceil(request.correct_ratio * correction_count) + request.replay_max
    after_id = request.window_after_id

    def first(limit: int, population: int, after_id: int | None) -> list[Row]:
        return first_unflagged(
            connection, queries, request.task, order, limit=limit, population=population,
            after_id=after_id, on_progress=request.on_progress,
        )  # fmt: skip

    if after_id is None:
        rows = first(max(wanted, request.window_max), counts.total, None)
        return rows[:wanted], rows[wanted:]
    sample = first(wanted, counts.total, None)
    sampled = {row[0] for row in sample}
    window = first(request.window_max, counts.window, after_id)
    return sample, [row for row in window if row[0] not in sampled]


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
) -> list[Row]:
    """The first unflagged complaints in the order, whatever `population` is.

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
    if limit == 0:
        return []
    for guess in (population, None):
        statement = queries.unflagged_sample(
            task, order, limit=limit, population=guess, after_id=after_id
        )
        rows = _read(connection, statement, "unflagged complaints", on_progress)
        if len(rows) == limit or guess is None:
            break
    return rows


def _count_unflagged(
    connection: sa.Connection, queries: FeedbackQueries, request: SnapshotRequest
) -> UnflaggedCounts:
    after_id = request.window_after_id
    request.on_progress("counting the unflagged complaints")
    flagged = {
        label: (count, window)
        for label, count, window in connection.execute(
            queries.flagged_label_counts(request.task, after_id)
        )
    }
    by_label: dict[str, int] = {}
    total_window = 0
    for label, count, window in connection.execute(queries.label_counts(request.task, after_id)):
        flagged_count, flagged_window = flagged.get(label, (0, 0))
        by_label[label] = count - flagged_count
        total_window += window - flagged_window
    return UnflaggedCounts(by_label=by_label, window=total_window)


def _read(connection: sa.Connection, statement: sa.Select, what: str, say: Progress) -> list[Row]:
    rows: list[Row] = []
    streamed = connection.execute(statement, execution_options={"yield_per": BATCH_ROWS})
    for batch in streamed.partitions():
        rows.extend(tuple(row) for row in batch)
        say(f"read {len(rows)} {what}")
    return rows


def _in_window(complaint_id: object, request: SnapshotRequest) -> bool:
    return request.window_after_id is None or int(str(complaint_id)) > request.window_after_id


def _correction(row: Row, in_window: bool) -> Row:
    complaint_id, review_id, message, label, answer, reviewed_at = row
    return (
        complaint_id, review_id, message, label, answer, CORRECTION, CORRECTION, reviewed_at, None,
        in_window,
    )  # fmt: skip


def _unflagged(row: Row, request: SnapshotRequest) -> Row:
    complaint_id, message, label, rank = row
    return (
        complaint_id, None, message, label, label, UNFLAGGED, f"{UNFLAGGED}:{label}", None, rank,
        _in_window(complaint_id, request),
    )  # fmt: skip


def _anchor_rows(anchor: pa.Table | None, task: LabelTask) -> Iterable[Row]:
    if anchor is None:
        return []
    if missing := {"text", task.column} - set(anchor.column_names):
        raise PermanentError(
            tried="Adding the anchor corpus to the snapshot",
            found=f"it has no column {', '.join(sorted(missing))}.",
            todo="ANCHOR_DATASET needs the column text and one column per label task.",
        )
    texts, labels = anchor["text"].to_pylist(), anchor[task.column].to_pylist()
    return [
        (None, None, text, label, None, ANCHOR, ANCHOR, None, None, False)
        for text, label in zip(texts, labels, strict=True)
    ]


def _table(rows: Iterable[Row]) -> pa.Table:
    columns: Sequence[Sequence[object]] = list(zip(*rows, strict=True))
    if not columns:
        return SNAPSHOT_SCHEMA.empty_table()
    arrays = [
        pa.array(values, type=field.type)
        for values, field in zip(columns, SNAPSHOT_SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=SNAPSHOT_SCHEMA)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
