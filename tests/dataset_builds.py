"""Prepares datasets from rows that a test writes down."""

from typing import Any

import pyarrow as pa

from sambodhan_assets.domain.balanced_dataset import BalancedDataset, build_balanced_dataset
from sambodhan_assets.domain.preparation import PreparationSettings
from tests.snapshot_rows import LABELS, Row, correction, make_snapshot

# Two rows that no test is about, so that there are always two labels.
FILLING = (
    correction(90_001, "the market fire has spread to the school", "HIGHLY URGENT"),
    correction(90_002, "please publish the budget of the ward", "NORMAL"),
)


def build(
    *rows: Row, parent: pa.Table | None = None, filling: tuple[Row, ...] = FILLING, **other: Any
) -> BalancedDataset:
    """Prepare rows; further keywords are PreparationSettings."""
    snapshot = make_snapshot([*rows, *filling])
    settings = PreparationSettings(**other)
    return build_balanced_dataset(
        snapshot, labels=LABELS, settings=settings, parent_assignments=parent
    )


def fate(dataset: BalancedDataset, complaint_id: int | None) -> tuple[str, str | None]:
    """Disposition and reason of the one row with this complaint id."""
    found = [row for row in dataset.lineage.to_pylist() if row["complaint_id"] == complaint_id]
    assert len(found) == 1
    return found[0]["disposition"], found[0]["reason"]


def tables_of(dataset: BalancedDataset) -> dict[str, pa.Table]:
    """All tables by name."""
    return dataset.splits | {
        "replay": dataset.replay,
        "anchor_test": dataset.anchor_test,
        "window": dataset.window,
        "assignments": dataset.assignments,
        "lineage": dataset.lineage,
    }
