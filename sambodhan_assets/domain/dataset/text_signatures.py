"""Shingles of texts, and what is computed from them before any two texts are compared."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sambodhan_assets.domain.dataset.columns import Ints

# Part of every version's record: another algorithm finds other pairs near the threshold.
NEAR_DUPLICATES_VERSION = "shingles-5/minhash-64x32/bands-16x4/1"

SHINGLE = 5
PERMUTATIONS = 64
BANDS = 16
# Bits of the small sets that rule out most candidates before the exact comparison.
SKETCH_BITS = 1024
# Characters hashed at once, so that the working arrays stay in the processor's cache.
CHUNK_CHARACTERS = 1 << 16

Words = npt.NDArray[np.uint64]
_Number = TypeVar("_Number", np.int64, np.uint64)


@dataclass(frozen=True, kw_only=True)
class TextIndex:
    """What is known of n texts before any two of them are compared.

    Attributes:
        band_keys: One key per band, [16, n]; texts with an equal key are candidates.
        sketches: A bit for each shingle, [n, 16] words; two shingles may share a bit.
        bit_counts: Bits in each sketch, [n].
        shingles: The distinct shingles of all texts as 32 bits of hash each, text after text.
        starts: Where in `shingles` each text begins, [n].
        counts: How many of them it has, [n].
        threshold: Lowest Jaccard similarity of near-duplicates.
    """

    band_keys: Words
    sketches: Words
    bit_counts: Ints
    shingles: npt.NDArray[np.uint32]
    starts: Ints
    counts: Ints
    threshold: float


def index_texts(texts: Sequence[str], threshold: float) -> TextIndex:
    """Compute signatures, sketches and shingle sets of normalised texts.

    Args:
        texts: Normalised texts.
        threshold: Lowest Jaccard similarity of near-duplicates.
    """
    signatures = np.empty((PERMUTATIONS, len(texts)), dtype=np.uint32)
    sketches = np.empty((len(texts), SKETCH_BITS // 8), dtype=np.uint8)
    sizes = np.array([len(text) for text in texts], dtype=np.int64)
    shingles = np.empty(int(np.maximum(sizes - SHINGLE + 1, 1).sum()), dtype=np.uint32)
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    for start, stop in _text_chunks(sizes):
        hashes, owners = _distinct_shingles(texts[start:stop])
        begins = np.searchsorted(owners, np.arange(stop - start))
        shingles[ends[start] : ends[start] + len(hashes)] = hashes
        ends[start + 1 : stop + 1] = ends[start] + np.append(begins[1:], len(hashes))
        bits = np.zeros((stop - start, SKETCH_BITS), dtype=np.bool_)
        bits[owners, hashes % SKETCH_BITS] = True
        sketches[start:stop] = np.packbits(bits, axis=1)
        scratch = np.empty_like(hashes)
        for row, (factor, offset) in enumerate(_PERMUTATIONS):
            np.multiply(hashes, factor, out=scratch)
            np.add(scratch, offset, out=scratch)
            signatures[row, start:stop] = np.minimum.reduceat(scratch, begins)
    words = sketches.view(np.uint64)
    return TextIndex(
        band_keys=_band_keys(signatures),
        sketches=words,
        bit_counts=np.bitwise_count(words).sum(axis=1, dtype=np.int64),
        shingles=shingles[: ends[-1]],
        starts=ends[:-1],
        counts=np.diff(ends),
        threshold=threshold,
    )


def _band_keys(signatures: npt.NDArray[np.uint32]) -> Words:
    bands = np.zeros((BANDS, signatures.shape[1]), dtype=np.uint64)
    for row, minima in enumerate(signatures):
        band = row // (PERMUTATIONS // BANDS)
        bands[band] = _mix(bands[band] ^ minima)
    return bands


def _text_chunks(sizes: Ints) -> Iterator[tuple[int, int]]:
    chunk = np.cumsum(sizes) // CHUNK_CHARACTERS
    bounds = [0, *(np.flatnonzero(np.diff(chunk)) + 1).tolist(), len(sizes)]
    return (bound for bound in pairwise(bounds) if bound[0] < bound[1])


def _distinct_shingles(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint32], Ints]:
    """Hash all runs of five characters, once per text: the hashes, and the text of each."""
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
    owners = np.repeat(np.arange(len(texts), dtype=np.uint64), sizes - (SHINGLE - 1))
    # 32 bits of hash: within a pair of texts two different shingles are taken for the same once in
    # about 10^5 pairs.
    tagged = distinct(owners << np.uint64(32) | _mix(hashes[inside]) >> np.uint64(32))
    return tagged.astype(np.uint32), (tagged >> np.uint64(32)).astype(np.int64)


def distinct(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """The values in ascending order, each once."""
    # Not np.unique: since NumPy 2.3 it hashes integers, which took 37 s where this takes one.
    values = np.sort(values)
    return values[np.append(True, values[1:] != values[:-1])[: len(values)]]


def _mix(values: Words) -> Words:
    # The finaliser of SplitMix64: every input bit changes every output bit.
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


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
