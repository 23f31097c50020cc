"""Recognises Nepali mobile and landline numbers, and numbers with another country's code."""

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from sambodhan_assets.domain.privacy.context_words import ContextWord, beside
from sambodhan_assets.domain.privacy.findings import LANDLINE, MOBILE, Candidate
from sambodhan_assets.domain.privacy.number_runs import is_in_code

_NEPAL = 977
_SEPARATOR = r"(?:[ ]?[-.][ ]?|[ ]{1,2})"
_COUNTRY = r"(?P<country>(?:\([ ]?)?(?P<sign>\+[ ]?|00[ ]?)?977[ ]?\)?[ ]?[-.]?[ ]?)"
_MOBILE = re.compile(
    rf"(?<![0-9])(?:{_COUNTRY}?(?:\([ ]?0[ ]?\)[ ]?|0[ -]?)?)"
    rf"(?P<body>\(?9(?:\)?{_SEPARATOR}?[0-9]){{9}})(?![0-9])"
)
# Eight digits behind the country's code, or behind a 0; area code and number.
_LANDLINES = (
    re.compile(
        rf"(?<![0-9]){_COUNTRY}(?:\(?0\)?{_SEPARATOR}?)?"
        rf"(?P<body>\(?[1-9](?:\)?{_SEPARATOR}?[0-9]){{7}})(?![0-9])"
    ),
    re.compile(rf"(?<![0-9])(?<![0-9][-.])(?P<body>\(?0(?:\)?{_SEPARATOR}?[0-9]){{8}})(?![0-9])"),
)
_SECOND = re.compile(r"[ ]?(?:/|,|&|\bor\b|\band\b|वा|र)[ ]?(?P<body>[2-9][0-9]{5,6})(?![0-9])")
_ABROAD = re.compile(rf"(?<![0-9])\+[ ]?[1-9](?:\)?{_SEPARATOR}?\(?[0-9]){{7,14}}(?![0-9])")
_GROUPS = re.compile(r"[0-9]+")

_WORD = ContextWord(
    r"(?<![a-z])(?:(?:tele)?phones?|tel|ph|fon|land-?[ ]?line|dial|contact)(?![a-z])"
    r"|फोन|टेलिफोन|टेलिफाेन|ल्यान्डलाइन|ल्याण्डलाइन|सम्पर्क"
)
_WITHOUT_AREA = re.compile(
    r"(?<![0-9])(?<![0-9][-./])"
    r"[2-9](?:[0-9]{5,6}|[0-9]{2}[ -][0-9]{3,4}|[0-9][ -][0-9]{2}[ -][0-9]{2})"
    r"(?![0-9]|[-.][0-9])"
)
_UNSEPARATED = re.compile(r"(?<![0-9])(?:0|9770?)[1-9][0-9]{7}(?![0-9])")


def recognise_phones(text: str) -> Iterator[Candidate]:
    """Phone numbers in a shown text; an extension is no part of them."""
    yield from _mobiles(text)
    for shape in _LANDLINES:
        yield from _landlines(shape, text)
    for match in _ABROAD.finditer(text) if "+" in text else ():
        kind = _kind_abroad(match[0])
        if kind is not None:
            yield Candidate(kind=kind, start=match.start(), end=match.end())
    if _WORD.anywhere(text):
        bare = [match.span() for match in _WITHOUT_AREA.finditer(text)]
        whole = _UNSEPARATED.finditer(text)
        bare += [match.span() for match in whole if _is_valid(int(match[0][-8:]))]
        yield from beside(_WORD, LANDLINE, text, sorted(bare))


def _mobiles(text: str) -> Iterator[Candidate]:
    at = 0
    while match := _MOBILE.search(text, at):
        groups = _GROUPS.findall(match["body"])
        if _is_valid(int("".join(groups))) and _is_mobile_shape(match, groups):
            yield Candidate(kind=MOBILE, start=_start(match), end=match.end())
            at = match.end()
        else:
            at = match.start() + 1


def _start(match: re.Match[str]) -> int:
    """Where a number begins: brackets around the whole of it are no part."""
    opened = match[0].startswith("(") and ")" not in match[0]
    return match.start() + len(match[0]) - len(match[0].lstrip("( ")) if opened else match.start()


def _is_mobile_shape(match: re.Match[str], groups: list[str]) -> bool:
    """Whether the groups look like one number and not like a list of numbers or a code."""
    if len(groups) == 1:
        return True
    sizes = [len(group) for group in groups]
    if min(sizes) < 2 and max(sizes) > 1:
        return False
    if is_in_code(match.string, match.start(), match.end()):
        return False
    return _is_separated_evenly(match, many=len(groups) > 3)


def _is_separated_evenly(match: re.Match[str], *, many: bool) -> bool:
    body, text = match["body"], match.string
    joints = {joint.strip(" ()") for joint in _GROUPS.split(body)[1:-1] if ")" not in joint}
    if len(joints) > 1:
        return False
    mark = (joints or {""}).pop()
    if not mark and not many:
        return True
    # A longer row of groups is something else: ISBN 978-9937-123-45-6.
    before = text[: match.start()].rstrip(" ") if not mark else text[: match.start()]
    return not (
        re.match(rf"{re.escape(mark) or ' +'}[0-9]", text[match.end() : match.end() + 4])
        or re.search(rf"[0-9]{re.escape(mark)}\Z", before[-2:])
    )


def _landlines(shape: re.Pattern[str], text: str) -> Iterator[Candidate]:
    at = 0
    while match := shape.search(text, at):
        if not _is_landline(match):
            at = match.start() + 1
            continue
        yield Candidate(kind=LANDLINE, start=_start(match), end=match.end())
        at = match.end()
        while second := _SECOND.match(text, at):
            start, at = second.span("body")
            yield Candidate(kind=LANDLINE, start=start, end=at)


def _is_landline(match: re.Match[str]) -> bool:
    groups = _GROUPS.findall(match["body"])
    national = "".join(groups).removeprefix("0")
    if len(national) != 8 or not _is_valid(int(national)) or "." in match["body"]:
        return False
    if "country" in match.re.groupindex:
        # Unseparated digits behind 977 may be anything; a sign in front says what they are.
        return match["sign"] is not None or not match["country"].endswith("7")
    if " " in match["body"] and is_in_code(match.string, match.start(), match.end()):
        return False
    area = groups[0].removeprefix("0")
    return len(area) == (1 if national[0] == "1" else 2) and min(map(len, groups[1:])) > 1


def _is_valid(national: int) -> bool:
    number = PhoneNumber(country_code=_NEPAL, national_number=national)
    return phonenumbers.is_valid_number(number)


def _kind_abroad(written: str) -> str | None:
    try:
        number = phonenumbers.parse(written, None)
    except phonenumbers.NumberParseException:
        return None
    if number.country_code == _NEPAL or not phonenumbers.is_valid_number(number):
        return None
    fixed = phonenumbers.number_type(number) == PhoneNumberType.FIXED_LINE
    return LANDLINE if fixed else MOBILE
