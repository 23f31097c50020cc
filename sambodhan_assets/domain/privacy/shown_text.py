"""The form of a text in which recognisers search: one kind of digit, hyphen, quote and space."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import chain

_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_QUOTES = {
    **dict.fromkeys(map(ord, "\u2018\u2019\u2032\u02b9\u00b4\u02bc"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u2033\u02ba"), '"'),
    **dict.fromkeys(map(ord, "\u00ba\u02da"), "\u00b0"),
}
# Not shown, and of no category that says so.
_ALSO_INVISIBLE = [0x034F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]
_SPECIAL_SPACES = "\u2800\u3164"
# Planes without digits, spaces and format characters are left out: there are a million of them.
_CODES = (range(0x20000), range(0xE0000, 0xE0200))
_JOINERS = frozenset("\u200c\u200d")
ZERO_WIDTH_SPACE = "\u200b"


@cache
def _table() -> dict[int, str | None]:
    """What stands for every character that is not shown as itself; None: left out."""
    table: dict[int, str | None] = {}
    for code in chain.from_iterable(_CODES):
        letter = chr(code)
        category = unicodedata.category(letter)
        if category == "Nd":
            table[code] = str(unicodedata.decimal(letter))
        elif letter.isspace():
            table[code] = " "
        elif category == "Cf":
            table[code] = None
    # Full-width forms of ASCII, as East Asian keyboards write them.
    for code in range(0xFF01, 0xFF5F):
        table[code] = chr(code - 0xFEE0)
    table |= dict.fromkeys(_ALSO_INVISIBLE)
    table |= dict.fromkeys(map(ord, _SPECIAL_SPACES), " ")
    table |= dict.fromkeys(map(ord, _HYPHENS), "-")
    table |= {ord("\ufe6b"): "@", **_QUOTES}
    return {code: shown for code, shown in table.items() if shown != chr(code)}


@cache
def _invisible() -> frozenset[str]:
    return frozenset(chr(code) for code, shown in _table().items() if shown is None)


@cache
def _as_spaces() -> dict[int, str]:
    return dict.fromkeys(map(ord, _invisible() - _JOINERS), " ")


@dataclass(frozen=True, kw_only=True)
class ShownText:
    """A text as it looks to a reader who does not care which keyboard wrote it.

    Attributes:
        text: Digits of every system are ASCII, white space is a space, quotation marks, hyphens and
            full-width letters are ASCII, invisible characters are left out.
        positions: For each character of `text` where it stands in the original; None if nothing
            was left out, so that all positions are the same.
    """

    text: str
    positions: list[int] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Start and end in the original of a span that is not empty."""
        if self.positions is None:
            return start, end
        return self.positions[start], self.positions[end - 1] + 1


def shown(text: str) -> list[ShownText]:
    """The shown forms of a text: one, or two if it holds invisible characters that may separate.

    Inside of a number such a character is nothing, beside it it is a space: "PA01-23469" with one
    in place of the hyphen, and "no-PA0123469". Joiners (ZWJ, ZWNJ) are never a space.
    """
    forms = [_shown(text)]
    if len(forms[0].text) < len(text) and not (_invisible() - _JOINERS).isdisjoint(text):
        forms.append(_shown(text.translate(_as_spaces())))
    return forms


def _shown(text: str) -> ShownText:
    plain = text.translate(_table())
    if len(plain) == len(text):
        return ShownText(text=plain, positions=None)
    invisible = _invisible()
    positions = [at for at, letter in enumerate(text) if letter not in invisible]
    return ShownText(text=plain, positions=positions)
