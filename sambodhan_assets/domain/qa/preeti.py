"""Tells Nepali that was typed for the font Preeti: Latin letters and signs, read as Devanagari.

Without the font it is gibberish: "kfgL cfPg" for "पानी आएन". Two tables of pairs of neighbouring
characters are compared, one of Nepali as it is typed for Preeti, one of English and of Nepali in
Latin letters. Both are counted from the phrases of the sample grievances.
"""

import re
from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt

from sambodhan_assets.domain.dataset.columns import Bools, Ints
from sambodhan_assets.domain.gate.script_words import ENGLISH, ROMANISED_NEPALI
from sambodhan_assets.domain.qa.text_bytes import SPACE, TextBytes
from sambodhan_assets.domain.sample.phrases import Phrases
from sambodhan_assets.domain.sample.phrases_english import ENGLISH as ENGLISH_PHRASES
from sambodhan_assets.domain.sample.phrases_nepali import NEPALI
from sambodhan_assets.domain.sample.phrases_romanised import ROMANISED

# As logarithms: of a word that is taken for Preeti, of such words of a text together, and of these
# per word of the text. On 3,881 real complaints as they are they raise no false alarm; of 1,506
# Nepali ones that `as_preeti` turned into Preeti they find all.
WORD_ODDS = 3.0
TEXT_ODDS = 6.0
ODDS_PER_WORD = 1.0
SMOOTHING = 0.5
_NO_ASCII = 127
_SLOT = re.compile(r"\{\w+\}")

_KEYS = dict(
    zip(
        "कखगघङचछजटठडढतथदधनपबभमयरलवशसहअइउऋए०१२३४५६७८९।?().",
        "svu3ªr5h6789tybwgkaedo/njz;xcOpCP)!@#$%^&*(.<-_=",
        strict=True,
    ),
    **{"झ": "em", "ञ": "`", "ण": "0f", "फ": "km", "ष": "if", "क्ष": "If", "त्र": "q"},
    **{"ज्ञ": "1", "श्र": ">", "द्य": "B", "द्ध": "4", "द्द": "2", "त्त": "Q"},
    **{"आ": "cf", "ई": "O{", "ऊ": "pm", "ऐ": "P]", "ओ": "cf]", "औ": "cf}"},
)
_SIGNS = dict(zip("ाीुूृेैंँः्", "fL'\"[]}+FM\\", strict=True)) | {"ो": "f]", "ौ": "f}"}
_HALVES = dict(zip("कखगचजञणतथधनपबभमलवशषसह", "SVURH~0TYWGKAEDNJZi:X", strict=True)) | {"क्ष": "I"}
# Keys of their own; with a further consonant behind, only the first is typed as a half.
_JOINED = "क्ष|त्र|ज्ञ|श्र|द्य|द्ध|द्द|त्त"
_LETTER = f"(?:{_JOINED}|[क-ह])"
_HALF_LETTER = f"(?!(?:{_JOINED})(?!्)){_LETTER}्(?=[क-ह])(?!र)"
# A cluster of consonants with its vowel, or any other letter.
_SYLLABLE = re.compile(
    rf"(?P<hook>र्(?={_LETTER}))?(?P<halves>(?:{_HALF_LETTER})*)(?P<last>{_LETTER})"
    r"(?P<ra>्र)?(?P<vowel>[ािीुूृेैोौ]|्(?![क-ह]))?(?P<nasal>[ंँः]*)|."
)
_HALF = re.compile(rf"({_LETTER})्")
_JOINERS = re.compile("[\u200c\u200d]")


def as_preeti(text: str) -> str:
    """What is typed for the font Preeti, so that it shows a text in Devanagari."""
    return _SYLLABLE.sub(_typed, _JOINERS.sub("", text))


