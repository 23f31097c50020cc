"""Sheets of disagreements: complaints on which only people can say which of two models is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.evaluation.window_rows import WindowRows
from sambodhan_assets.domain.gate.window import GateWindow
from sambodhan_assets.domain.labelling.draws import seed_of
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.sheet import Question, Sheet, SheetRow, shown_text


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two versions that disagree.

    Attributes:
        task: Label task.
        candidate: Tag of the candidate.
        deployed: Tag of the version that serves.
        mode: How they are compared; other answers make other disagreements.
    """

    task: str
    candidate: str
    deployed: str
    mode: str

    @property
    def prefix(self) -> str:
        """What the names of all sheets of the candidate begin with; a number follows."""
        return f"{Purpose.DISAGREEMENT.value}-{self.task}-{self.candidate}-"

    @property
    def stratum(self) -> str:
        """What a sheet is drawn from; a draw from other disagreements is no draw from these."""
        return f"disagreements of {self.candidate} with {self.deployed}, {self.mode}"


def sheet_labels(verified: pa.Table, pair: Pair, *, labels: Sequence[str]) -> dict[int, int]:
    """Label id by complaint: this candidate's own sheets, and all random audits.

    The newest label of a complaint counts. Labels that were asked for with another candidate, or
    against another deployed version, are no random draw here and are left to the next dataset.

    Args:
        verified: VERIFIED_SCHEMA, by complaint and then from old to new.
        pair: The candidate, and what it is compared with.
        labels: The task's labels.

    Raises:
        PermanentError: A label is none of the task's.
    """
    found: dict[int, int] = {}
    for row in verified.to_pylist():
        own = row["batch"].startswith(pair.prefix) and row["stratum"] == pair.stratum
        if row["purpose"] != Purpose.AUDIT.value and not own:
            continue
        if row["label"] not in labels:
            raise PermanentError(
                tried="Reading the labels of audits",
                found=f"complaint {row['complaint_id']} of {row['batch']} has {row['label']!r}.",
                todo=f"Correct it; allowed are {', '.join(map(repr, labels))}.",
            )
        found[row["complaint_id"]] = labels.index(row["label"])
    return found


def draw_disagreements(
    batch: str, rows: WindowRows, compared: GateWindow, *, size: int
) -> tuple[list[int], float]:
    """Draws complaints that the two models answer differently and nobody has labelled.

    Returns:
        Their ids in the random order of the draw, and the probability of each to be drawn; no ids
        where every disagreement has a label.
    """
    frame = np.sort(rows.complaint_ids[compared.disagreed & ~compared.labelled])
    if len(frame) == 0:
        return [], 0.0
    drawn = np.random.default_rng(seed_of(batch) % 2**63).permutation(frame)[:size].tolist()
    return drawn, len(drawn) / len(frame)


def disagreement_sheet(
    batch: str,
    probabilities: Mapping[int, float | None],
    rows: WindowRows,
    compared: GateWindow,
    *,
    drawn_at: datetime,
    stratum: str,
    question: Question,
    originals: Mapping[int, str],
) -> Sheet:
    """The sheet of these complaints, with both answers in random order.

    Args:
        batch: Its name.
        probabilities: Inclusion probability by complaint, in the order of the sheet.
        rows: The rows of the window.
        compared: What both models answered to them.
        drawn_at: When it was drawn.
        stratum: What it was drawn from.
        question: The label that is asked for.
        originals: Cleaned texts by complaint as citizens wrote them; officials need the phone
            numbers and places that `rows` may have placeholders for. The row's text where one is
            missing.
    """
    place = {number: position for position, number in enumerate(rows.complaint_ids.tolist())}
    return Sheet(
        batch=batch,
        purpose=Purpose.DISAGREEMENT,
        drawn_at=drawn_at,
        questions=(question,),
        rows=tuple(
            SheetRow(
                complaint_id=number,
                stratum=stratum,
                inclusion_probability=probability,
                text=shown_text(originals.get(number, rows.texts[place[number]])),
                answers=_answers(batch, number, place[number], compared, question),
            )
            for number, probability in probabilities.items()
        ),
    )


def _answers(
    batch: str, number: int, position: int, compared: GateWindow, question: Question
) -> tuple[str, str]:
    """Whose answer comes first depends on the names of batch and complaint alone."""

    def label(answers: NDArray[np.integer]) -> str:
        return question.labels[int(answers[position])]

    candidate, deployed = label(compared.candidate), label(compared.deployed)
    candidate_first = seed_of(f"{batch}/{number}") % 2
    return (candidate, deployed) if candidate_first else (deployed, candidate)
