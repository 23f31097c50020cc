"""Writes a feedback snapshot as files and reads it back."""

import json
from dataclasses import asdict
from pathlib import Path

import pyarrow.parquet as pq

from sambodhan_assets.domain.dataset.snapshot import (
    SNAPSHOT_SCHEMA,
    FeedbackSnapshot,
    SnapshotReport,
)

ROWS_FILE = "rows.parquet"
REPORT_FILE = "snapshot.json"


def write_snapshot(snapshot: FeedbackSnapshot, folder: Path) -> None:
    """Writes rows.parquet and snapshot.json; the bytes depend on the snapshot alone."""
    rows = snapshot.rows.cast(SNAPSHOT_SCHEMA)
    pq.write_table(rows, folder / ROWS_FILE, compression="zstd")
    settings = {
        "seed": snapshot.seed,
        "correct_ratio": snapshot.correct_ratio,
        "window_after_id": snapshot.window_after_id,
        "window_max": snapshot.window_max,
        "report": asdict(snapshot.report),
    }
    text = json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / REPORT_FILE).write_text(text + "\n", encoding="utf-8")


def read_snapshot(folder: Path) -> FeedbackSnapshot:
    """Reads what `write_snapshot` wrote."""
    settings = json.loads((folder / REPORT_FILE).read_text(encoding="utf-8"))
    report = SnapshotReport(**settings.pop("report"))
    return FeedbackSnapshot(rows=pq.read_table(folder / ROWS_FILE), report=report, **settings)