def _typed(found: re.Match[str]) -> str:
    last, vowel = found["last"], found["vowel"] or ""
    if not last:
        return _KEYS.get(found[0], _SIGNS.get(found[0], found[0]))
    halves = _HALF.sub(lambda half: _half(half[1]), found["halves"])
    # The short i is typed first, and the hook of "र्" last.
    before, after = ("l", "") if vowel == "ि" else ("", _SIGNS.get(vowel, ""))
    typed = _KEYS.get(last, last)
    if last + vowel == "रु":
        typed, after = "?", ""
    if found["ra"]:
        typed += "«" if last in "टठडढ" else "|"
    hook = "{" if found["hook"] else ""
    return before + halves + typed + after + hook + "".join(_SIGNS[x] for x in found["nasal"])


def _half(letter: str) -> str:
    return _HALVES.get(letter, _KEYS.get(letter, letter) + "\\")


def holds_preeti(texts: TextBytes) -> Bools:
    """Tells which texts hold Nepali that was typed for Preeti, [n].

    Words of which each is taken for Preeti are together e^TEXT_ODDS times as likely to be so, and
    they are no small part of the text.
    """
    odds, words = _odds_and_words(texts)
    return (odds >= TEXT_ODDS) & (odds >= ODDS_PER_WORD * words)


def _odds_and_words(texts: TextBytes) -> tuple[npt.NDArray[np.float64], Ints]:
    """The odds of the Preeti words of each text as logarithm, and the number of its words, [n]."""
    data, starts = texts.data, texts.starts
    if not len(starts):
        return np.zeros(0), np.zeros(0, np.int64)
    # Outside of ASCII nothing is known: such a pair speaks for neither side.
    codes = np.minimum(data, _NO_ASCII).astype(np.int32)
    pairs = np.empty_like(codes)
    pairs[0] = SPACE << 7 | codes[0]
    np.left_shift(codes[:-1], 7, out=pairs[1:])
    pairs[1:] |= codes[1:]
    begins = np.concatenate([[0], np.flatnonzero(data <= SPACE)[:-1] + 1])
    odds = np.add.reduceat(_pair_odds()[pairs], begins)
    odds[odds < WORD_ODDS] = 0.0
    first_word = np.searchsorted(begins, starts)
    words = np.diff(np.append(first_word, len(begins)))
    return np.add.reduceat(odds, first_word), words


@cache
def _pair_odds() -> npt.NDArray[np.float64]:
    """Logarithm of how much likelier each pair of characters is in Preeti, [128 * 128]."""
    latin = [*_sentences(ENGLISH_PHRASES), *_sentences(ROMANISED), *ENGLISH, *ROMANISED_NEPALI]
    latin += [text.title() for text in latin]
    preeti, other = _pairs(map(as_preeti, _sentences(NEPALI))), _pairs(latin)
    smoothed = [(pairs + SMOOTHING) / (pairs + SMOOTHING).sum() for pairs in (preeti, other)]
    odds = np.log(smoothed[0] / smoothed[1]).reshape(128, 128)
    # Numbers, model numbers, abbreviations and punctuation: the phrases hold too few of them.
    letters = np.array([chr(code).isalpha() for code in range(128)])
    capitals = np.array([chr(code).isupper() for code in range(128)])
    for few in (~letters, capitals, np.array([chr(code) in "/-.,:" for code in range(128)])):
        odds[np.ix_(few, few)] = 0.0
    for code in (_NO_ASCII, *map(ord, "/-.,:?!&")):
        odds[code, :] = odds[:, code] = 0.0
    return odds.ravel()


def _pairs(texts: Iterable[str]) -> npt.NDArray[np.float64]:
    spaced = f" {' '.join(texts)} ".encode()
    codes = np.minimum(np.frombuffer(spaced, np.uint8), _NO_ASCII).astype(np.int64)
    return np.bincount(codes[:-1] << 7 | codes[1:], minlength=128 * 128).astype(np.float64)


def _sentences(language: Phrases) -> list[str]:
    issues = [text for three in language.issues.values() for few in three for text in few]
    pleas = [plea for few in language.pleas for plea in few]
    texts = [*issues, *pleas, *language.openings, *language.details, *language.durations]
    texts += [*language.offices, *language.towns, *language.toles]
    return [_SLOT.sub(" ", text) for text in texts]
