"""Turns a snapshot of feedback into a balanced dataset: cleaned, deduplicated and split."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.dataset.candidates import (
    BALANCED_UNFLAGGED,
    UniqueTexts,
    read_candidates,
    unique_texts,
)
from sambodhan_assets.domain.dataset.carried_over import carried_over
from sambodhan_assets.domain.dataset.dispositions import ANCHOR_TEST, REPLAY, dispose
from sambodhan_assets.domain.dataset.placement import place_texts
from sambodhan_assets.domain.dataset.preparation import PreparationReport, PreparationSettings
from sambodhan_assets.domain.dataset.report import count_preparation
from sambodhan_assets.domain.dataset.snapshot import FeedbackSnapshot
from sambodhan_assets.domain.dataset.splits import SPLITS
from sambodhan_assets.domain.dataset.tables import ASSIGNMENTS, LINEAGE, WINDOW, dataset_tables
from sambodhan_assets.domain.dataset.text_signatures import index_texts
from sambodhan_assets.domain.errors import PermanentError


@dataclass(frozen=True, kw_only=True)
class BalancedDataset:
    """One prepared dataset; the files of a version hold exactly this.

    Attributes:
        splits: Tables grievance string, label int64 under "train", "eval" and "test".
        replay: Further training rows: grievance, label, source ("anchor" or "unflagged").
        anchor_test: Anchor rows that guard against forgetting: grievance, label.
        window: What the deployed version answered, with repeats: complaint_id, grievance, text_key,
            answer (label id; null if unknown), correct (label id; null for unflagged rows), certain
            (corrections, and audits that were not drawn at random), source, split (train, eval,
            test, replay, holdout or none: where the text stands).
        assignments: text_key, group_key, split of this version's and all earlier texts.
        lineage: What became of every snapshot row: complaint_id, review_id, source, label,
            text_key, disposition, reason.
        report: The counts.
    """

    splits: dict[str, pa.Table]
    replay: pa.Table
    anchor_test: pa.Table
    window: pa.Table
    assignments: pa.Table
    lineage: pa.Table
    report: PreparationReport


def build_balanced_dataset(
    snapshot: FeedbackSnapshot,
    *,
    labels: Sequence[str],
    settings: PreparationSettings,
    parent_assignments: pa.Table | None,
    parent_lineage: pa.Table | None = None,
) -> BalancedDataset:
    """Prepare a dataset; the order of the snapshot's rows does not matter.

    Args:
        snapshot: Rows of one database state.
        labels: The task's labels; the position is the label id.
        settings: Sizes and shares.
        parent_assignments: Assignments of the version before, None for the first.
        parent_lineage: Lineage of the version before if other steps prepared its texts (another
            policy for personal data, another redactor), None if the same did.

    Raises:
        PermanentError: A label that the task does not have, or all rows of one label.
    """
    rows, forms = read_candidates(snapshot, labels, settings)
    texts = unique_texts(rows, with_window=settings.holdout_share > 0.0)
    _require_two_labels(texts, labels, settings)
    forms = [forms[row] for row in texts.row.tolist()]
    if parent_assignments is not None and parent_lineage is not None:
        parent_assignments = carried_over(parent_assignments, parent_lineage, rows)
    placement = place_texts(
        texts,
        index_texts(forms, settings.near_duplicate_threshold),
        n_labels=len(labels),
        parent=parent_assignments,
        settings=settings,
    )
    fates = dispose(rows, texts, placement)
    tables = dataset_tables(rows, texts, placement, fates, labels=labels, parent=parent_assignments)
    return BalancedDataset(
        splits={name: tables[name].drop_columns("source") for name in SPLITS},
        replay=tables[REPLAY],
        anchor_test=tables[ANCHOR_TEST].drop_columns("source"),
        window=tables[WINDOW],
        assignments=tables[ASSIGNMENTS],
        lineage=tables[LINEAGE],
        report=count_preparation(
            snapshot, rows, texts, placement, fates, tables, labels=labels, settings=settings
        ),
    )


def _require_two_labels(
    texts: UniqueTexts, labels: Sequence[str], settings: PreparationSettings
) -> None:
    balanced = texts.label[texts.standing <= BALANCED_UNFLAGGED]
    present = np.unique(balanced).tolist()
    if len(present) == 1 and len(balanced) >= settings.min_rows:
        raise PermanentError(
            tried="Preparing the balanced dataset",
            found=f"all {len(balanced)} rows have the label {labels[present[0]]!r}.",
            todo="A model needs rows of two labels or more: review complaints of the other labels.",
        )
