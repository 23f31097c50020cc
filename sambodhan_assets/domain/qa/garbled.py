"""Tells texts that were damaged on their way, and texts that never said anything."""

import re
from collections.abc import Iterator
from enum import StrEnum

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.dataset.columns import Bools
from sambodhan_assets.domain.qa.keyboard_mash import is_keyboard_mash
from sambodhan_assets.domain.qa.preeti import holds_preeti
from sambodhan_assets.domain.qa.text_bytes import TextBytes, followed_by, matching


class Garbled(StrEnum):
    """How a text is garbled."""

    REPLACEMENT = "replacement_chars"
    MOJIBAKE = "mojibake"
    CONTROL = "control"
    PREETI = "preeti"
    MASH = "keyboard_mash"


# What CP1252 and Latin-1 show for the bytes 0x80 to 0xBF, which continue a character in UTF-8.
_CONTINUATION = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_MOJIBAKE = re.compile(
    # Two bytes: of the leads only those of U+0080 to U+00FF, for an "É" may stand before a quote.
    rf"[ÂÃ][{_CONTINUATION}]|[à-ïãâ][{_CONTINUATION}]{{2}}|[ðÐ][{_CONTINUATION}]{{3}}"
    # Cut short, or with a byte that was dropped: quotes, and Devanagari.
    r"|[âÂ]€|[àÀ][¤¥]|(?<!\S)Â(?!\S)"
    # Devanagari and quotes read as Mac Roman.
    r"|‡[§•]|‚Ä"
    # UTF-16 read byte by byte: the high byte of Devanagari is a tab.
    r"|(?:[^\t\n]\t){6}"
)
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef"
    "\ufff0-\ufffb\ufffe\uffff\U000f0000-\U0010ffff]"
)
_REPLACEMENT = re.compile("[\ufffc\ufffd]|□.*□", re.DOTALL)
# Letters that an old code page lacks become question marks, one for one.
_LOST_WORD = re.compile(r"(?<!\S)\?{2,}(?!\S)")
_LOST_WORDS = 3

# Nothing else can hold any of the above; RE2 knows it in one pass without Python.
_SUSPECT = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}ÂÃÐâãà-ïð‡‚□"
    r"\x{e000}-\x{f8ff}\x{fdd0}-\x{fdef}\x{fff0}-\x{ffff}\x{f0000}-\x{10ffff}]"
    r"|\?\?(?s:.*)\?\?|(?:[^\t\n]\t){6}"
)
# A word of mash has hardly a vowel, or keeps to few keys. What is left is looked at in Python.
_FEW_VOWELS = 0.22
_VOWELS = np.isin(np.arange(256), [ord(vowel) for vowel in "aeiouyAEIOUY"])


def damage(text: str) -> Garbled | None:
    """How the characters of a text were damaged, None if they were not: all kinds but Preeti."""
    if _MOJIBAKE.search(text):
        return Garbled.MOJIBAKE
    if _REPLACEMENT.search(text) or len(_LOST_WORD.findall(text)) >= _LOST_WORDS:
        return Garbled.REPLACEMENT
    return Garbled.CONTROL if _CONTROL.search(text) else None


def garbled_texts(texts: pa.Array, laid_out: TextBytes) -> Iterator[tuple[int, Garbled]]:
    """Yields position and kind of every garbled text, in the order of the texts."""
    suspect = matching(texts, _SUSPECT)
    preeti = holds_preeti(laid_out)
    maybe_mash = _maybe_mash(laid_out)
    for position in np.flatnonzero(suspect | preeti | maybe_mash).tolist():
        text = texts[position].as_py()
        if suspect[position] and (kind := damage(text)):
            yield position, kind
        elif maybe_mash[position] and is_keyboard_mash(text):
            yield position, Garbled.MASH
        elif preeti[position]:
            yield position, Garbled.PREETI


def garbled_kind(text: str) -> Garbled | None:
    """How one text is garbled, None if it is not."""
    # A lone surrogate has no UTF-8, and so no Arrow array.
    if kind := damage(text):
        return kind
    array = pa.array([text])
    return next((kind for _, kind in garbled_texts(array, TextBytes.of(array))), None)


def _maybe_mash(texts: TextBytes) -> Bools:
    """Texts with few vowels, or of few letters for their length, or without any letter, [n]."""
    data = texts.data
    lower = data | 0x20
    letters = texts.count((lower >= ord("a")) & (lower <= ord("z")) & (data < 0x80))
    vowels = texts.count(_VOWELS[data])
    devanagari = texts.count(followed_by(data, 0xE0, 0xA4, 0xA5))
    # U+093E to U+094F, the signs of vowels and the one that takes the vowel away.
    signs = texts.count(_devanagari_signs(data))
    same = np.zeros(len(data), dtype=np.bool_)
    if len(data):
        same[1:] = (data[1:] == data[:-1]) & (lower[1:] >= ord("a")) & (data[1:] < 0x80)
    few_vowels = (letters > 0) & (vowels < _FEW_VOWELS * letters) & (letters >= devanagari)
    one_key = texts.count(same) * 2 >= letters
    bare = (devanagari >= 8) & (signs * 12 <= devanagari) & (devanagari > letters)
    rows = (letters >= 3) & (letters <= 40) & (devanagari == 0)
    none = (letters == 0) & (devanagari == 0)
    return few_vowels | ((letters > 0) & one_key) | bare | none | rows


def _devanagari_signs(data: np.ndarray) -> Bools:
    signs = followed_by(data, 0xE0, 0xA4, 0xA5)
    if len(data) > 2:
        third = data[2:]
        second = data[1:-1]
        matra = ((second == 0xA4) & (third >= 0xBE)) | ((second == 0xA5) & (third <= 0x8F))
        signs[:-2] &= matra
    return signs
