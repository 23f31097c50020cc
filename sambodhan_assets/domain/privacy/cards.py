"""Recognises numbers of payment cards: 13 to 19 digits whose check digit is right."""

from collections.abc import Iterator

from stdnum import luhn

from sambodhan_assets.domain.privacy.findings import CARD, Candidate
from sambodhan_assets.domain.privacy.number_runs import Number, is_in_code, number_groups, numbers

_FIRST_GROUPS = (4, 5, 6, 8)
_LONGEST_GROUP = 13


def recognise_cards(text: str) -> Iterator[Candidate]:
    """Card numbers in a shown text; no word is needed beside them."""
    for number in numbers(text, number_groups(text), least=13, most=19):
        if number.joint == " " and is_in_code(text, number.start, number.end):
            continue
        if number.digits[0] != "0" and _has_shape(number) and luhn.is_valid(number.digits):
            yield Candidate(kind=CARD, start=number.start, end=number.end)


def _has_shape(number: Number) -> bool:
    """Whether somebody writes a card in these groups: one tenth of all numbers pass Luhn."""
    if len(number.groups) == 1:
        return True
    *full, last = number.sizes
    if number.joint not in (" ", "-", ".") or last > _LONGEST_GROUP:
        return False
    if set(full) == {4} and last <= 4:
        return True
    # Two phone numbers side by side have as many digits; cards begin with 2 to 6.
    shaped = full[0] in _FIRST_GROUPS and min(*full, last, 9) >= 3
    return shaped and number.digits[0] in "23456"
