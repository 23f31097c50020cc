"""How numbers are said to people."""


def points(value: float | None, *, signed: bool = False) -> str:
    """Show a score in [0, 1] as points of 100; None is "not measured"."""
    if value is None:
        return "not measured"
    return f"{100 * value:+.1f}" if signed else f"{100 * value:.1f}"


def count_of(count: int, noun: str) -> str:
    """A number with its noun: "1 complaint", "1,200 complaints"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def higher_or_lower(gain: float) -> str:
    """A difference of two scores in words: "0.6 points lower"."""
    shown = f"{abs(100 * gain):.1f}"
    if shown == "0.0":
        return "just as good"
    return f"{shown} points {'higher' if gain > 0 else 'lower'}"
