"""Recognises numbers of bank accounts: 9 to 20 digits beside a word for bank or account."""

from collections.abc import Iterator

from sambodhan_assets.domain.privacy.context_words import ContextWord, beside
from sambodhan_assets.domain.privacy.findings import BANK_ACCOUNT, Candidate
from sambodhan_assets.domain.privacy.number_runs import Number, is_in_code, number_groups, numbers

_LEAST = 9
_WORD = ContextWord(
    r"(?<![a-z])(?:banks?|accounts?|a/c|acc?t?(?=[ .:#])|khata|khaata|iban)(?![a-z])"
    r"|बैंक|बैङ्क|बैँक|खाता|एकाउन्ट|अकाउन्ट|एकाउण्ट"
)


def recognise_bank_accounts(text: str) -> Iterator[Candidate]:
    """Account numbers in a shown text."""
    if not _WORD.anywhere(text):
        return
    groups = number_groups(text)
    # Of the ways to read the same groups the longest, each group in one number only.
    found: list[tuple[int, int]] = []
    ways = [
        way
        for way in numbers(text, groups, least=_LEAST, most=20)
        if _has_shape(way) and not (way.joint == " " and is_in_code(text, way.start, way.end))
    ]
    for way in sorted(ways, key=lambda one: (one.start, -one.end)):
        if not found or way.start >= found[-1][1]:
            found.append((way.start, way.end))
    yield from beside(_WORD, BANK_ACCOUNT, text, found)


def _has_shape(number: Number) -> bool:
    if number.joint in (None, "/"):
        return False
    # A whole account in one group: what follows it is another number.
    if len(number.groups) > 1 and max(number.sizes) >= _LEAST:
        return False
    *full, last = number.sizes
    # With spaces, short groups are numbers of their own: "account 012 3456 7890 5 times".
    return number.joint != " " or (min(full) >= 3 and last >= 2)
