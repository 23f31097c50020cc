"""In which letters texts are written, told for millions of them from their bytes."""

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from sambodhan_assets.domain.gate.scripts import MIXED_SHARE
from sambodhan_assets.domain.qa.text_bytes import TextBytes, followed_by


class Letters(StrEnum):
    """The letters of a text."""

    DEVANAGARI = "devanagari"
    LATIN = "latin"
    MIXED = "mixed"
    OTHER = "other"


# In this order they are numbered.
LETTERS = tuple(Letters)


def letters_of(texts: TextBytes) -> npt.NDArray[np.int64]:
    """For each text the position of its kind in LETTERS, [n].

    Mixed: each of both scripts has at least MIXED_SHARE of their letters. Other: no letter of
    either, or more characters of other scripts than letters of both.
    """
    data = texts.data
    lower = data | 0x20
    latin = texts.count((lower >= ord("a")) & (lower <= ord("z")) & (data < 0x80))
    # U+0900 to U+097F.
    devanagari = texts.count(followed_by(data, 0xE0, 0xA4, 0xA5))
    known = latin + devanagari
    # Lead bytes of letters: neither U+0080 to U+00BF, nor U+2000 to U+2FFF, nor emoji.
    leads = (data >= 0xC3) & (data <= 0xED) & (data != 0xE2)
    other = texts.count(leads) - devanagari
    kinds = np.full(len(known), LETTERS.index(Letters.MIXED))
    kinds[devanagari < MIXED_SHARE * known] = LETTERS.index(Letters.LATIN)
    kinds[latin < MIXED_SHARE * known] = LETTERS.index(Letters.DEVANAGARI)
    kinds[(known == 0) | (other > known)] = LETTERS.index(Letters.OTHER)
    return kinds
