"""Counts a finished preparation."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.candidates import (
    BALANCED_UNFLAGGED,
    REPLAY_UNFLAGGED,
    CandidateRows,
    UniqueTexts,
)
from sambodhan_assets.domain.cleaning import CLEANER_VERSION
from sambodhan_assets.domain.dispositions import DUPLICATE, HOLDOUT, TWO_SPLITS, Dispositions
from sambodhan_assets.domain.feedback import ANCHOR, UNFLAGGED, FeedbackSnapshot
from sambodhan_assets.domain.near_duplicates import NEAR_DUPLICATES_VERSION
from sambodhan_assets.domain.preparation import PreparationReport, PreparationSettings
from sambodhan_assets.domain.splits import SPLITS, Placement


def count_preparation(
    snapshot: FeedbackSnapshot,
    *,
    rows: CandidateRows,
    texts: UniqueTexts,
    placement: Placement,
    fates: Dispositions,
    tables: dict[str, pa.Table],
    window: pa.Table,
    labels: Sequence[str],
    settings: PreparationSettings,
) -> PreparationReport:
    """Count rows by source, split, label and reason; every number is computed from the tables."""
    kept = texts.row[texts.standing <= REPLAY_UNFLAGGED]
    excluded = Counter(kind for kind in fates.reason_kind if kind is not None)
    component_sizes = np.bincount(placement.component, minlength=1)
    labels_by_split = {name: _label_counts(table, labels) for name, table in tables.items()}
    holdout = int(np.count_nonzero(fates.of_text == HOLDOUT))
    return PreparationReport(
        row_count=int(np.count_nonzero(texts.standing <= BALANCED_UNFLAGGED)),
        rows_read=_counts(rows.table["source"].to_pylist()),
        rows_kept=_counts(rows.table["source"].take(pa.array(kept)).to_pylist()),
        rows_by_split={name: table.num_rows for name, table in tables.items()} | {HOLDOUT: holdout},
        labels_by_split=labels_by_split,
        replay_by_source={ANCHOR: 0, UNFLAGGED: 0}
        | _counts(tables["replay"]["source"].to_pylist()),
        excluded=dict(sorted(excluded.items())),
        duplicates=excluded[DUPLICATE],
        conflicting_labels=fates.conflicting,
        superseded_reviews=snapshot.report.superseded_reviews,
        near_duplicate_groups=int(np.count_nonzero(component_sizes > 1)),
        near_duplicate_rows=int(component_sizes[component_sizes > 1].sum()),
        left_out_across_splits=excluded[TWO_SPLITS],
        thin_labels=_thin_labels(labels_by_split),
        window_rows=window.num_rows,
        window_unflagged_rows=window["source"].to_pylist().count(UNFLAGGED),
        window_unflagged_count=snapshot.report.window_unflagged_count,
        snapshot=_snapshot_facts(snapshot),
        settings=asdict(settings)
        | {
            "labels": list(labels),
            "seed": snapshot.seed,
            "correct_ratio": snapshot.correct_ratio,
            "sampler": snapshot.report.sampler,
            "cleaner_version": CLEANER_VERSION,
            "near_duplicates_version": NEAR_DUPLICATES_VERSION,
        },
    )


def _snapshot_facts(snapshot: FeedbackSnapshot) -> dict[str, Any]:
    return asdict(snapshot.report) | {
        "seed": snapshot.seed,
        "correct_ratio": snapshot.correct_ratio,
        "window_after_id": snapshot.window_after_id,
        "window_max": snapshot.window_max,
    }


def _counts(values: list[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _label_counts(table: pa.Table, labels: Sequence[str]) -> dict[str, int]:
    counts = np.bincount(table["label"].to_numpy(), minlength=len(labels)).tolist()
    return dict(zip(labels, counts, strict=True))


def _thin_labels(labels_by_split: dict[str, dict[str, int]]) -> dict[str, int]:
    counts = [labels_by_split[split] for split in SPLITS]
    totals = {label: sum(of_split[label] for of_split in counts) for label in counts[0]}
    return {
        label: total
        for label, total in totals.items()
        if total and min(of_split[label] for of_split in counts) == 0
    }
