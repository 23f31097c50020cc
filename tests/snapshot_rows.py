"""Builds snapshots row by row, so that a test names only what it is about."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from sambodhan_assets.domain.dataset.snapshot import (
    ANCHOR,
    AUDIT,
    CORRECTION,
    SNAPSHOT_SCHEMA,
    UNFLAGGED,
    FeedbackSnapshot,
    SnapshotReport,
)

LABELS = ("NORMAL", "URGENT", "HIGHLY URGENT")
MIDNIGHT = datetime(2025, 1, 1, tzinfo=UTC)

Row = dict[str, Any]


def correction(
    complaint_id: int, message: str | None, label: str | None = "URGENT", **other: Any
) -> Row:
    """A reviewed correction; the complaint had been answered NORMAL a minute per id earlier."""
    reviewed_at = MIDNIGHT + timedelta(minutes=complaint_id)
    row = _row(complaint_id, message, label, CORRECTION)
    return row | {"review_id": 1000 + complaint_id, "reviewed_at": reviewed_at} | other


def audit(
    complaint_id: int, message: str | None, label: str | None = "URGENT", **other: Any
) -> Row:
    """An unflagged complaint that an official labelled; by chance, if no `stratum` is given."""
    return _row(complaint_id, message, label, AUDIT) | {"reviewed_at": MIDNIGHT} | other


def unflagged(
    complaint_id: int, message: str | None, label: str | None = "NORMAL", **other: Any
) -> Row:
    """A complaint whose answer nobody objected to; give `sample_rank` to have it sampled."""
    return _row(complaint_id, message, label, UNFLAGGED) | {"answer": label} | other


def anchor(message: str | None, label: str | None = "NORMAL", **other: Any) -> Row:
    """A row of the anchor corpus."""
    return _row(None, message, label, ANCHOR) | {"answer": None, "in_window": False} | other


def make_snapshot(rows: Iterable[Row], **other: Any) -> FeedbackSnapshot:
    """A snapshot of rows in the given order, seed 42 and ratio 0.5."""
    rows = list(rows)
    count = {
        source: sum(row["source"] == source for row in rows) for source in (CORRECTION, UNFLAGGED)
    }
    unreviewed = {row["complaint_id"] for row in rows if row["source"] in (UNFLAGGED, AUDIT)}
    report = SnapshotReport(
        correction_count=count[CORRECTION],
        unflagged_count=len(unreviewed),
        window_unflagged_count=len(unreviewed),
        window_correction_count=count[CORRECTION],
        superseded_reviews=0,
        newest_complaint_id=max((row["complaint_id"] or 0 for row in rows), default=None),
        newest_reviewed_at=None,
        sampler="md5/1",
        stratum_sizes=count,
    )
    defaults: dict[str, Any] = {
        "rows": pa.Table.from_pylist(rows, schema=SNAPSHOT_SCHEMA),
        "report": report,
        "seed": 42,
        "correct_ratio": 0.5,
        "window_after_id": None,
        "window_max": 5_000,
    }
    return FeedbackSnapshot(**(defaults | other))


def unlike(number: int) -> str:
    """A text that resembles no other number's text."""
    return " ".join(
        hashlib.sha256(f"{number}/{word}".encode()).hexdigest()[:7] for word in range(6)
    )


def _row(complaint_id: int | None, message: str | None, label: str | None, source: str) -> Row:
    return {
        "complaint_id": complaint_id,
        "review_id": None,
        "message": message,
        "label": label,
        "answer": "NORMAL",
        "source": source,
        "stratum": source,
        "reviewed_at": None,
        "sample_rank": None,
        "in_window": True,
    }
