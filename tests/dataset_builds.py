"""Prepares datasets from rows that a test writes down."""

from typing import Any

import pyarrow as pa

from sambodhan_assets.domain.dataset.balanced import BalancedDataset, build_balanced_dataset
from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from tests.snapshot_rows import LABELS, Row, correction, make_snapshot

# Texts of one stem with one common word are near-duplicates (0.7 or more), those with none are not:
# chains form, and new rows can bridge two splits.
FIRST = ("kalanki", "balaju", "thimi", "kirtipur")
SECOND = ("chabahil", "bouddha", "sinamangal", "gaushala")
STEMS = (
    "the drinking water pipe at {} has been leaking for weeks and nobody from {} came to mend it",
    "बाटोमा ठूला खाल्डा छन् {} देखि गाडी चल्न सक्दैन र {} सम्म जान धेरै समय लाग्छ कृपया मर्मत गर्नुहोस्",
)


def variant(stem: int, first: int, second: int) -> str:
    return STEMS[stem].format(FIRST[first], SECOND[second])


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


def assigned(assignments: pa.Table) -> dict[str, str]:
    """Split of each text key."""
    keys, splits = assignments["text_key"].to_pylist(), assignments["split"].to_pylist()
    return dict(zip(keys, splits, strict=True))


def assignments(**split_of_text: str) -> pa.Table:
    """A parent version; keyword is a stem and two words, as in s0_1_2="test"."""
    rows = []
    for name, split in split_of_text.items():
        key = text_key(variant(*(int(digit) for digit in name[1:].split("_"))))
        rows.append({"text_key": key, "group_key": key, "split": split})
    return pa.Table.from_pylist(rows)
