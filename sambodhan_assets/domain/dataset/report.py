"""Counts a finished preparation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sambodhan_assets.domain.dataset.candidates import (
    BALANCED_UNFLAGGED,
    REPLAY_UNFLAGGED,
    CandidateRows,
    UniqueTexts,
)
from sambodhan_assets.domain.dataset.dispositions import (
    DUPLICATE,
    HOLDOUT,
    REPLAY,
    TWO_SPLITS,
    Dispositions,
)
from sambodhan_assets.domain.dataset.placement import Placement
from sambodhan_assets.domain.dataset.preparation import PreparationReport, PreparationSettings
from sambodhan_assets.domain.dataset.snapshot import ANCHOR, AUDIT, UNFLAGGED, FeedbackSnapshot
from sambodhan_assets.domain.dataset.splits import SPLITS
from sambodhan_assets.domain.dataset.tables import LABELLED, WINDOW
from sambodhan_assets.domain.dataset.text_signatures import NEAR_DUPLICATES_VERSION
from sambodhan_assets.domain.dataset.text_steps import steps_of


def count_preparation(
    snapshot: FeedbackSnapshot,
    rows: CandidateRows,
    texts: UniqueTexts,
    placement: Placement,
    fates: Dispositions,
    tables: Mapping[str, pa.Table],
    *,
    labels: Sequence[str],
    settings: PreparationSettings,
) -> PreparationReport:
    """Count rows by source, split, label and reason."""
    excluded = Counter(kind for kind in fates.reason_kind if kind is not None)
    kept = rows.table["source"].take(pa.array(texts.row[texts.standing <= REPLAY_UNFLAGGED]))
    group_sizes = np.bincount(placement.component, minlength=1)
    split_rows = {name: tables[name].num_rows for name in LABELLED}
    labels_by_split = {name: _label_counts(tables[name], labels) for name in LABELLED}
    return PreparationReport(
        row_count=int(np.count_nonzero(texts.standing <= BALANCED_UNFLAGGED)),
        rows_read=_counts(rows.table["source"]),
        rows_kept=_counts(kept),
        rows_by_split=split_rows | {HOLDOUT: int(np.count_nonzero(fates.of_text == HOLDOUT))},
        labels_by_split=labels_by_split,
        replay_by_source={ANCHOR: 0, UNFLAGGED: 0} | _counts(tables[REPLAY]["source"]),
        excluded=dict(sorted(excluded.items())),
        duplicates=excluded[DUPLICATE],
        conflicting_labels=fates.conflicting,
        superseded_reviews=snapshot.report.superseded_reviews,
        near_duplicate_groups=int(np.count_nonzero(group_sizes > 1)),
        near_duplicate_rows=int(group_sizes[group_sizes > 1].sum()),
        left_out_across_splits=excluded[TWO_SPLITS],
        thin_labels=_thin_labels(labels_by_split),
        **_window_facts(tables[WINDOW]),
        window_unflagged_count=snapshot.report.window_unflagged_count,
        snapshot=_snapshot_facts(snapshot),
        settings=_settings_facts(snapshot, labels, settings),
        personal_data=_personal_data_facts(rows, settings),
    )


def _window_facts(window: pa.Table) -> dict[str, int]:
    certain = window.filter(pc.field("source") == AUDIT)["certain"].to_numpy()
    return {
        "window_rows": window.num_rows,
        "window_unflagged_rows": _counts(window["source"]).get(UNFLAGGED, 0),
        "window_random_audits": int(np.count_nonzero(~certain)),
        "window_other_audits": int(np.count_nonzero(certain)),
    }


def _personal_data_facts(rows: CandidateRows, settings: PreparationSettings) -> dict[str, Any]:
    kinds = sum((found.kinds for found in rows.protected.values()), Counter[str]())
    return {
        "policy": settings.pii_policy.value,
        "rows": len(rows.protected),
        "places_by_kind": dict(sorted(kinds.items())),
    }


def _settings_facts(
    snapshot: FeedbackSnapshot, labels: Sequence[str], settings: PreparationSettings
) -> dict[str, Any]:
    return asdict(settings) | {
        "labels": list(labels),
        "seed": snapshot.seed,
        "correct_ratio": snapshot.correct_ratio,
        "sampler": snapshot.report.sampler,
        **steps_of(settings.pii_policy),
        "near_duplicates_version": NEAR_DUPLICATES_VERSION,
    }


def _snapshot_facts(snapshot: FeedbackSnapshot) -> dict[str, Any]:
    return asdict(snapshot.report) | {
        "seed": snapshot.seed,
        "correct_ratio": snapshot.correct_ratio,
        "window_after_id": snapshot.window_after_id,
        "window_max": snapshot.window_max,
    }


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    return dict(sorted(Counter[str](column.to_pylist()).items()))


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
