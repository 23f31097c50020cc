"""Finds texts that are nearly the same: character 5-grams, MinHash, and an exact comparison.

Whether two texts are near-duplicates depends on these two texts alone: they share one of 16 bands
of their signatures, and the Jaccard similarity of their shingle sets reaches the threshold. So a
check that sees only some of the texts finds the same pairs as the program that placed them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

# Part of every version's record: another algorithm finds other pairs near the threshold.
NEAR_DUPLICATES_VERSION = "shingles-5/minhash-64x32/bands-16x4/1"

SHINGLE = 5
PERMUTATIONS = 64
BANDS = 16
# Bits of the small sets that rule out most candidates before the exact comparison.
SKETCH_BITS = 1024
# Characters hashed at once, so that the working arrays stay in the processor's cache.
CHUNK_CHARACTERS = 1 << 16
# Candidate pairs and shingles in memory at once: about 100 MB of working arrays.
CHUNK_PAIRS = 1 << 19
CHUNK_SHINGLES = 1 << 21

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
_Number = TypeVar("_Number", np.int64, np.uint64)
# Pairs of positions, one per row: [m, 2].
Pairs = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TextIndex:
    """What is known of n texts before any two of them are compared.

    Attributes:
        texts: The texts, as `cleaning.normalised` returns them.
        band_keys: One key per band, [16, n]; texts with an equal key are candidates.
        sketches: A bit for each shingle, [n, 16] words; two shingles may share a bit.
        shingle_counts: Words, repeated ones counted again, [n].
        threshold: Lowest Jaccard similarity of near-duplicates.
    """

    texts: Sequence[str]
    band_keys: Words
    sketches: Words
    shingle_counts: Ints
    threshold: float


def index_texts(texts: Sequence[str], threshold: float) -> TextIndex:
    """Compute signatures and sketches of normalised texts.

    Args:
        texts: Normalised texts.
        threshold: Lowest Jaccard similarity of near-duplicates.
    """
    signatures = np.empty((PERMUTATIONS, len(texts)), dtype=np.uint32)
    sketches = np.empty((len(texts), SKETCH_BITS // 8), dtype=np.uint8)
    counts = np.empty(len(texts), dtype=np.int64)
    for start, stop in _text_chunks(texts):
        hashes, starts = _shingles(texts[start:stop])
        counts[start:stop] = np.diff(starts, append=len(hashes))
        owners = np.repeat(np.arange(stop - start), counts[start:stop])
        bits = np.zeros((stop - start, SKETCH_BITS), dtype=np.bool_)
        bits[owners, (hashes % np.uint64(SKETCH_BITS)).astype(np.int64)] = True
        sketches[start:stop] = np.packbits(bits, axis=1)
        mixed = (hashes >> np.uint64(32)).astype(np.uint32)
        scratch = np.empty_like(mixed)
        for row, (factor, offset) in enumerate(_PERMUTATIONS):
            np.multiply(mixed, factor, out=scratch)
            np.add(scratch, offset, out=scratch)
            signatures[row, start:stop] = np.minimum.reduceat(scratch, starts)
    return TextIndex(
        texts=texts,
        band_keys=_band_keys(signatures),
        sketches=sketches.view(np.uint64),
        shingle_counts=counts,
        threshold=threshold,
    )


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


def _band_keys(signatures: npt.NDArray[np.uint32]) -> Words:
    bands = np.zeros((BANDS, signatures.shape[1]), dtype=np.uint64)
    for row, minima in enumerate(signatures):
        band = row // (PERMUTATIONS // BANDS)
        bands[band] = _mix(bands[band] ^ minima)
    return bands


def _text_chunks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    start, size = 0, 0
    for position, text in enumerate(texts):
        size += len(text)
        if size >= CHUNK_CHARACTERS:
            yield start, position + 1
            start, size = position + 1, 0
    if start < len(texts):
        yield start, len(texts)


def _shingles(texts: Sequence[str]) -> tuple[Words, Ints]:
    """Hash all runs of five characters: the hashes, and where each text's hashes start."""
    # A shorter text is filled up with a code point that no text holds: the text is its one shingle.
    padded = [text if len(text) >= SHINGLE else text.ljust(SHINGLE, "\U0010ffff") for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    sizes = np.array([len(text) for text in padded], dtype=np.int64)
    ends = np.cumsum(sizes)
    count = len(codes) - SHINGLE + 1
    hashes = codes[:count].copy()
    for offset in range(1, SHINGLE):
        hashes *= _ROLLING_FACTOR
        hashes += codes[offset : offset + count]
    inside = np.ones(count, dtype=np.bool_)
    for offset in range(1, SHINGLE):
        inside[ends[:-1] - offset] = False
    starts = np.concatenate([[0], ends[:-1]]) - (SHINGLE - 1) * np.arange(len(texts))
    return _mix(hashes[inside]), starts


def _mix(values: Words) -> Words:
    # The finaliser of SplitMix64: every input bit changes every output bit.
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


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


def _run_ends(same: npt.NDArray[np.bool_]) -> Ints:
    """For each of n positions, the end of its run; `same` tells if i and i + 1 are in one run."""
    size = len(same) + 1
    ends = np.where(np.concatenate([~same, [True]]), np.arange(1, size + 1), size)
    return np.minimum.accumulate(ends[::-1])[::-1]


def _plausible(index: TextIndex, pairs: Pairs) -> Pairs:
    """Drop pairs that cannot reach the threshold; no pair that reaches it is lost."""
    left, right = pairs[:, 0], pairs[:, 1]
    # A bit that only one text has is a shingle that only this text has.
    only_left = np.bitwise_count(index.sketches[left] & ~index.sketches[right]).sum(axis=1)
    only_right = np.bitwise_count(index.sketches[right] & ~index.sketches[left]).sum(axis=1)
    counts = index.shingle_counts
    common = np.minimum(counts[left] - only_left, counts[right] - only_right)
    return pairs[common >= index.threshold * (common + only_left + only_right)]


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
    hashes, starts = _shingles([texts[int(row)] for row in used])
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


def _constant(name: str) -> int:
    digest = hashlib.sha256(f"sambodhan/near-duplicates/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little")


_HASH_BITS = np.uint64(44)
# Fixed for ever and taken from SHA-256, because a random generator may change with its library.
_ROLLING_FACTOR = np.uint64(_constant("rolling") | 1)
_PERMUTATIONS = [
    (
        np.uint32(_constant(f"{row}/factor") & 0xFFFFFFFF | 1),
        np.uint32(_constant(f"{row}/offset") & 0xFFFFFFFF),
    )
    for row in range(PERMUTATIONS)
]
