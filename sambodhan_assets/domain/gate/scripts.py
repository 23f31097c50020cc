"""In which script and language a complaint is written, by rules that can be read.

Language identifiers take Nepali in Latin letters for Indonesian, Hindi or Swahili, so romanised
Nepali is told by its function words: postpositions, endings of verbs, and words that no complaint
goes without. On the sample grievances, whose language is known, the rules are right on the share
that tests/test_scripts.py holds.
"""

import re
from enum import StrEnum

from sambodhan_assets.domain.gate.script_words import ENGLISH, ROMANISED_NEPALI


class Script(StrEnum):
    """How a text is written."""

    DEVANAGARI = "Devanagari"
    ROMANISED = "romanised Nepali"
    ENGLISH = "English"
    MIXED = "mixed"


# A place name or a "km" in the other script does not make a text mixed: one letter in five does.
MIXED_SHARE = 0.2
WORDS = re.compile(r"[a-z]+")
DEVANAGARI_LETTERS = re.compile("[\u0900-\u097f]")
LATIN_LETTERS = re.compile("[A-Za-z]")
# Spellings of one sound, in this order.
SPELLINGS = (
    ("x", "ch"),
    ("chh", "ch"),
    ("v", "b"),
    ("bh", "b"),
    ("aa", "a"),
    ("ee", "i"),
    ("oo", "u"),
)
# Endings that English words hardly have, as folded: of verbs (garnuhos, bayena) and plurals (haru).
NEPALI_ENDINGS = re.compile(
    r".(nuhos|nuhola|dinus|nchan?|ndaina|daina|echa|icha|yeko|eko|yena|ena|iyo|yo|era|haru|harule|lai)$"
)


def script_of(text: str) -> Script:
    """The script of a text; one without letters counts as mixed."""
    devanagari = len(DEVANAGARI_LETTERS.findall(text))
    latin = len(LATIN_LETTERS.findall(text))
    if not devanagari + latin:
        return Script.MIXED
    if latin < MIXED_SHARE * (devanagari + latin):
        return Script.DEVANAGARI
    if devanagari >= MIXED_SHARE * (devanagari + latin):
        return Script.MIXED
    return _latin_language(text)


def _is_nepali(word: str) -> bool:
    folded = _folded(word)
    return word not in ENGLISH and (folded in _FOLDED_NEPALI or bool(NEPALI_ENDINGS.search(folded)))


def _folded(word: str) -> str:
    """Nepali in Latin letters has no spelling: "xa", "chha" and "cha" are one word."""
    for spelling, folded in SPELLINGS:
        word = word.replace(spelling, folded)
    return word


_FOLDED_NEPALI = frozenset(_folded(word) for word in ROMANISED_NEPALI)


def _latin_language(text: str) -> Script:
    words = WORDS.findall(text.lower())
    nepali = sum(_is_nepali(word) for word in words)
    english = sum(word in ENGLISH for word in words)
    if min(nepali, english) >= 2 and min(nepali, english) >= MIXED_SHARE * (nepali + english):
        return Script.MIXED
    return Script.ROMANISED if nepali > english else Script.ENGLISH
