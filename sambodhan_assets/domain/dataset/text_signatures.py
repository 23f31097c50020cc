"""Shingles of texts, and what is computed from them before any two texts are compared."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True)
class TextIndex:
    """What is known of n texts before any two of them are compared.

    Attributes:
        texts: The texts, as `cleaning.normalised` returns them.
        band_keys: One key per band, [16, n]; texts with an equal key are candidates.
        sketches: A bit for each shingle, [n, 16] words; two shingles may share a bit.
        bit_counts: Bits in each sketch, [n].
        shingle_counts: Shingles, repeated ones counted again, [n].
        threshold: Lowest Jaccard similarity of near-duplicates.
    """

    texts: Sequence[str]
    band_keys: Words
    sketches: Words
    bit_counts: Ints
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
        hashes, starts = shingles(texts[start:stop])
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
    words = sketches.view(np.uint64)
    return TextIndex(
        texts=texts,
        band_keys=_band_keys(signatures),
        sketches=words,
        bit_counts=np.bitwise_count(words).sum(axis=1, dtype=np.int64),
        shingle_counts=counts,
        threshold=threshold,
    )


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


def shingles(texts: Sequence[str]) -> tuple[Words, Ints]:
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
