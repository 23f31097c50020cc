"""Spreads groups of texts that no earlier version knows over train, eval and test."""

import numpy as np

from sambodhan_assets.domain.dataset.candidates import BALANCED_UNFLAGGED, UniqueTexts
from sambodhan_assets.domain.dataset.columns import Bools, Ints, Keys
from sambodhan_assets.domain.dataset.inheritance import Inheritance
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from sambodhan_assets.domain.dataset.splits import (
    ANCHOR_SALT,
    EVAL,
    SPLIT_SALT,
    TEST,
    TRAIN,
    unit_hash,
)


def place_fresh(
    texts: UniqueTexts,
    inherited: Inheritance,
    keys: Keys,
    anchors_only: Bools,
    n_labels: int,
    settings: PreparationSettings,
) -> Ints:
    """Complete the inherited splits by those of the parts that touch nothing known.

    Args:
        texts: The texts.
        inherited: What they have from the parent version.
        keys: Group keys, [n].
        anchors_only: The near-duplicate group holds anchor rows only, [n].
        n_labels: Number of labels.
        settings: Shares of the splits.

    Returns:
        Position in SPLITS, NOWHERE for barred texts, [n].
    """
    part, fresh = inherited.part, inherited.fresh
    of_part = np.full(len(part), TRAIN, dtype=np.int64)
    balanced = fresh & (texts.standing <= BALANCED_UNFLAGGED)
    heads, rows = np.unique(part[balanced], return_inverse=True)
    counts = np.zeros((len(heads), n_labels), dtype=np.int64)
    np.add.at(counts, (rows, texts.label[balanced]), 1)
    hashes = [unit_hash(SPLIT_SALT, key) for key in keys[heads].tolist()]
    of_part[heads] = _fill(counts, hashes, _room(texts, inherited, n_labels, settings))
    anchors, share = fresh & anchors_only, settings.anchor_test_share
    drawn = [unit_hash(ANCHOR_SALT, key) < share for key in keys[anchors].tolist()]
    of_part[part[anchors][np.array(drawn, dtype=np.bool_)]] = TEST
    return np.where(fresh, of_part[part], inherited.split)


def _room(
    texts: UniqueTexts, inherited: Inheritance, n_labels: int, settings: PreparationSettings
) -> dict[int, list[int]]:
    """Rows of each label that eval and test still take, after those that they already have."""
    balanced = (texts.standing <= BALANCED_UNFLAGGED) & ~inherited.barred
    total = np.bincount(texts.label[balanced], minlength=n_labels)
    room: dict[int, list[int]] = {}
    for split, share in ((TEST, settings.test_share), (EVAL, settings.eval_share)):
        here = np.bincount(texts.label[balanced & (inherited.split == split)], minlength=n_labels)
        room[split] = (np.floor(share * total + 0.5).astype(np.int64) - here).tolist()
    return room


def _fill(counts: Ints, hashes: list[float], room: dict[int, list[int]]) -> Ints:
    """Fill test, then eval, in the order of the hashes with parts that fit; the rest is train."""
    placed = np.full(len(counts), TRAIN, dtype=np.int64)
    for part in np.argsort(np.array(hashes), kind="stable").tolist():
        # A label that the part does not hold may well be overdrawn by inherited rows.
        needs = [(label, need) for label, need in enumerate(counts[part].tolist()) if need]
        for split in (TEST, EVAL):
            if all(room[split][label] >= need for label, need in needs):
                for label, need in needs:
                    room[split][label] -= need
                placed[part] = split
                break
        if max(*room[TEST], *room[EVAL]) <= 0:
            break
    return placed
