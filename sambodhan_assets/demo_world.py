"""The world of the demo: true labels, a first model, and a period of complaints and reviews."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from sambodhan_assets.domain.dataset.cleaning import clean_text
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.labelling.sheet import COMPLAINT_ID, verified
from sambodhan_assets.domain.models.classifier import TextClassifier
from sambodhan_assets.domain.models.linear import train_linear
from sambodhan_assets.domain.sample.grievances import generate_grievances
from sambodhan_assets.domain.sample.officials import Correction, correct_errors
from sambodhan_assets.label_tasks import LABEL_TASKS

# Large enough that officials find some hundred errors, small enough for two minutes on two cores.
SAMPLE_SIZE = 4000
SEED = 42
CORRECTED_SHARE = 0.6


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """One grievance with its true labels.

    Attributes:
        id: Complaint id in the database.
        text: As the citizen wrote it.
        truth: True label per task.
    """

    id: int
    text: str
    truth: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Period:
    """What happened while one model answered.

    Attributes:
        complaints: Rows for the table of complaints, with the answers that were given.
        corrections: What officials reviewed.
        errors: Wrong answers per task.
    """

    complaints: list[dict[str, object]]
    corrections: list[Correction]
    errors: dict[str, int]


def sample_truth() -> list[Complaint]:
    """The shipped sample."""
    return [
        Complaint(
            id=row.id,
            text=row.grievance,
            truth={"department": row.department, "urgency": row.urgency},
        )
        for row in generate_grievances(SAMPLE_SIZE, seed=SEED)
    ]


def read_truth(path: Path) -> list[Complaint]:
    """Rows of a CSV file with id, grievance and one column of true labels per task, shuffled.

    They are numbered anew, so that what is complained about later has higher ids.

    Raises:
        PermanentError: A column is missing, or a label is unknown.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = ["grievance", *(task.column for task in LABEL_TASKS)]
    if missing := [name for name in wanted if not rows or name not in rows[0]]:
        raise PermanentError(
            tried=f"Reading {path}",
            found=f"it lacks the columns {', '.join(missing)}.",
            todo="Name a CSV file with id, grievance, department and urgency.",
        )
    for task in LABEL_TASKS:
        if unknown := sorted({row[task.column] for row in rows} - set(task.labels)):
            raise PermanentError(
                tried=f"Reading {path}",
                found=f"its column {task.column} has unknown labels: {', '.join(unknown[:5])}.",
                todo=f"Use only {', '.join(task.labels)}.",
            )
    return [
        Complaint(
            id=number,
            text=row["grievance"],
            truth={task.name: row[task.column] for task in LABEL_TASKS},
        )
        for number, row in enumerate(_shuffled(rows), start=1)
    ]


def _shuffled(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    return [rows[position] for position in np.random.default_rng(SEED).permutation(len(rows))]


def write_anchor(rows: Sequence[Complaint], path: Path) -> Path:
    """Writes rows as an anchor corpus."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", *(task.column for task in LABEL_TASKS)])
        writer.writerows([row.text, *row.truth.values()] for row in rows)
    return path


def train_first_models(rows: Sequence[Complaint]) -> dict[str, TextClassifier]:
    """What answered before the platform deployed anything."""
    texts = [clean_text(row.text) for row in rows]
    return {
        task.name: train_linear(
            texts,
            [task.labels.index(row.truth[task.name]) for row in rows],
            labels=task.labels,
            seed=SEED,
        )
        for task in LABEL_TASKS
    }


def live_through(
    rows: Sequence[Complaint], models: Mapping[str, TextClassifier], *, started_at: datetime
) -> Period:
    """Citizens complain, the models answer, officials correct a share of the errors."""
    texts = [clean_text(row.text) for row in rows]
    answers: dict[int, dict[str, str]] = {row.id: {} for row in rows}
    for task in LABEL_TASKS:
        label_ids = models[task.name].predict_proba(texts).argmax(axis=1).tolist()
        for row, label_id in zip(rows, label_ids, strict=True):
            answers[row.id][task.name] = task.labels[label_id]
    corrections = correct_errors(
        {row.id: row.truth for row in rows},
        answers,
        share=CORRECTED_SHARE,
        seed=SEED,
        started_at=started_at,
    )
    return Period(
        complaints=[{"id": row.id, "message": row.text, **answers[row.id]} for row in rows],
        corrections=corrections,
        errors={
            task.name: sum(row.truth[task.name] != answers[row.id][task.name] for row in rows)
            for task in LABEL_TASKS
        },
    )


def fill_in(sheet: Path, truth: Sequence[Complaint]) -> None:
    """Writes the true labels into a sheet in CSV, as an official would."""
    labels = {row.id: row.truth for row in truth}
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for task in LABEL_TASKS:
            if verified(task.column) in row:
                row[verified(task.column)] = labels[int(row[COMPLAINT_ID])][task.name]
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
