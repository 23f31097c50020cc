"""Looks for leaks in finished tables: texts, or near-duplicates of them, on two sides of a wall."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.cleaning import key_of_normalised, normalised
from sambodhan_assets.domain.dataset.near_duplicates import near_pairs_between
from sambodhan_assets.domain.dataset.text_signatures import index_texts

# What is trained on, what stops and calibrates, and what only judges. The anchor test stands with
# test: no row of either is ever learnt from, so they may resemble each other.
SIDES: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "replay"),
    "eval": ("eval",),
    "test": ("test", "anchor_test"),
}
EXAMPLES = 10


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Two texts on different sides that are the same or nearly so; equal keys: the same.

    Attributes:
        sides: Names in SIDES.
        text_keys: Keys of the two texts, in the order of the sides.
    """

    sides: tuple[str, str]
    text_keys: tuple[str, str]

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Key and side of each text."""
        return tuple(zip(self.text_keys, self.sides, strict=True))


@dataclass(frozen=True, kw_only=True)
class LeakageReport:
    """What was compared and found.

    Attributes:
        compared_texts: Distinct texts per side, added up.
        same_texts: Texts that stand on two sides.
        near_duplicates: Pairs of near-duplicates on two sides.
        misplaced_texts: Texts that stand elsewhere than the assignments, kept since the first
            version, say: a model of an earlier version may have trained on them.
        examples: The first leaks.
    """

    compared_texts: int
    same_texts: int
    near_duplicates: int
    misplaced_texts: int
    examples: tuple[Leak, ...]

    @property
    def clean(self) -> bool:
        """Nothing was found."""
        return self.same_texts + self.near_duplicates + self.misplaced_texts == 0

    @property
    def sentence(self) -> str:
        """The result in one sentence, with keys and without texts."""
        if self.clean:
            return f"No leak among {self.compared_texts} texts of train, eval and test."
        shown = "; ".join(
            f"{first} in {left} and {second} in {right}"
            for (left, right), (first, second) in (
                (leak.sides, leak.text_keys) for leak in self.examples
            )
        )
        return (
            f"{self.same_texts} texts stand on two sides, {self.near_duplicates} pairs of "
            f"near-duplicates too, {self.misplaced_texts} texts left their split"
            + (f" (first by text key: {shown})." if shown else ".")
        )


def find_leakage(dataset: BalancedDataset) -> LeakageReport:
    """Compare train with replay, eval, and test with anchor test, from their texts alone.

    Args:
        dataset: Any dataset; nothing that its preparation noted about its texts is believed.
    """
    tables = dataset.splits | {"replay": dataset.replay, "anchor_test": dataset.anchor_test}
    names, side_of, forms = list(SIDES), list[int](), list[str]()
    for side, members in enumerate(SIDES.values()):
        texts = {normalised(text) for name in members for text in _texts(tables[name])}
        forms += sorted(texts)
        side_of += [side] * len(texts)
    keys = [key_of_normalised(form) for form in forms]
    index = index_texts(forms, dataset.report.settings["near_duplicate_threshold"])
    pairs = near_pairs_between(index, np.array(side_of, dtype=np.int64)).tolist()
    leaks = [
        Leak(
            sides=(names[side_of[left]], names[side_of[right]]),
            text_keys=(keys[left], keys[right]),
        )
        for left, right in pairs
    ]
    same = [leak for leak in leaks if leak.text_keys[0] == leak.text_keys[1]]
    assigned = dataset.assignments
    splits = assigned["split"].to_pylist()
    recorded = dict(zip(assigned["text_key"].to_pylist(), splits, strict=True))
    misplaced = [
        key for key, side in zip(keys, side_of, strict=True) if recorded.get(key) != names[side]
    ]
    return LeakageReport(
        compared_texts=len(forms),
        same_texts=len(same),
        near_duplicates=len(leaks) - len(same),
        misplaced_texts=len(misplaced),
        examples=tuple(leaks[:EXAMPLES]),
    )


def _texts(table: pa.Table) -> list[str]:
    return table["grievance"].to_pylist()
