"""Takes numbers apart that are written in groups: "4000 0012-3456"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_GROUP = re.compile("[0-9]+")
# What may stand between two groups of one number; a comma never does.
_SEPARATORS = {
    **{" " * spaces: " " for spaces in (1, 2)},
    **{
        before + mark + after: mark for mark in "-./" for before in ("", " ") for after in ("", " ")
    },
}
_LONGEST_SEPARATOR = 3
MOST_DIGITS = 20
_CODE_BEFORE = re.compile(r"[0-9][A-Za-z]{1,7}\Z")
_CODE_BEHIND = re.compile(r"[A-Za-z]{1,7}[0-9]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Digits side by side.

    Attributes:
        start: Position of the first digit.
        end: Position behind the last digit.
        joint: What separates it from the group before: " ", "-", "." or "/"; None if they belong
            to different numbers.
    """

    start: int
    end: int
    joint: str | None

    @property
    def size(self) -> int:
        """Number of digits."""
        return self.end - self.start


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """Groups side by side that may be one number.

    Attributes:
        groups: One or more.
        digits: All digits.
        joint: What separates the groups; "" for one group, None if they are separated unequally.
    """

    groups: tuple[Group, ...]
    digits: str
    joint: str | None

    @property
    def start(self) -> int:
        """Position of the first digit."""
        return self.groups[0].start

    @property
    def end(self) -> int:
        """Position behind the last digit."""
        return self.groups[-1].end

    @property
    def sizes(self) -> tuple[int, ...]:
        """Digits per group."""
        return tuple(group.size for group in self.groups)


def is_in_code(text: str, start: int, end: int) -> bool:
    """Whether letters and digits go on beside a number, as in "d976400 4152e86"."""
    return bool(
        _CODE_BEFORE.search(text, max(0, start - 8), start) or _CODE_BEHIND.match(text, end)
    )


def number_groups(text: str) -> list[Group]:
    """All groups of a shown text, in its order."""
    groups: list[Group] = []
    end = -1
    for match in _GROUP.finditer(text):
        near = 0 < match.start() - end <= _LONGEST_SEPARATOR and end >= 0
        joint = _SEPARATORS.get(text[end : match.start()]) if near else None
        groups.append(Group(start=match.start(), end=match.end(), joint=joint))
        end = match.end()
    return groups


def numbers(text: str, groups: list[Group], *, least: int, most: int) -> Iterator[Number]:
    """Every way to read `least` to `most` digits (at most 20) as one number, in text order.

    A number begins and ends with a group, so there are at most 20 ways per group.
    """
    for first in range(len(groups)):
        digits, joint = "", ""
        for last in range(first, len(groups)):
            one = groups[last]
            if last > first:
                if one.joint is None:
                    break
                joint = one.joint if joint in ("", one.joint) else None
            if len(digits) + one.size > min(most, MOST_DIGITS):
                break
            digits += text[one.start : one.end]
            if len(digits) >= least:
                yield Number(groups=(*groups[first : last + 1],), digits=digits, joint=joint)
