"""Recognises positions inside Nepal: pairs of decimals, degrees and minutes, links to maps."""

import re
from collections.abc import Iterator

from sambodhan_assets.domain.privacy.findings import COORDINATES, Candidate
from sambodhan_assets.domain.privacy.links import links

# Nepal with a margin of a tenth of a degree.
_LATITUDES, _LONGITUDES = (26.2, 30.6), (79.9, 88.4)
_DIRECTION = r"(?:(?<![A-Za-z])[NE]|उत्तर|पूर्व)"
_BEHIND = r"(?:[NE](?![A-Za-z])|उत्तर|पूर्व)"
_MINUTES = r"(?P<minutes{n}>[0-9]{{1,2}}(?:\.[0-9]{{1,8}})?)(?:[ ]?'|m(?![A-Za-z]))?"
_SECONDS = r"[0-9]{1,2}(?:\.[0-9]{1,8})?(?:[ ]?(?:\"|'')|s(?![A-DF-MO-Za-z]))?"
_NUMBER = r"[0-9]{{2}}(?:\.(?P<decimals{n}>[0-9]{{1,15}}))?"


def _one(n: int) -> str:
    degrees = rf"(?:[ ]?°|[dD](?=[0-9]))(?:[ ]?{_MINUTES.format(n=n)}(?:[ ]?{_SECONDS})?)?"
    return (
        rf"(?P<before{n}>{_DIRECTION}[ ]?)?(?P<degrees{n}>{_NUMBER.format(n=n)})(?:{degrees})?"
        rf"(?P<behind{n}>[ ]?{_BEHIND})?"
    )


_START, _END = r"(?<![0-9])(?<![0-9][.,])", r"(?![0-9]|[.][0-9])"
_PAIR = re.compile(rf"{_START}{_one(1)}[ ]{{0,2}}[,;/|]?[ ]{{0,2}}{_one(2)}{_END}")
_DECIMAL = re.compile(rf"{_START}(?P<value>[0-9]{{2}}\.(?P<decimals>[0-9]{{2,15}})){_END}")
_GEO = re.compile(
    r"(?<![a-z])geo:-?[0-9]{1,3}(?:\.[0-9]{1,15})?,[ ]?-?[0-9]{1,3}(?:\.[0-9]{1,15})?"
    r"(?:,-?[0-9.]{1,15})?(?:[;?][a-z0-9=.,;?&()-]*[a-z0-9)])?",
    re.IGNORECASE,
)
_WORD = re.compile(
    r"(?<![a-z])(?:gps|lat|long?|lng|latitude|longitude|coordinates?|co-ordinates?)(?![a-z])"
    r"|अक्षां?[शस]|देशान्तर|जीपीएस|निर्देशांक",
    re.IGNORECASE,
)
_WORDS_BETWEEN = re.compile(r"[^0-9]{1,30}\Z")
_JOINED = re.compile(r"[ ]*(?:and|र|ra)[ ]*\Z", re.IGNORECASE)
_WORD_REACH = 30

_SHORT_MAP_LINK = re.compile(
    r"(?:maps\.app\.goo\.gl|goo\.gl/maps|osm\.org/go|g\.page|maps\.me)/\S", re.IGNORECASE
)
_IN_LINK = re.compile(r"[0-9]{2}\.[0-9]{3,15}|[0-9]{2}°[0-9]{1,2}'")
_MOST_BETWEEN_IN_LINK = 20


def recognise_map_links(text: str) -> Iterator[Candidate]:
    """Links to a position in a shown text."""
    for link in links(text):
        if _SHORT_MAP_LINK.search(link.address) or _holds_position(link.address):
            yield Candidate(kind=COORDINATES, start=link.start, end=link.end)


def recognise_coordinates(text: str) -> Iterator[Candidate]:
    """Positions in a shown text that are no links."""
    if ":" in text:
        for match in _GEO.finditer(text):
            yield Candidate(kind=COORDINATES, start=match.start(), end=match.end())
    at = 0
    while match := _PAIR.search(text, at):
        if _is_position(match):
            yield Candidate(kind=COORDINATES, start=match.start(), end=match.end())
            at = match.end()
        else:
            at = match.start() + 1
    yield from _apart(text)


def _apart(text: str) -> Iterator[Candidate]:
    """Two numbers with words between them, which say that they are a position."""
    found = list(_DECIMAL.finditer(text))
    for first, second in zip(found, found[1:], strict=False):
        between = text[first.end() : second.start()]
        if not _WORDS_BETWEEN.match(between) or not _inside(first["value"], second["value"]):
            continue
        decimals = min(len(first["decimals"]), len(second["decimals"]))
        named = _WORD.search(text, max(0, first.start() - _WORD_REACH), second.start())
        if named or (decimals > 3 and _JOINED.match(between)):
            for match in (first, second):
                yield Candidate(kind=COORDINATES, start=match.start(), end=match.end())


def _is_position(match: re.Match[str]) -> bool:
    """Whether a pair lies in Nepal and is too exact for a temperature or a length."""
    if not _inside(match["degrees1"], match["degrees2"]):
        return False
    if all(match[f"minutes{n}"] for n in (1, 2)):
        return True
    decimals = min(len(match[f"decimals{n}"] or "") for n in (1, 2))
    directions = all(match[f"before{n}"] or match[f"behind{n}"] for n in (1, 2))
    if decimals >= 3 or (decimals == 2 and directions):
        return True
    begin, end = max(0, match.start() - _WORD_REACH), match.end() + _WORD_REACH
    return decimals == 2 and _WORD.search(match.string, begin, end) is not None


def _inside(first: str, second: str) -> bool:
    low, high = sorted((float(first), float(second)))
    return _LATITUDES[0] <= low <= _LATITUDES[1] and _LONGITUDES[0] <= high <= _LONGITUDES[1]


def _holds_position(address: str) -> bool:
    found = list(_IN_LINK.finditer(address.replace("′", "'")))
    return any(
        second.start() - first.end() <= _MOST_BETWEEN_IN_LINK
        and _inside(_degrees(first[0]), _degrees(second[0]))
        for first, second in zip(found, found[1:], strict=False)
    )


def _degrees(written: str) -> str:
    return written.partition("°")[0]
