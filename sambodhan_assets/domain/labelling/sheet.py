"""The sheet: complaints that people are asked to label, in one format for every purpose."""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.labelling.purposes import Purpose

BATCH, PURPOSE, COMPLAINT_ID = "batch", "purpose", "complaint_id"
ROW_KEY, PROBABILITY, TEXT = "row_key", "inclusion_probability", "text"
ANSWERS = ("answer_1", "answer_2")
VERIFIER, VERIFIED_AT = "verifier", "verified_at"

# A cell of a spreadsheet holds 32,767 UTF-16 units; a reader needs far less to give a label.
MAX_TEXT_LENGTH = 10_000


def verified(column: str) -> str:
    """Name of the column with the label that a person gave."""
    return f"verified_{column}"


@dataclass(frozen=True, kw_only=True)
class Question:
    """One label that a sheet asks for.

    Attributes:
        column: Column of `complaints` that the label belongs to.
        labels: All allowed labels.
    """

    column: str
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    """One complaint of a sheet.

    Attributes:
        complaint_id: Its id in `complaints`.
        stratum: What it was drawn from, for people.
        inclusion_probability: Probability with which it was drawn; None where it was chosen.
        text: What people read; see `shown_text`.
        answers: The two models' answers in random order, on sheets of disagreements only.
        labels: Labels that are known already, by column of `complaints`.
        verifier: Who gave them.
        verified_at: When, with a zone.
    """

    complaint_id: int
    stratum: str
    inclusion_probability: float | None
    text: str
    answers: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    verifier: str | None = None
    verified_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A batch of complaints to label.

    Attributes:
        batch: Its name, unique among all batches.
        purpose: What the labels are for.
        drawn_at: When it was drawn, with a zone.
        questions: The labels that are asked for, at least one.
        rows: The complaints in the order in which people work through them. Where they were drawn
            at random that order is random too, so that a sheet filled to the middle is one more
            random draw.

    Raises:
        PermanentError: A complaint comes twice, or nothing is asked.
    """

    batch: str
    purpose: Purpose
    drawn_at: datetime
    questions: tuple[Question, ...]
    rows: tuple[SheetRow, ...]

    def __post_init__(self) -> None:
        ids = [row.complaint_id for row in self.rows]
        if not self.questions or len(set(ids)) != len(ids):
            raise PermanentError(
                tried=f"Making the sheet {self.batch}",
                found="it asks for no label." if not self.questions else "a complaint comes twice.",
                todo="Draw every complaint once, and name a label task.",
            )

    @property
    def columns(self) -> list[str]:
        """Header of the sheet; the answers are there only if rows have them."""
        answers = ANSWERS if any(row.answers for row in self.rows) else ()
        asked = [verified(question.column) for question in self.questions]
        start = [BATCH, PURPOSE, COMPLAINT_ID, ROW_KEY, PROBABILITY, TEXT]
        return [*start, *answers, *asked, VERIFIER, VERIFIED_AT]

    def values(self, row: SheetRow) -> dict[str, str | int | float | None]:
        """What the cells of a row hold, by column; None for an empty cell."""
        labels = {verified(column): label for column, label in row.labels.items()}
        return {
            BATCH: self.batch,
            PURPOSE: self.purpose.value,
            COMPLAINT_ID: row.complaint_id,
            ROW_KEY: row_key(self.batch, row.complaint_id, row.text),
            PROBABILITY: row.inclusion_probability,
            TEXT: row.text,
            **dict(zip(ANSWERS, row.answers, strict=False)),
            **{verified(q.column): labels.get(verified(q.column)) for q in self.questions},
            VERIFIER: row.verifier,
            VERIFIED_AT: row.verified_at.isoformat() if row.verified_at else None,
        }


def shown_text(text: str) -> str:
    """What a cell can show of a complaint: no control characters but line breaks, not too long."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    shown = "".join(letter if _is_showable(letter) else " " for letter in lines).strip()
    return shown if len(shown) <= MAX_TEXT_LENGTH else f"{shown[:MAX_TEXT_LENGTH]}..."


def row_key(batch: str, complaint_id: int, text: str) -> str:
    """Ties the id of a row to its text, so that one sorted without the other is noticed.

    Only letters of the text count, folded: spreadsheets reformat numbers, dates and spaces.
    """
    folded = unicodedata.normalize("NFC", text).casefold()
    letters = "".join(letter for letter in folded if unicodedata.category(letter)[0] in "LM")
    # A letter first, or a spreadsheet may take a key like 12345678e9 for a number.
    content = f"{batch}\n{complaint_id}\n{unicodedata.normalize('NFC', letters)}"
    return f"k{hashlib.sha256(content.encode()).hexdigest()[:11]}"


def questions_of(columns: Sequence[str], known: Sequence[Question]) -> tuple[Question, ...]:
    """The questions about some columns, in the order in which they are known."""
    return tuple(question for question in known if question.column in columns)


def _is_showable(letter: str) -> bool:
    """Characters that XML 1.0 allows, and so an XLSX file; a lone surrogate is no text at all."""
    return letter == "\n" or (
        unicodedata.category(letter) not in ("Cc", "Cs") and letter not in "\ufffe\uffff"
    )
