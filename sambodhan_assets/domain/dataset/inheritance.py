"""What texts inherit from the parent version: their own split, or that of their near-duplicates."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.dataset.candidates import (
    BALANCED_UNFLAGGED,
    REPLAY_ANCHOR,
    REPLAY_UNFLAGGED,
    UniqueTexts,
)
from sambodhan_assets.domain.dataset.columns import Bools, Ints, Keys, codes
from sambodhan_assets.domain.dataset.near_duplicates import merge_groups, near_pairs_between
from sambodhan_assets.domain.dataset.splits import EVAL, NOWHERE, SPLITS, TEST, TRAIN
from sambodhan_assets.domain.dataset.text_signatures import TextIndex
from sambodhan_assets.domain.errors import PermanentError


@dataclass(frozen=True, kw_only=True)
class Inheritance:
    """What texts have from the parent version, before the fresh ones are placed; all are [n].

    Attributes:
        split: Position in SPLITS; NOWHERE for fresh and barred texts.
        group: Number of the group key.
        part: New texts with the same fate share a part, named by its lowest member.
        fresh: The part touches no known text.
        barred: The text can stand nowhere.
    """

    split: Ints
    group: Ints
    part: Ints
    fresh: Bools
    barred: Bools


def known_texts(keys: Keys, parent: pa.Table | None) -> tuple[Ints, Keys]:
    """Look the texts up in the parent version: split or NOWHERE, and group key or b""."""
    known = np.full(len(keys), NOWHERE, dtype=np.int64)
    groups = np.zeros(len(keys), dtype="S32")
    if parent is None:
        return known, groups
    splits = codes(parent["split"], SPLITS)
    if (splits < 0).any():
        raise PermanentError(
            tried="Reading the parent version's assignments",
            found=f"they name the splits {sorted(set(map(str, parent['split'].to_pylist())))}.",
            todo=f"Allowed are {', '.join(SPLITS)}; was the file written by another program?",
        )
    line_of = {key: line for line, key in enumerate(parent["text_key"].to_pylist())}
    lines = np.array([line_of.get(key.decode(), -1) for key in keys.tolist()], dtype=np.int64)
    found = lines >= 0
    known[found] = splits[lines[found]]
    groups[found] = parent["group_key"].take(pa.array(lines[found])).to_pylist()
    return known, groups


def inherit(
    texts: UniqueTexts, index: TextIndex, component: Ints, *, known: Ints, group: Ints
) -> Inheritance:
    """Give known texts their split, and new ones that of the known texts near them.

    Args:
        texts: The texts.
        index: The same texts.
        component: Near-duplicate group of each text, [n].
        known: Split that the parent version gave the text, or NOWHERE, [n].
        group: Number of the known or of the own group key, [n].
    """
    size, old = len(known), known >= 0
    low, high = _extremes(size, component[old], known[old])
    # Only where a group reaches into two splits does it matter which text is near which.
    tangled = (low < high)[component]
    pairs = near_pairs_between(index, np.where(tangled, np.arange(size), NOWHERE))
    left, right = np.concatenate([pairs, pairs[:, ::-1]]).T
    # A text that is near two splits itself goes first: its other neighbours may still be placed.
    barred = _weaker_of_two(texts, known, left, right) | _near_two_splits(known, left, right)
    new = ~old & ~barred
    joined = np.stack([left, right], axis=1)[new[left] & new[right]]
    part = merge_groups(np.where(tangled, np.arange(size), component), joined)
    # Known texts that each part meets: all of its group, or its neighbours where that is tangled.
    settled, meets = np.flatnonzero(old & ~tangled), new[left] & old[right]
    heads = np.concatenate([part[settled], part[left[meets]]])
    met = np.concatenate([settled, right[meets]])
    low, high = _extremes(size, heads, known[met])
    barred |= new & (low < high)[part]
    fresh = new & (low > high)[part]
    group_of_part = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(group_of_part, heads, group[met])
    return Inheritance(
        split=np.select([barred | fresh, old], [np.full(size, NOWHERE), known], low[part]),
        group=np.where(old | barred, group, group_of_part[part]),
        part=part,
        fresh=fresh,
        barred=barred,
    )


def _extremes(size: int, position: Ints, values: Ints) -> tuple[Ints, Ints]:
    """Lowest and highest value per position; where there is none, the lowest is the greater one."""
    low = np.full(size, len(SPLITS), dtype=np.int64)
    high = np.full(size, NOWHERE, dtype=np.int64)
    np.minimum.at(low, position, values)
    np.maximum.at(high, position, values)
    return low, high


def _near_two_splits(known: Ints, left: Ints, right: Ints) -> Bools:
    meets = (known[left] < 0) & (known[right] >= 0)
    low, high = _extremes(len(known), left[meets], known[right[meets]])
    return low < high


def _weaker_of_two(texts: UniqueTexts, known: Ints, left: Ints, right: Ints) -> Bools:
    """Known texts that must leave, because a near-duplicate is known in a stronger split."""
    # Other rows of eval or test are in no file of this version, so they drive nothing out.
    in_files = texts.standing <= BALANCED_UNFLAGGED
    in_files |= (texts.standing <= REPLAY_UNFLAGGED) & (known == TRAIN)
    in_files |= (texts.standing == REPLAY_ANCHOR) & (known == TEST)
    barred = np.zeros(len(known), dtype=np.bool_)
    for stronger in (TEST, EVAL):
        weaker = (known[right] >= 0) & (known[right] < stronger)
        leaving = weaker & (known[left] == stronger) & in_files[left] & in_files[right]
        barred[right[leaving]] = True
        in_files &= ~barred
    return barred
