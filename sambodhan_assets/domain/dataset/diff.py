"""Compares two datasets row by row: what was added, removed, relabelled and moved."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.dispositions import RECORDED_SPLIT

# Complaint id; text key for rows of the anchor corpus, which have no id.
RowName = int | str

NAMES_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class PlacedRow:
    """A row that only one of the datasets has.

    Attributes:
        row: Complaint id, or text key of an anchor row.
        split: train, eval, test, replay or anchor_test.
        label: Its label.
    """

    row: RowName
    split: str
    label: str


@dataclass(frozen=True, kw_only=True)
class RowChange:
    """A row that both datasets have, with what changed.

    Attributes:
        row: Complaint id, or text key of an anchor row.
        before: Label or split in the first dataset.
        after: Label or split in the second dataset.
    """

    row: RowName
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class DatasetDiff:
    """The changes from one dataset to another, each sorted by row; ids come before text keys.

    Attributes:
        added: Rows of the second dataset only.
        removed: Rows of the first dataset only.
        relabelled: Rows with another label.
        moved: Rows in another split.
        unchanged: Number of rows with the same label in the same split.
    """

    added: tuple[PlacedRow, ...]
    removed: tuple[PlacedRow, ...]
    relabelled: tuple[RowChange, ...]
    moved: tuple[RowChange, ...]
    unchanged: int


def diff_datasets(a: BalancedDataset, b: BalancedDataset) -> DatasetDiff:
    """Compare the rows that stand in a split, the replay or the anchor test.

    A row is a complaint, found through the lineage: if another complaint now stands for the same
    text, that is one row removed and one added.

    Args:
        a: The earlier dataset.
        b: The later dataset.
    """
    before, after = _placed_rows(a), _placed_rows(b)
    both = _sorted(before.keys() & after.keys())
    relabelled = tuple(
        RowChange(row=row, before=before[row].label, after=after[row].label)
        for row in both
        if before[row].label != after[row].label
    )
    moved = tuple(
        RowChange(row=row, before=before[row].split, after=after[row].split)
        for row in both
        if before[row].split != after[row].split
    )
    return DatasetDiff(
        added=tuple(after[row] for row in _sorted(after.keys() - before.keys())),
        removed=tuple(before[row] for row in _sorted(before.keys() - after.keys())),
        relabelled=relabelled,
        moved=moved,
        unchanged=sum(before[row] == after[row] for row in both),
    )


def describe_diff(diff: DatasetDiff) -> Iterator[str]:
    """Yield the changes as lines of text: counts, and the first names of each kind."""
    for verb, rows in (("added", diff.added), ("removed", diff.removed)):
        yield from _lines(verb, [(row.split, row.row) for row in rows])
    for verb, changes in (("relabelled", diff.relabelled), ("moved", diff.moved)):
        yield from _lines(verb, [(f"{c.before} -> {c.after}", c.row) for c in changes])
    yield f"unchanged: {diff.unchanged}"


def _placed_rows(dataset: BalancedDataset) -> dict[RowName, PlacedRow]:
    columns = ("complaint_id", "text_key", "disposition", "label")
    lineage = zip(*(dataset.lineage[name].to_pylist() for name in columns), strict=True)
    return {
        key if complaint is None else complaint: PlacedRow(
            row=key if complaint is None else complaint, split=disposition, label=label
        )
        for complaint, key, disposition, label in lineage
        if disposition in RECORDED_SPLIT
    }


def _sorted(rows: set[RowName]) -> list[RowName]:
    return sorted(rows, key=lambda row: (isinstance(row, str), row))


def _lines(verb: str, rows: Sequence[tuple[str, RowName]]) -> Iterator[str]:
    yield f"{verb}: {len(rows)}"
    for kind, count in sorted(Counter(kind for kind, _ in rows).items()):
        names = [str(row) for found, row in rows if found == kind]
        shown = ", ".join(names[:NAMES_SHOWN])
        yield f"  {kind}: {count} ({shown}{', ...' if count > NAMES_SHOWN else ''})"
