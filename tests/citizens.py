"""Citizens who complain, the answers that they get, and officials who correct them."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sambodhan_assets.domain.dataset.cleaning import clean_text
from sambodhan_assets.domain.sample.grievances import Grievance, generate_grievances
from sambodhan_assets.domain.sample.officials import TIDY, correct_errors
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.lane_world import DEPARTMENT, ROWS, World

# Wrong answers among those of the first round, which no model gave.
ERROR_SHARE = 0.1
SEED = 7
FIRST_MONTH, SECOND_MONTH = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)
# Task name -> complaint id -> label.
Answers = Mapping[str, Mapping[int, str]]


def grievances(count: int = 2 * ROWS) -> list[Grievance]:
    """The first `count` citizens of the world; ids run from 1."""
    return generate_grievances(count, seed=SEED)


def truth_of(row: Grievance) -> dict[str, str]:
    """True label per task."""
    return {task.name: getattr(row, task.name) for task in LABEL_TASKS}


def careless_answers(rows: Sequence[Grievance], *, share: float = ERROR_SHARE) -> Answers:
    """True labels, but for a share of the rows per task."""
    draw = random.Random(SEED)
    answers: dict[str, dict[int, str]] = {task.name: {} for task in LABEL_TASKS}
    for task in LABEL_TASKS:
        for row in rows:
            true = truth_of(row)[task.name]
            others = [label for label in task.labels if label != true]
            answers[task.name][row.id] = draw.choice(others) if draw.random() < share else true
    return answers


def model_answers(world: World, rows: Sequence[Grievance]) -> Answers:
    """What the deployed department model answers; urgency is answered as carelessly as ever."""
    texts = [clean_text(row.grievance) for row in rows]
    best = world.serving_model().predict_proba(texts).argmax(axis=1).tolist()
    labels = [DEPARTMENT.labels[label_id] for label_id in best]
    ids = [row.id for row in rows]
    return {**careless_answers(rows), DEPARTMENT.name: dict(zip(ids, labels, strict=True))}


def complain(world: World, rows: Sequence[Grievance], answers: Answers) -> None:
    """Citizens complain and are answered."""
    world.store.upsert_complaints(
        [
            {"id": row.id, "message": row.grievance}
            | {name: given[row.id] for name, given in answers.items()}
            for row in rows
        ]
    )


def review(
    world: World,
    rows: Sequence[Grievance],
    answers: Answers,
    *,
    share: float = 1.0,
    month: datetime = FIRST_MONTH,
) -> int:
    """Officials correct a share of the wrong answers; returns how many complaints."""
    corrections = correct_errors(
        {row.id: truth_of(row) for row in rows},
        {row.id: {name: given[row.id] for name, given in answers.items()} for row in rows},
        share=share,
        seed=SEED,
        started_at=month,
        habits=TIDY,
    )
    return world.store.upsert_corrections([correction.row() for correction in corrections])


def second_round_rows() -> list[Grievance]:
    """Those who complain after the first deployment."""
    return grievances()[ROWS:]


def live_second_round(world: World, *, share: float) -> int:
    """The deployed model answers, officials correct a share; returns how many complaints."""
    rows = second_round_rows()
    answers = model_answers(world, rows)
    complain(world, rows, answers)
    return review(world, rows, answers, share=share, month=SECOND_MONTH)
