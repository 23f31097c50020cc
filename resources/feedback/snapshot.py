"""Takes the snapshot of one label task: all human labels, and a sample of unflagged complaints."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from numpy.typing import NDArray

from resources.feedback.queries import FeedbackQueries
from resources.feedback.reads import (
    CORRECTION_COLUMNS,
    Progress,
    UnflaggedCounts,
    count_unflagged,
    first_unflagged,
    read_audited,
    read_table,
)
from resources.feedback.sampling import SampleOrder, sample_order
from sambodhan_assets.domain.dataset.snapshot import (
    ANCHOR,
    AUDIT,
    CORRECTION,
    SNAPSHOT_SCHEMA,
    UNFLAGGED,
    FeedbackSnapshot,
    SnapshotReport,
)
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import LabelTask


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
        audited: Labels that people gave on request, as COUNTING_SCHEMA.
        on_progress: Told what is being read, in words.
    """

    task: LabelTask
    correct_ratio: float
    replay_max: int
    window_after_id: int | None
    window_max: int
    seed: int
    anchor: pa.Table | None
    audited: pa.Table
    on_progress: Progress

    def __post_init__(self) -> None:
        for name in ("correct_ratio", "replay_max", "window_max"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 or more")


def take_snapshot(
    connection: sa.Connection, queries: FeedbackQueries, request: SnapshotRequest
) -> FeedbackSnapshot:
    """Reads one state of the database; every statement runs in the connection's transaction."""
    order = sample_order(connection, request.seed)
    corrections = _correction_rows(connection, queries, request)
    audited = read_audited(connection, queries, request.task, request.audited, request.on_progress)
    audits = _snapshot_rows(audited, request, source=pa.repeat(AUDIT, audited.num_rows))
    request.on_progress("counting unflagged complaints")
    counts = count_unflagged(connection, queries, request.task, request.window_after_id)
    wanted = ceil(request.correct_ratio * corrections.num_rows) + request.replay_max
    draw = _Draw(connection, queries, request, order, audited["complaint_id"].to_numpy())
    human = pa.concat_tables([corrections, audits])
    # Corrections come in order; sorting half a million of them for nothing takes memory.
    human = human.sort_by("complaint_id") if audits.num_rows else human
    rows = [human, *_unflagged_rows(draw, wanted, counts)]
    return FeedbackSnapshot(
        rows=pa.concat_tables([*rows, _anchor_rows(request)]).combine_chunks(),
        report=_report(draw, corrections, audits, counts),
        seed=request.seed,
        correct_ratio=request.correct_ratio,
        window_after_id=request.window_after_id,
        window_max=request.window_max,
    )


@dataclass(frozen=True)
class _Draw:
    """The unflagged complaints in the order of the sample, without those that were audited."""

    connection: sa.Connection
    queries: FeedbackQueries
    request: SnapshotRequest
    order: SampleOrder
    audited: NDArray[np.int64]

    def first(self, limit: int, population: int, after_id: int | None) -> pa.Table:
        """The first `limit` of them: complaint_id, message, label."""
        rows = first_unflagged(
            self.connection,
            self.queries,
            self.request.task,
            self.order,
            # As many more as may be taken out again.
            limit=limit + len(self.audited) if limit else 0,
            population=population,
            after_id=after_id,
            on_progress=self.request.on_progress,
        )
        if len(self.audited) == 0:
            return rows
        known = np.isin(rows["complaint_id"].to_numpy(), self.audited)
        return rows.filter(pa.array(~known)).slice(0, limit)


def _correction_rows(
    connection: sa.Connection, queries: FeedbackQueries, request: SnapshotRequest
) -> pa.Table:
    statement = queries.correction_rows(request.task)
    rows = read_table(connection, statement, CORRECTION_COLUMNS, "corrections", request.on_progress)
    source = pa.repeat(CORRECTION, rows.num_rows)
    return _snapshot_rows(rows, request, source=source, stratum=source)


def _unflagged_rows(draw: _Draw, wanted: int, counts: UnflaggedCounts) -> tuple[pa.Table, pa.Table]:
    """The ranked sample, and the rows that only the window sample brought in, by id."""
    request = draw.request
    if request.window_after_id is None:
        rows = draw.first(max(wanted, request.window_max), counts.total, None)
        sample, window_only = rows.slice(0, wanted), rows.slice(wanted)
    else:
        sample = draw.first(wanted, counts.total, None)
        window = draw.first(request.window_max, counts.window, request.window_after_id)
        known = np.isin(window["complaint_id"].to_numpy(), sample["complaint_id"].to_numpy())
        window_only = window.filter(pa.array(~known))
    rank = pa.array(np.arange(sample.num_rows), pa.int64())
    return (
        _of_unflagged(sample, request, sample_rank=rank),
        _of_unflagged(window_only.sort_by("complaint_id"), request),
    )


def _of_unflagged(rows: pa.Table, request: SnapshotRequest, **columns: pa.Array) -> pa.Table:
    stratum = pa.array([f"{UNFLAGGED}:{label}" for label in rows["label"].to_pylist()], pa.string())
    source = pa.repeat(UNFLAGGED, rows.num_rows)
    return _snapshot_rows(
        rows, request, answer=rows["label"], source=source, stratum=stratum, **columns
    )


def _anchor_rows(request: SnapshotRequest) -> pa.Table:
    column, anchor = request.task.column, request.anchor
    if anchor is None:
        return SNAPSHOT_SCHEMA.empty_table()
    if missing := {"text", column} - set(anchor.column_names):
        raise PermanentError(
            tried="Adding the anchor corpus to the snapshot",
            found=f"it has no column {', '.join(sorted(missing))}.",
            todo="ANCHOR_DATASET needs the column text and one column per label task.",
        )
    source = pa.repeat(ANCHOR, anchor.num_rows)
    outside = pa.repeat(False, anchor.num_rows)
    rows = pa.table({"message": anchor["text"], "label": anchor[column]})
    return _snapshot_rows(rows, request, source=source, stratum=source, in_window=outside)


def _snapshot_rows(
    rows: pa.Table, request: SnapshotRequest, **columns: pa.Array | pa.ChunkedArray
) -> pa.Table:
    """Rows of SNAPSHOT_SCHEMA; a column that is not given is null, in_window follows the id."""
    given = {name: rows[name] for name in rows.column_names} | columns
    if "in_window" not in given:
        after_id = request.window_after_id
        ids = rows["complaint_id"].to_numpy()
        given["in_window"] = pa.array(
            np.full(len(ids), True) if after_id is None else ids > after_id
        )
    arrays = [
        given[field.name].cast(field.type)
        if field.name in given
        else pa.nulls(rows.num_rows, field.type)
        for field in SNAPSHOT_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=SNAPSHOT_SCHEMA)


def _report(
    draw: _Draw, corrections: pa.Table, audits: pa.Table, counts: UnflaggedCounts
) -> SnapshotReport:
    connection, queries = draw.connection, draw.queries
    newest_complaint, newest_review = connection.execute(queries.newest()).one()
    return SnapshotReport(
        correction_count=corrections.num_rows,
        unflagged_count=counts.total,
        window_unflagged_count=counts.window,
        window_correction_count=int(corrections["in_window"].to_numpy().sum()),
        superseded_reviews=connection.execute(
            queries.superseded_reviews(draw.request.task)
        ).scalar_one(),
        newest_complaint_id=newest_complaint,
        newest_reviewed_at=newest_review and _iso(newest_review),
        sampler=draw.order.name,
        stratum_sizes={CORRECTION: corrections.num_rows, **_counted(audits["stratum"])}
        | _unflagged_sizes(counts, audits),
    )


def _unflagged_sizes(counts: UnflaggedCounts, audits: pa.Table) -> dict[str, int]:
    """Unflagged complaints by answer, without those that an audit moved to its own stratum."""
    audited = _counted(audits["answer"])
    return {
        f"{UNFLAGGED}:{label}": count - audited.get(label, 0)
        for label, count in sorted(counts.by_label.items())
    }


def _counted(values: pa.ChunkedArray) -> dict[str, int]:
    return dict(sorted(Counter(values.to_pylist()).items()))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
