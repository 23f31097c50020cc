"""Finds personal data in a text: e-mail, phones, numbers of documents and accounts, places, links.

Names of people are outside of what it can find: no rule tells them from the names of places,
offices and roads that a grievance is about.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from sambodhan_assets.domain.privacy.bank_accounts import recognise_bank_accounts
from sambodhan_assets.domain.privacy.cards import recognise_cards
from sambodhan_assets.domain.privacy.coordinates import (
    recognise_coordinates,
    recognise_map_links,
)
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

_OF_NUMBERS: tuple[Recogniser, ...] = (
    recognise_phones,
    recognise_identity_numbers,
    recognise_cards,
    recognise_bank_accounts,
    recognise_coordinates,
)
_OF_SIGNS: tuple[Recogniser, ...] = (recognise_emails, recognise_url_tokens, recognise_map_links)
RECOGNISERS: tuple[Recogniser, ...] = (*_OF_NUMBERS, *_OF_SIGNS)

_PLACEHOLDER = re.compile("|".join(map(re.escape, sorted(set(PLACEHOLDERS.values())))))
_DIGIT = re.compile(r"\d")
# What every number holds: six digits with little between them, or the beginning of a decimal or of
# an angle. Joiners and vowel signs are no word characters to Python.
_NUMBER = re.compile(r"\d(?:(?:\W{0,5}\d){5}|\W{0,2}\d\W{0,3}[.\u00b0\u00ba\u02dadD]\W{0,3}\d)")
# What every address, link and map holds; a full-width form may be any of it.
_SIGN = re.compile("[@=/\\[({\uff01-\uff5e\ufe6b]")
# Both cases spelled out: ignoring case takes ten times as long outside of ASCII.
_TELLING = re.compile(
    "[@=\uff01-\uff5e\ufe6b]|[\\[({]\\W{0,3}[aA]\\W{0,2}[tT]|[gG]\\W{0,2}[lL]\\W{0,2}/"
    "|[oO][sS][mM]|[pP][aA][gG][eE]|[mM][aA][pP][sS]"
)


def find_personal_data(text: str) -> list[Finding]:
    """The personal data of a text, in its order; no two findings overlap, the longest count.

    Most texts hold neither six digits side by side nor a sign, and are known to hold none: that
    keeps a scan fast. The work grows with the length of the text and not faster.
    """
    numbers = _DIGIT.search(text) and _NUMBER.search(text)
    signs = _SIGN.search(text) and (numbers or _TELLING.search(text))
    if not numbers and not signs:
        return []
    return found_by((*(_OF_NUMBERS if numbers else ()), *(_OF_SIGNS if signs else ())), text)


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
