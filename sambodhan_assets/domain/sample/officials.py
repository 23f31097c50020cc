"""Simulated officials: who know the true labels and review what the deployed model answered.

The demo closes the feedback loop with them. They are as untidy as real ones: they find only a share
of the errors, some reviews come late, some contradict each other, and some reports are dismissed.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# Task name -> label.
Labels = Mapping[str, str]

# An ordinary review happens within the day, a late one within the fortnight; nothing comes later.
ORDINARY_DELAY = timedelta(hours=8)
LATE_DELAY = timedelta(days=2)
LONGEST_DELAY = timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class ReviewHabits:
    """How untidy the officials are; every field is a share between 0 and 1.

    Attributes:
        late: Reviews that happen days after the others.
        contradicted: Corrected complaints that carry an older review with a wrong label.
        dismissed: Right answers that somebody reported and an official confirmed.
        pending: Found errors that are reported but not reviewed yet.
    """

    late: float = 0.05
    contradicted: float = 0.05
    dismissed: float = 0.02
    pending: float = 0.03

    def __post_init__(self) -> None:
        for name, share in vars(self).items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} must be between 0 and 1, got {share}")


TIDY = ReviewHabits(late=0, contradicted=0, dismissed=0, pending=0)


@dataclass(frozen=True, kw_only=True)
class Correction:
    """One row of `misclassified_complaints`.

    Attributes:
        complaint_id: The complaint that was reported.
        model_predicted: The deployed model's answer per task.
        correct: The official's label per task; None where the official corrected nothing.
        reviewed: False for a report that nobody has looked at.
        reviewed_at: Time of the review with its zone; None if not reviewed.
    """

    complaint_id: int
    model_predicted: Labels
    correct: Mapping[str, str | None]
    reviewed: bool
    reviewed_at: datetime | None

    def row(self) -> dict[str, int | str | bool | datetime | None]:
        """Return the values under the table's column names."""
        predicted = {
            f"model_predicted_{task}": label for task, label in self.model_predicted.items()
        }
        correct = {f"correct_{task}": label for task, label in self.correct.items()}
        times = {"reviewed": self.reviewed, "reviewed_at": self.reviewed_at}
        return {"complaint_id": self.complaint_id, **predicted, **correct, **times}


def correct_errors(
    complaints: Mapping[int, Labels],
    answers: Mapping[int, Labels],
    *,
    share: float,
    seed: int,
    started_at: datetime,
    habits: ReviewHabits | None = None,
) -> list[Correction]:
    """Review these answers; whether and when one is reviewed depends on seed and id alone.

    Args:
        complaints: True labels per task, by complaint id.
        answers: What the deployed model answered, for at least these complaints and tasks.
        share: Part of the complaints with a wrong answer that is found, between 0 and 1.
        seed: Any whole number.
        started_at: Time with zone; every review happens up to LONGEST_DELAY after it.
        habits: How untidy the officials are; None stands for ReviewHabits().

    Returns:
        Reports by complaint id. Of two reviews of one complaint the newer is right.

    Raises:
        ValueError: A share is no share, the time has no zone, or an answer is missing.
    """
    _refuse_senseless(share, started_at)
    vocabulary = _labels_per_task(complaints)
    reports: list[Correction] = []
    for complaint_id, truth in sorted(complaints.items()):
        desk = _Desk(
            complaint_id=complaint_id,
            answer=_answer(complaint_id, truth, answers),
            started_at=started_at,
            habits=habits or ReviewHabits(),
            # Seeding with a text is stable on every machine; the hash of a tuple would not be.
            rng=random.Random(f"{seed}:{complaint_id}"),
        )
        reports += desk.review(truth, share, vocabulary)
    return reports


def _refuse_senseless(share: float, started_at: datetime) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"share must be between 0 and 1, got {share}")
    if started_at.tzinfo is None:
        raise ValueError(f"started_at needs a time zone, got {started_at.isoformat()}")


def _labels_per_task(complaints: Mapping[int, Labels]) -> dict[str, list[str]]:
    """Return the labels that occur, sorted: what a mistaken official may choose from."""
    found: dict[str, set[str]] = {}
    for truth in complaints.values():
        for task, label in truth.items():
            found.setdefault(task, set()).add(label)
    return {task: sorted(labels) for task, labels in found.items()}


def _answer(complaint_id: int, truth: Labels, answers: Mapping[int, Labels]) -> dict[str, str]:
    """Return the answers to one complaint; a missing one is an error and no wrong answer."""
    given = answers.get(complaint_id, {})
    if missing := sorted(set(truth) - set(given)):
        raise ValueError(f"complaint {complaint_id} has no answer for {', '.join(missing)}")
    return {task: given[task] for task in truth}


@dataclass(frozen=True, kw_only=True)
class _Desk:
    """One complaint on an official's desk."""

    complaint_id: int
    answer: Labels
    started_at: datetime
    habits: ReviewHabits
    rng: random.Random

    def review(
        self, truth: Labels, share: float, vocabulary: Mapping[str, list[str]]
    ) -> list[Correction]:
        """Return what comes of this complaint: mostly nothing, or a report, or two."""
        wrong = [task for task in truth if self.answer[task] != truth[task]]
        if not wrong:
            return self._confirm()
        if self.rng.random() >= share:
            return []
        return self._correct(
            {task: truth[task] if task in wrong else None for task in truth}, vocabulary
        )

    def _confirm(self) -> list[Correction]:
        """Perhaps dismiss a report of a right answer by entering the predicted label."""
        if self.rng.random() >= self.habits.dismissed:
            return []
        return [self._review(dict(self.answer), self._time())]

    def _correct(
        self, correct: Mapping[str, str | None], vocabulary: Mapping[str, list[str]]
    ) -> list[Correction]:
        """Correct a wrong answer, perhaps after a colleague's mistake, or leave it for later."""
        if self.rng.random() < self.habits.pending:
            return [self._review(dict.fromkeys(self.answer), None)]
        at = self._time()
        right = self._review(correct, at)
        if self.rng.random() >= self.habits.contradicted:
            return [right]
        mistaken = {
            task: None
            if label is None
            else self._other(label, [*vocabulary[task], self.answer[task]])
            for task, label in correct.items()
        }
        # Between the start and the right review, and never at the same moment.
        earlier = self.started_at + (at - self.started_at) * self.rng.uniform(0.1, 0.9)
        pair = [self._review(mistaken, earlier), right]
        return pair if self.rng.random() < 0.5 else pair[::-1]

    def _other(self, label: str, labels: list[str]) -> str:
        """Return a label that is not this one; the predicted label is always such a choice."""
        return self.rng.choice(sorted({other for other in labels if other != label}))

    def _time(self) -> datetime:
        """Return when the official comes to this report, at least a minute after the start."""
        first, last = timedelta(minutes=1), ORDINARY_DELAY
        if self.rng.random() < self.habits.late:
            first, last = LATE_DELAY, LONGEST_DELAY
        return self.started_at + first + (last - first) * self.rng.random()

    def _review(self, correct: Mapping[str, str | None], at: datetime | None) -> Correction:
        """Return the row; a report without a time is not reviewed."""
        return Correction(
            complaint_id=self.complaint_id,
            model_predicted=self.answer,
            correct=correct,
            reviewed=at is not None,
            reviewed_at=at,
        )
