"""Finds personal data in a text: e-mail, phones, numbers of documents and accounts, places, links.

Names of people are outside of what it can find: no rule tells them from the names of places,
offices and roads that a grievance is about.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from sambodhan_assets.domain.privacy.bank_accounts import recognise_bank_accounts
from sambodhan_assets.domain.privacy.cards import recognise_cards
from sambodhan_assets.domain.privacy.coordinates import recognise_coordinates
from sambodhan_assets.domain.privacy.emails import recognise_emails
from sambodhan_assets.domain.privacy.findings import (
    EMAIL,
    PLACEHOLDERS,
    Candidate,
    Finding,
    settled,
)
from sambodhan_assets.domain.privacy.identity_numbers import recognise_identity_numbers
from sambodhan_assets.domain.privacy.links import recognise_url_tokens
from sambodhan_assets.domain.privacy.phones import recognise_phones
from sambodhan_assets.domain.privacy.shown_text import ZERO_WIDTH_SPACE, shown

Recogniser = Callable[[str], Iterator[Candidate]]

# The shortest number is a landline of six digits; the others need a sign.
_OF_NUMBERS: tuple[Recogniser, ...] = (
    recognise_phones,
    recognise_identity_numbers,
    recognise_cards,
    recognise_bank_accounts,
)
_OF_SIGNS: tuple[Recogniser, ...] = (recognise_emails, recognise_url_tokens, recognise_coordinates)
RECOGNISERS: tuple[Recogniser, ...] = (*_OF_NUMBERS, *_OF_SIGNS)

_PLACEHOLDER = re.compile("|".join(map(re.escape, sorted(set(PLACEHOLDERS.values())))))
_DIGIT = re.compile(r"\d")
_LEAST_DIGITS = 6
# One of these stands in every address, link and place; full-width forms too.
_SIGNS = "@=/[(\uff20\ufe6b\uff1d\uff0f\uff3b\uff08"


def find_personal_data(text: str) -> list[Finding]:
    """The personal data of a text, in its order; no two findings overlap, the longest count.

    A text without a sign and with few digits is known to hold none: most texts, and all that
    keeps a scan fast. The work grows with the length of the text and not faster.
    """
    numbers, signs = _may_hold_numbers(text), any(sign in text for sign in _SIGNS)
    if not numbers and not signs:
        return []
    recognisers = (*(_OF_NUMBERS if numbers else ()), *(_OF_SIGNS if numbers or signs else ()))
    return found_by(recognisers, text)


def found_by(recognisers: Iterable[Recogniser], text: str) -> list[Finding]:
    """What some recognisers find in a text, whatever it looks like."""
    # "[PAN]" is no word beside the next number.
    text = _PLACEHOLDER.sub(_hidden, text) if "[" in text else text
    candidates = [
        replace(one, start=start, end=end)
        for view in shown(text)
        for recognise in recognisers
        for one in recognise(view.text)
        for start, end in [view.original(one.start, one.end)]
    ]
    return [
        Finding(kind=one.kind, start=_start(text, one), end=one.end) for one in settled(candidates)
    ]


def _hidden(placeholder: re.Match[str]) -> str:
    return "\ufffc" * len(placeholder[0])


def _start(text: str, found: Candidate) -> int:
    """Where an address begins that zero width spaces enclose: behind the first of them."""
    if found.kind == EMAIL and text.startswith(ZERO_WIDTH_SPACE, found.end):
        return text.find(ZERO_WIDTH_SPACE, found.start, found.end) + 1 or found.start
    return found.start


def _may_hold_numbers(text: str) -> bool:
    found = _DIGIT.search(text)
    return found is not None and len(_DIGIT.findall(text, found.start())) >= _LEAST_DIGITS
