"""Finds texts that are nearly the same: character 5-grams, MinHash, and an exact comparison.

Whether two texts are near-duplicates depends on these two texts alone: they share one of 16 bands
of their signatures, and the Jaccard similarity of their shingle sets reaches the threshold. So a
check that sees only some of the texts finds the same pairs as the program that placed them.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sambodhan_assets.domain.dataset.columns import Bools, Ints
from sambodhan_assets.domain.dataset.text_signatures import TextIndex, Words, shingles

# Candidate pairs and shingles in memory at once: some 50 MB of working arrays.
CHUNK_PAIRS = 1 << 18
CHUNK_SHINGLES = 1 << 20
# Pairs whose sketches stay in the processor's cache: from memory they take eight times as long.
CACHED_PAIRS = 1 << 13

_HASH_BITS = np.uint64(44)
_Number = TypeVar("_Number", np.int64, np.uint64)
# Pairs of positions, one per row: [m, 2].
Pairs = npt.NDArray[np.int64]


def near_duplicate_groups(index: TextIndex) -> Ints:
    """Group texts that are connected through near-duplicates.

    Returns:
        For each text the lowest position in its group, [n].
    """
    groups = np.arange(len(index.texts), dtype=np.int64)
    # Each text against the first of its bucket, band by band: long chains of copies join here in
    # time linear in their number, and only texts of different groups are compared below.
    for keys in index.band_keys:
        order, first = _buckets(keys)
        pairs = np.stack([order[first], order], axis=1)
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
    numbers = _distinct(np.concatenate(found))
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
    """Sort positions by key; with each, where in that order its bucket starts."""
    order = np.argsort(keys, kind="stable")
    new = np.concatenate([[True], keys[order][1:] != keys[order][:-1]])[: len(order)]
    return order, np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))


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
    counts = index.shingle_counts
    common = np.minimum(counts.take(left) - only_left, counts.take(right) - only_right)
    return common >= index.threshold * (common + only_left + only_right)


def _verified(index: TextIndex, pairs: Pairs) -> Pairs:
    """Keep the pairs whose shingle sets have the Jaccard similarity, compared exactly."""
    pairs = _plausible(index, pairs)
    if len(pairs) == 0:
        return pairs
    chunk = np.cumsum(index.shingle_counts[pairs].sum(axis=1)) // CHUNK_SHINGLES
    parts = np.split(pairs, np.flatnonzero(np.diff(chunk)) + 1)
    kept = [part[_similarity(index.texts, part) >= index.threshold] for part in parts]
    return np.concatenate(kept)


def _similarity(texts: Sequence[str], pairs: Pairs) -> npt.NDArray[np.float64]:
    used, position = np.unique(pairs, return_inverse=True)
    hashes, starts = shingles([texts[int(row)] for row in used])
    # 44 bits of hash beside 20 of text number: within one pair two different shingles are taken for
    # the same once in about 10^9 pairs.
    owner = np.repeat(np.arange(len(used)), np.diff(starts, append=len(hashes)))
    distinct = _distinct(owner.astype(np.uint64) << _HASH_BITS | hashes >> np.uint64(20))
    sizes = np.bincount((distinct >> _HASH_BITS).astype(np.int64), minlength=len(used))
    first = np.cumsum(sizes) - sizes
    # Both sets of each pair side by side, tagged with the pair: what is there twice is common.
    sides = position.ravel()
    lengths = sizes[sides]
    tags = np.repeat(np.arange(len(sides)) // 2, lengths).astype(np.uint64) << _HASH_BITS
    within = np.arange(len(tags)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    gathered = distinct[np.repeat(first[sides], lengths) + within]
    tagged = np.sort(tags | gathered & ((np.uint64(1) << _HASH_BITS) - np.uint64(1)))
    common = tagged[1:][tagged[1:] == tagged[:-1]] >> _HASH_BITS
    shared = np.bincount(common.astype(np.int64), minlength=len(pairs))
    return shared / (lengths.reshape(-1, 2).sum(axis=1) - shared)


def _distinct(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    # Not np.unique: since NumPy 2.3 it hashes integers, which took 37 s where this takes one.
    values = np.sort(values)
    return values[np.append(True, values[1:] != values[:-1])[: len(values)]]
