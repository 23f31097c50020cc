"""Recognises e-mail addresses, also obfuscated and internationalised ones."""

import re
from collections.abc import Iterator

from sambodhan_assets.domain.privacy.findings import EMAIL, Candidate

# Letters, vowel signs and joiners of Devanagari; the danda (U+0964, U+0965) ends a sentence.
_DEVANAGARI = "\u0900-\u0963\u0970-\u097f"
_DOT = r"(?:\.|[ ]?[\[({][ ]?dot[ ]?[\])}][ ]?)"
_LATIN_HOST = rf"(?:[a-z0-9][a-z0-9-]{{0,62}}{_DOT}){{1,8}}[a-z]{{2,24}}(?![a-z0-9])"
_OTHER_HOST = rf"(?:[{_DEVANAGARI}0-9-]{{1,63}}\.){{1,4}}[{_DEVANAGARI}]{{2,24}}"
# With spaces around the sign only well-known endings: "come @ home.please".
_KNOWN_HOST = (
    rf"(?:[a-z0-9][a-z0-9-]{{0,62}}{_DOT}){{1,8}}(?:com|org|net|edu|gov|info|np|in|io|co|uk|me)"
    r"(?![a-z0-9])"
)
# Every count is bounded, so that time grows with the text alone. Not "=", which RFC 5322 allows:
# it stands before addresses more often than in them.
_ADDRESS = re.compile(
    rf"(?:(?<![a-z0-9])[a-z0-9_][a-z0-9._%+'-]{{0,127}}|[{_DEVANAGARI}][{_DEVANAGARI}0-9._-]{{0,63}})"
    rf"(?:@(?:{_LATIN_HOST}|{_OTHER_HOST})"
    rf"|[ ]{{0,2}}(?:[\[({{][ ]?at[ ]?[\])}}])[ ]{{0,2}}{_LATIN_HOST}"
    rf"|[ ]{{0,2}}@[ ]{{0,2}}{_KNOWN_HOST})",
    re.IGNORECASE,
)
_BRACKETED_AT = re.compile(r"[\[({][ ]?at[ ]?[\])}]", re.IGNORECASE)


def recognise_emails(text: str) -> Iterator[Candidate]:
    """Addresses in a shown text, without `mailto:`."""
    if "@" not in text and not _BRACKETED_AT.search(text):
        return
    for match in _ADDRESS.finditer(text):
        yield Candidate(kind=EMAIL, start=match.start(), end=match.end())
