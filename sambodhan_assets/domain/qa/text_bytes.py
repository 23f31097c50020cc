"""The UTF-8 bytes of many texts side by side, so that letters are counted without Python loops."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sambodhan_assets.domain.dataset.columns import Bools, Ints

Bytes = npt.NDArray[np.uint8]
SPACE = 0x20


@dataclass(frozen=True, kw_only=True)
class TextBytes:
    """The texts of a batch.

    Attributes:
        data: All bytes, a space behind every text, [m].
        starts: Where each text begins, [n].
    """

    data: Bytes
    starts: Ints

    @classmethod
    def of(cls, texts: pa.Array) -> "TextBytes":
        """Lays the texts of a string array without nulls side by side."""
        wide = texts.cast(pa.large_string())
        # Every text then has a byte, and no pair of letters belongs to two texts.
        spaced = pc.call_function("binary_join_element_wise", [wide, *_empty_and_glue()])
        if isinstance(spaced, pa.ChunkedArray):
            spaced = spaced.combine_chunks()
        _, offsets, data = spaced.buffers()
        if offsets is None or data is None or not len(spaced):
            return cls(data=np.empty(0, np.uint8), starts=np.empty(0, np.int64))
        ends = np.frombuffer(offsets, np.int64)[spaced.offset : spaced.offset + len(spaced) + 1]
        return cls(
            data=np.frombuffer(data, np.uint8)[ends[0] : ends[-1]],
            starts=ends[:-1] - ends[0],
        )

    def count(self, chosen: Bools) -> Ints:
        """For each text the number of its bytes that are chosen, [n]."""
        if not len(self.starts):
            return np.zeros(0, np.int64)
        return np.add.reduceat(chosen.view(np.uint8), self.starts, dtype=np.int64)

    def characters(self) -> Ints:
        """For each text its length in characters (code points), [n]."""
        return self.count((self.data & 0xC0) != 0x80) - 1


@cache
def _empty_and_glue() -> list[pa.Scalar]:
    # Not when the module is loaded: Arrow imports pandas for its first scalar.
    return [pa.scalar(text, pa.large_string()) for text in ("", " ")]


def followed_by(data: Bytes, first: int, low: int, high: int) -> Bools:
    """Marks bytes `first` that a byte from `low` to `high` follows, [m]."""
    marks = data == first
    if len(data):
        # The last byte is a space, and no lead byte.
        marks[:-1] &= (data[1:] >= low) & (data[1:] <= high)
    return marks


def matching(texts: pa.Array, pattern: str) -> Bools:
    """Marks texts in which RE2 finds a pattern, [n]."""
    options = pc.MatchSubstringOptions(pattern)
    found = pc.call_function("match_substring_regex", [texts], options)
    return found.to_numpy(zero_copy_only=False)
