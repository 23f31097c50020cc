"""Version tags: `v{YYYYMMDD}_{HHMMSS}` in UTC, unique and increasing whatever the clock does."""

import re
from datetime import UTC, datetime, timedelta

_FORMAT = "v%Y%m%d_%H%M%S"
_PATTERN = re.compile(r"v\d{8}_\d{6}")


def is_tag(text: str) -> bool:
    """Tells whether a text has the form of a version tag."""
    return _PATTERN.fullmatch(text) is not None


def next_tag(now: datetime, newest: str | None) -> str:
    """The tag of a version published now.

    Args:
        now: Current time with a time zone.
        newest: Newest tag already taken, complete or not; None for the first.

    Returns:
        The tag of `now`, or one second past `newest` where the clock stands still or goes back.
    """
    tag = now.astimezone(UTC).strftime(_FORMAT)
    if newest is None or tag > newest:
        return tag
    after = datetime.strptime(newest, _FORMAT).replace(tzinfo=UTC) + timedelta(seconds=1)
    return after.strftime(_FORMAT)
