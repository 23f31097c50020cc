"""Recognises numbers of citizenship certificates, permanent accounts (PAN) and passports."""

import re
from collections.abc import Iterator

from sambodhan_assets.domain.privacy.context_words import ContextWord, beside
from sambodhan_assets.domain.privacy.findings import CITIZENSHIP, PAN, PASSPORT, Candidate

_CITIZEN_WORD = ContextWord(
    r"(?<![a-z])(?:citizenships?|nagarikt?ta|nagarikata|nagrikta|naagarikta|nagritka)"
    r"|नागरिकता|नागरीकता|नागरिक्ता|ना\.?[ ]?प्र\.?"
)
# District, office, year, number. In this form it needs no word; without the last lookbehind the
# end of a code such as DOR-27-01-70-12345 would look like one.
_CITIZEN_USUAL = re.compile(
    r"(?<![0-9])(?<![0-9][-./])(?<![A-Za-z][-/])"
    r"[0-9]{2}(?:[ ]?[-/][ ]?[0-9]{2}){2}[ ]?[-/][ ]?[0-9]{5}(?![0-9]|[-/.][0-9])"
)
_CITIZEN_OTHER = re.compile(
    r"(?<![0-9])(?<![0-9][-./])(?:"
    r"[0-9]{2}(?:(?:[ ]?[-/.][ ]?|[ ])[0-9]{2}){2}(?:[ ]?[-/.][ ]?|[ ])[0-9]{3,6}"
    r"|[0-9]{11}"
    r"|(?!20[0-9]{2}/0?[0-9]{2}(?![0-9]))[0-9]{2,6}[ ]?/[ ]?[0-9]{2,6}"
    r")(?![0-9]|[-/.][0-9])"
)
_PAN_WORD = ContextWord(
    r"(?<![a-z])(?:pan|p\.[ ]?a\.[ ]?n\.?|permanent account (?:no|number)|pyan)(?![a-z])"
    r"|प्यान|पान[ ]?(?:कार्ड|नं|नम्बर|नंबर|न\.)|स्था(?:यी|ई|यि)[ ]लेखा"
)
_PAN_NUMBER = re.compile(r"(?<![0-9])(?:[0-9]{9}|[0-9]{3}([ .-])[0-9]{3}\1[0-9]{3})(?![0-9])")
_PASSPORT_WORD = ContextWord(
    r"(?<![a-z])(?:e-?)?passports?(?![a-z])|(?<![a-z])(?:rahadani|rahdani|raahadani)"
    r"|राहदानी|राहादानी|पासपोर्ट"
)
# Small letters only without a space: "passport is 1234567".
_PASSPORT_NUMBER = re.compile(
    r"(?<![A-Za-z0-9])(?:(?!(?i:no))(?:[A-Za-z]{1,2}|[A-Z]{1,2}[ -])[0-9]{7,8}|[0-9]{8})(?![0-9])"
    r"|(?<![A-Za-z0-9])(?i:no)(?P<old>[0-9]{8})(?![0-9])"
)


def recognise_identity_numbers(text: str) -> Iterator[Candidate]:
    """Citizenship, permanent account and passport numbers in a shown text."""
    for match in _CITIZEN_USUAL.finditer(text):
        yield Candidate(kind=CITIZENSHIP, start=match.start(), end=match.end())
    yield from _beside(_CITIZEN_WORD, CITIZENSHIP, _CITIZEN_OTHER, text)
    yield from _beside(_PAN_WORD, PAN, _PAN_NUMBER, text)
    yield from _beside(_PASSPORT_WORD, PASSPORT, _PASSPORT_NUMBER, text)


def _beside(word: ContextWord, kind: str, shape: re.Pattern[str], text: str) -> Iterator[Candidate]:
    if not word.anywhere(text):
        return
    last = shape.groupindex.get("old", 0)
    spans = [match.span(last if last and match[last] else 0) for match in shape.finditer(text)]
    yield from beside(word, kind, text, spans)
