"""Complaints of a window whose label is told by their opening, and texts that nobody has seen."""

from typing import Any

from tests.snapshot_rows import LABELS, Row, unflagged, unlike

OPENINGS = ("please repaint the bench", "the pipe is leaking again", "fire in the school now")
LETTERS = str.maketrans("0123456789abcdef", "ghijklmnopqrstuv")
WINDOW_ROWS = 60


def ordinary(number: int, label: int) -> str:
    """A text whose opening tells the label."""
    return f"{OPENINGS[label]} {unlike(number)}"


def alien(number: int) -> str:
    """A text of words that nothing but other aliens holds, and no near-duplicate of them."""
    return f"zqxv wkpj vvqz {unlike(number).translate(LETTERS)}"


def unflagged_row(complaint_id: int, text: str, label: int, **other: Any) -> Row:
    return unflagged(complaint_id, text, LABELS[label], **({"sample_rank": complaint_id} | other))


def everyday(count: int = WINDOW_ROWS, *, start: int = 1) -> list[Row]:
    """Unflagged complaints, mostly normal ones, rightly answered."""
    rows = range(start, start + count)
    return [unflagged_row(n, ordinary(n, n % 3 // 2), n % 3 // 2) for n in rows]


def twins(count: int) -> list[str]:
    """Near-duplicates of each other, each with a text key of its own."""
    stem = "zqxv wkpj vvqz mmjq kkvw qqzj wwxk jjqv xxwz the same words again and again and again"
    return [f"{stem} {number}" for number in range(count)]
