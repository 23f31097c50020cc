"""The words and phrases of the crisis lexicon, as they stand in crisis_lexicon.csv.

A term is words separated by spaces; a word may have several forms, separated by slashes. Terms of
the category harmless are phrases in which a word of the lexicon means no harm: "fire brigade".
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.resources import files

from sambodhan_assets.domain.errors import PermanentError

LEXICON_FILE = "crisis_lexicon.csv"
# Changes with every change of terms, suffixes or rules: flags of two versions differ.
LEXICON_VERSION = "1"


class Category(StrEnum):
    """What a term stands for, the most urgent first."""

    THREAT_TO_LIFE = "threat_to_life"
    SELF_HARM = "self_harm"
    VIOLENCE = "violence"
    DISASTER = "disaster"
    HARMLESS = "harmless"


class TermScript(StrEnum):
    """How a term is written."""

    DEVANAGARI = "devanagari"
    ENGLISH = "english"
    ROMANISED = "romanised"


CRISES = tuple(category for category in Category if category is not Category.HARMLESS)


@dataclass(frozen=True, kw_only=True)
class Term:
    """One row of the lexicon.

    Attributes:
        term: As written there.
        script: Which rules of spelling and of suffixes hold.
        category: What it stands for.
        source: Where the term comes from.
        reviewed_by: Who has read the term and knows the language; empty: nobody.
    """

    term: str
    script: TermScript
    category: Category
    source: str
    reviewed_by: str

    @property
    def words(self) -> tuple[tuple[str, ...], ...]:
        """The forms of each word."""
        return tuple(tuple(word.split("/")) for word in self.term.split(" "))

    @property
    def name(self) -> str:
        """The first form of each word."""
        return " ".join(forms[0] for forms in self.words)


def load_lexicon(*, reviewers: Sequence[str] = ()) -> tuple[Term, ...]:
    """All terms.

    Args:
        reviewers: People who have read the lexicon as it is and answer for it, as REVIEWERS names
            them. Every term that names nobody counts as reviewed by them.

    Raises:
        PermanentError: The file in the package is damaged.
    """
    text = files(__package__ or __name__).joinpath(LEXICON_FILE).read_text(encoding="utf-8")
    people = ", ".join(name for reviewer in reviewers if (name := reviewer.strip()))
    terms = [_term(row, line) for line, row in enumerate(csv.DictReader(text.splitlines()), 2)]
    return tuple(replace(term, reviewed_by=term.reviewed_by or people) for term in terms)


def _term(row: dict[str, str], line: int) -> Term:
    try:
        term = Term(
            term=row["term"],
            script=TermScript(row["script"]),
            category=Category(row["category"]),
            source=row["source"],
            reviewed_by=row["reviewed_by"],
        )
    except (KeyError, ValueError) as error:
        raise _damaged(line, f"{type(error).__name__}: {error}") from error
    if not term.source or not all(form.strip() == form != "" for w in term.words for form in w):
        raise _damaged(line, "a form or the source is empty")
    return term


def _damaged(line: int, what: str) -> PermanentError:
    return PermanentError(
        tried=f"Reading {LEXICON_FILE}, line {line}",
        found=f"{what}.",
        todo="Correct the line, or install the package again.",
    )
