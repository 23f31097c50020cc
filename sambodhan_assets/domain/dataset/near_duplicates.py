"""Finds texts that are nearly the same: character 5-grams, MinHash, and an exact comparison.

Whether two texts are near-duplicates depends on these two texts alone: they share one of 16 bands
of their signatures, and the Jaccard similarity of their shingle sets reaches the threshold. So a
check that sees only some of the texts finds the same pairs as the program that placed them.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sambodhan_assets.domain.dataset.columns import Bools, Ints
from sambodhan_assets.domain.dataset.text_signatures import TextIndex, Words, distinct

# Candidate pairs in memory at once: some 10 MB of working arrays.
CHUNK_PAIRS = 1 << 17
# Shingles compared at once, so that the working arrays stay in the processor's cache.
CHUNK_SHINGLES = 1 << 16
# Pairs whose sketches stay in the processor's cache: from memory they take eight times as long.
CACHED_PAIRS = 1 << 13

# Pairs of positions, one per row: [m, 2].
Pairs = npt.NDArray[np.int64]


def near_duplicate_groups(index: TextIndex) -> Ints:
    """Group texts that are connected through near-duplicates.

    Returns:
        For each text the lowest position in its group, [n].
    """
    groups = np.arange(len(index.counts), dtype=np.int64)
    # Each text against the first of its bucket, band by band: long chains of copies join here in
    # time linear in their number, and only texts of different groups are compared below.
    for keys in index.band_keys:
        order, lowest = _buckets(keys)
        pairs = np.stack([lowest, order], axis=1)
        pairs = pairs[groups[pairs[:, 0]] != groups[pairs[:, 1]]]
        groups = merge_groups(groups, _verified(index, pairs))
    return merge_groups(groups, near_pairs_between(index, groups))


def near_pairs_between(index: TextIndex, side: Ints) -> Pairs:
    """Find every near-duplicate pair whose two texts stand on different sides.

    Args:
        index: The texts.
        side: A number per text; texts with a negative number take no part.

    Returns:
        Pairs of positions, [m, 2], the lower one first, sorted.
    """
    size = len(side)
    found = [np.empty(0, dtype=np.int64)]
    members = np.flatnonzero(side >= 0)
    for keys in index.band_keys:
        for pairs in _crossing_pairs(keys, side, members):
            found.append(_plausible(index, pairs) @ np.array([size, 1]))
    numbers = distinct(np.concatenate(found))
    return _verified(index, np.stack([numbers // size, numbers % size], axis=1))


def merge_groups(groups: Ints, pairs: Pairs) -> Ints:
    """Return `groups` with the groups of each pair joined, named by their lowest member."""
    groups = groups.copy()
    left, right = pairs[:, 0], pairs[:, 1]
    while True:
        low = np.minimum(groups[left], groups[right])
        high = np.maximum(groups[left], groups[right])
        if np.array_equal(low, high):
            return groups
        np.minimum.at(groups, high, low)
        while not np.array_equal(groups, flattened := groups[groups]):
            groups = flattened


def _buckets(keys: Words) -> tuple[Ints, Ints]:
    """Positions by key; with each, the lowest position in its bucket."""
    # Not stable, which would take four times as long: the lowest position is looked for instead.
    order = np.argsort(keys)
    new = np.concatenate([[True], keys[order][1:] != keys[order][:-1]])[: len(order)]
    lowest = np.minimum.reduceat(order, np.flatnonzero(new)) if len(order) else order
    return order, lowest[np.cumsum(new) - 1]


def _crossing_pairs(keys: Words, side: Ints, members: Ints) -> Iterator[Pairs]:
    """Yield all pairs of members with equal keys and different sides, in chunks."""
    order = members[np.lexsort((side[members], keys[members]))]
    if len(order) == 0:
        return
    same_key = keys[order][1:] == keys[order][:-1]
    same_side = same_key & (side[order][1:] == side[order][:-1])
    # In this order the partners of a text run from the end of its side to the end of its key.
    first, last = _run_ends(same_side), _run_ends(same_key)
    counts = last - first
    chunk = np.cumsum(counts) // CHUNK_PAIRS
    for rows in np.split(np.arange(len(order)), np.flatnonzero(np.diff(chunk)) + 1):
        repeated = np.repeat(rows, counts[rows])
        within = np.arange(len(repeated)) - np.repeat(np.cumsum(counts[rows]), counts[rows])
        partners = last[repeated] + within
        left, right = order[repeated], order[partners]
        yield np.stack([np.minimum(left, right), np.maximum(left, right)], axis=1)


def _run_ends(same: Bools) -> Ints:
    """For each of n positions, the end of its run; `same` tells if i and i + 1 are in one run."""
    size = len(same) + 1
    ends = np.where(np.concatenate([~same, [True]]), np.arange(1, size + 1), size)
    return np.minimum.accumulate(ends[::-1])[::-1]


def _plausible(index: TextIndex, pairs: Pairs) -> Pairs:
    """Drop pairs that cannot reach the threshold; no pair that reaches it is lost."""
    blocks = [pairs[i : i + CACHED_PAIRS] for i in range(0, len(pairs), CACHED_PAIRS)]
    return np.concatenate([block[_may_be_near(index, *block.T)] for block in blocks] or [pairs])


def _may_be_near(index: TextIndex, left: Ints, right: Ints) -> Bools:
    both = index.sketches.take(left, axis=0)
    both &= index.sketches.take(right, axis=0)
    same_bits = np.bitwise_count(both).sum(axis=1, dtype=np.uint16)
    # A bit that only one text has is a shingle that only this text has.
    only_left = index.bit_counts.take(left) - same_bits
    only_right = index.bit_counts.take(right) - same_bits
    counts = index.counts
    common = np.minimum(counts.take(left) - only_left, counts.take(right) - only_right)
    return common >= index.threshold * (common + only_left + only_right)


def _verified(index: TextIndex, pairs: Pairs) -> Pairs:
    """Keep the pairs whose shingle sets have the Jaccard similarity, compared exactly."""
    pairs = _plausible(index, pairs)
    if len(pairs) == 0:
        return pairs
    chunk = np.cumsum(index.counts[pairs].sum(axis=1)) // CHUNK_SHINGLES
    parts = np.split(pairs, np.flatnonzero(np.diff(chunk)) + 1)
    kept = [part[_similarity(index, part) >= index.threshold] for part in parts]
    return np.concatenate(kept)


def _similarity(index: TextIndex, pairs: Pairs) -> npt.NDArray[np.float64]:
    sides = pairs.ravel()
    lengths = index.counts[sides]
    # Both sets of each pair side by side, tagged with the pair: what is there twice is common.
    tags = np.repeat(np.arange(len(sides), dtype=np.uint64) >> np.uint64(1), lengths)
    tags <<= np.uint64(32)
    offsets = index.starts[sides] - (np.cumsum(lengths) - lengths)
    tags |= index.shingles[np.arange(len(tags)) + np.repeat(offsets, lengths)]
    tags.sort()
    common = tags[1:][tags[1:] == tags[:-1]] >> np.uint64(32)
    shared = np.bincount(common.astype(np.int64), minlength=len(pairs))
    return shared / (lengths.reshape(-1, 2).sum(axis=1) - shared)
