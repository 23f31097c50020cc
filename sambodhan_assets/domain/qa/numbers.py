"""How a QA report writes numbers for people."""

_DIGITS = 3
# Digits of a 64-bit float that can matter.
_ALL_DIGITS = 17
# Nobody reads more digits than this; what is larger is written with its power of ten.
_LONG = 10**15


def plain(value: float) -> str:
    """A finite number: whole ones with thousands separators, others with three digits."""
    return _written(value, _DIGITS)


def told_apart(value: float, limit: float) -> tuple[str, str]:
    """A value and its limit with so many digits that they do not look equal unless they are.

    "is 0.2, at most 0.2 is allowed" would be said of 0.20004 otherwise.
    """
    for digits in range(_DIGITS, _ALL_DIGITS + 1):
        shown = _written(value, digits), _written(limit, digits)
        if value == limit or shown[0] != shown[1]:
            return shown
    return repr(value), repr(limit)


def _written(value: float, digits: int) -> str:
    if value == int(value) and abs(value) < _LONG:
        return f"{int(value):,}"
    if 10**digits <= abs(value) < _LONG:
        return f"{value:,.1f}"
    return f"{value:.{digits}g}"
