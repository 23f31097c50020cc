"""Finds texts that are nearly the same: character 5-grams, MinHash, and an exact comparison.

Whether two texts are near-duplicates depends on these two texts alone: they share one of 16 bands
of their signatures, and the Jaccard similarity of their shingle sets reaches the threshold. So a
check that sees only some of the texts finds the same pairs as the program that placed them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Part of every version's record: another algorithm finds other pairs near the threshold.
NEAR_DUPLICATES_VERSION = "minhash-64x32-bands-16x4-shingles-5/1"

SHINGLE = 5
PERMUTATIONS = 64
BANDS = 16
# A pair whose signatures agree this much less than the threshold is not compared exactly: 3.5
# standard errors of the estimate, which loses 1 pair in 4,000 at the threshold.
ESTIMATE_MARGIN = 0.2
# Characters hashed at once, so that the working arrays stay in the processor's cache.
CHUNK_CHARACTERS = 1 << 16
# Candidate pairs and shingles in memory at once: about 100 MB of working arrays.
CHUNK_PAIRS = 1 << 19
CHUNK_SHINGLES = 1 << 21

Ints = npt.NDArray[np.int64]
Shingles = npt.NDArray[np.uint64]
# Pairs of positions, one per row: [m, 2].
Pairs = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TextIndex:
    """Signatures of some texts.

    Attributes:
        texts: The texts, as `cleaning.normalised` returns them.
        short_signatures: Low byte of each minimum, [n, 64] uint8.
        band_keys: One key per band, [16, n] uint64; equal keys make a candidate pair.
        threshold: Lowest Jaccard similarity of a near-duplicate.
    """

    texts: Sequence[str]
    short_signatures: npt.NDArray[np.uint8]
    band_keys: Shingles
    threshold: float


def index_texts(texts: Sequence[str], threshold: float) -> TextIndex:
    """Compute the signatures of normalised texts; the same texts give the same signatures."""
    signatures = np.empty((PERMUTATIONS, len(texts)), dtype=np.uint32)
    for start, stop in _text_chunks(texts):
        hashes, starts = _shingles(texts[start:stop])
        mixed = (hashes >> np.uint64(32)).astype(np.uint32)
        scratch = np.empty_like(mixed)
        for row, (factor, offset) in enumerate(_PERMUTATIONS):
            np.multiply(mixed, factor, out=scratch)
            np.add(scratch, offset, out=scratch)
            signatures[row, start:stop] = np.minimum.reduceat(scratch, starts)
    rows = PERMUTATIONS // BANDS
    bands = np.zeros((BANDS, len(texts)), dtype=np.uint64)
    for row in range(PERMUTATIONS):
        bands[row // rows] = _mix(bands[row // rows] ^ signatures[row])
    short = np.ascontiguousarray(signatures.astype(np.uint8).T)
    return TextIndex(texts=texts, short_signatures=short, band_keys=bands, threshold=threshold)


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
    found = [np.empty((0, 2), dtype=np.int64)]
    members = np.flatnonzero(side >= 0)
    for keys in index.band_keys:
        for pairs in _crossing_pairs(keys, side, members):
            found.append(_plausible(index, pairs))
    return _verified(index, np.unique(np.concatenate(found), axis=0))


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


def _text_chunks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    start, size = 0, 0
    for position, text in enumerate(texts):
        size += len(text)
        if size >= CHUNK_CHARACTERS:
            yield start, position + 1
            start, size = position + 1, 0
    if start < len(texts):
        yield start, len(texts)


def _shingles(texts: Sequence[str]) -> tuple[Shingles, Ints]:
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


def _mix(values: Shingles) -> Shingles:
    # The finaliser of SplitMix64: every input bit changes every output bit.
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _buckets(keys: Shingles) -> tuple[Ints, Ints]:
    """Sort positions by key; with each, where in that order its bucket starts."""
    order = np.argsort(keys, kind="stable")
    new = np.concatenate([[True], keys[order][1:] != keys[order][:-1]])[: len(order)]
    return order, np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))


def _crossing_pairs(keys: Shingles, side: Ints, members: Ints) -> Iterator[Pairs]:
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
        pairs = np.stack([order[repeated], order[partners]], axis=1)
        yield np.sort(pairs, axis=1)


def _run_ends(same: npt.NDArray[np.bool_]) -> Ints:
    """For each of n positions, the end of its run; `same` tells if i and i + 1 are in one run."""
    size = len(same) + 1
    ends = np.where(np.concatenate([~same, [True]]), np.arange(1, size + 1), size)
    return np.minimum.accumulate(ends[::-1])[::-1]


def _plausible(index: TextIndex, pairs: Pairs) -> Pairs:
    needed = int(PERMUTATIONS * (index.threshold - ESTIMATE_MARGIN))
    short = index.short_signatures
    agreeing = np.count_nonzero(short[pairs[:, 0]] == short[pairs[:, 1]], axis=1)
    return pairs[agreeing >= needed]


def _verified(index: TextIndex, pairs: Pairs) -> Pairs:
    """Keep the pairs whose shingle sets have the Jaccard similarity, compared exactly."""
    pairs = _plausible(index, pairs)
    if len(pairs) == 0:
        return pairs
    sizes = np.array([len(index.texts[row]) + SHINGLE for row in pairs.ravel()])
    chunk = np.cumsum(sizes.reshape(-1, 2).sum(axis=1)) // CHUNK_SHINGLES
    parts = np.split(pairs, np.flatnonzero(np.diff(chunk)) + 1)
    kept = [part[_similarity(index.texts, part) >= index.threshold] for part in parts]
    return np.concatenate(kept)


def _similarity(texts: Sequence[str], pairs: Pairs) -> npt.NDArray[np.float64]:
    used, position = np.unique(pairs, return_inverse=True)
    position = position.reshape(-1, 2)
    hashes, starts = _shingles([texts[row] for row in used])
    # 44 bits of hash beside 20 of text number: within one pair two different shingles are taken for
    # the same once in about 10^9 pairs.
    owner = np.repeat(np.arange(len(used)), np.diff(np.append(starts, len(hashes))))
    distinct = np.unique(owner.astype(np.uint64) << np.uint64(44) | hashes >> np.uint64(20))
    shingles = distinct & np.uint64((1 << 44) - 1)
    sizes = np.bincount((distinct >> np.uint64(44)).astype(np.int64), minlength=len(used))
    begins = np.cumsum(sizes) - sizes
    lengths = sizes[position.ravel()]
    ends = np.cumsum(lengths)
    steps = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
    pair_of = np.repeat(np.arange(len(lengths)) // 2, lengths).astype(np.uint64)
    gathered = shingles[np.repeat(begins[position.ravel()], lengths) + steps]
    both = np.sort(pair_of << np.uint64(44) | gathered)
    shared = both[1:][both[1:] == both[:-1]] >> np.uint64(44)
    common = np.bincount(shared.astype(np.int64), minlength=len(pairs))
    return common / (lengths.reshape(-1, 2).sum(axis=1) - common)


def _constant(name: str) -> int:
    digest = hashlib.sha256(f"sambodhan/near-duplicates/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little")


# Fixed for ever and taken from SHA-256, because a random generator may change with its library.
_ROLLING_FACTOR = np.uint64(_constant("rolling") | 1)
_PERMUTATIONS = [
    (
        np.uint32(_constant(f"{row}/factor") & 0xFFFFFFFF | 1),
        np.uint32(_constant(f"{row}/offset") & 0xFFFFFFFF),
    )
    for row in range(PERMUTATIONS)
]
