"""Versions of exports: MAJOR.MINOR.PATCH, or a name such as `test`; and the next one."""

import re
from collections.abc import Iterable

from sambodhan_assets.domain.errors import PermanentError

FIRST = "0.1.0"

_RELEASE = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})", re.ASCII)
_CANDIDATE = re.compile(_RELEASE.pattern + r"-[a-z0-9][a-z0-9.-]{0,63}", re.ASCII)
# No name begins like a number: a mistyped release must not become a name.
_NAME = re.compile(r"(?!v\d)[a-z][a-z0-9.-]{0,63}", re.ASCII)


def parse_version(text: str) -> str:
    """The version that somebody named; a leading "v" as in "v1.0.0" is taken off.

    Raises:
        PermanentError: It is neither a release nor a pre-release.
    """
    version = text.removeprefix("v") if re.match(r"v\d", text) else text
    if not any(form.fullmatch(version) for form in (_RELEASE, _CANDIDATE, _NAME)):
        raise PermanentError(
            tried=f"Reading the version {text!r}",
            found="it has no form of a version.",
            todo="Write MAJOR.MINOR.PATCH such as 1.0.0, a pre-release such as 1.0.0-rc.1, or a "
            "name of lower-case letters, digits, dots and hyphens such as test.",
        )
    return version


def is_release(version: str) -> bool:
    """Whether a version is MAJOR.MINOR.PATCH; all others are pre-releases."""
    return _RELEASE.fullmatch(version) is not None


def is_version(text: str) -> bool:
    """Whether a text is a version as `parse_version` returns it."""
    return any(form.fullmatch(text) for form in (_RELEASE, _CANDIDATE, _NAME))


def ordered(versions: Iterable[str]) -> list[str]:
    """Pre-releases by name, then releases from the lowest to the highest."""
    known = list(versions)
    named = sorted(version for version in known if not is_release(version))
    return [*named, *sorted((v for v in known if is_release(v)), key=_numbers)]


def newest_release(versions: Iterable[str]) -> str | None:
    """The highest release; None if there is none."""
    return max((v for v in versions if is_release(v)), key=_numbers, default=None)


def next_version(newest: str | None, *, data_changed: bool) -> str:
    """The version that follows the newest release.

    The first is 0.1.0. The minor number goes up where the data is other: dataset versions, further
    sources, tasks or label sets. The patch number goes up where the same data is exported in
    another way: sample, seed, formats, policy on personal data. The major number is for people.

    Args:
        newest: The highest release, None for the first export.
        data_changed: Whether the inputs differ from those of `newest`.
    """
    if newest is None:
        return FIRST
    major, minor, patch = _numbers(newest)
    return f"{major}.{minor + 1}.0" if data_changed else f"{major}.{minor}.{patch + 1}"


def _numbers(version: str) -> tuple[int, int, int]:
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch
