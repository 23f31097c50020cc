"""How much better a model serves one group of test rows than another."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.classifier import TextClassifier
from sambodhan_assets.domain.qa.groups import DIMENSIONS, Groups
from sambodhan_assets.domain.qa.metric import Metric
from sambodhan_assets.domain.scores import score_card

# With so many rows an accuracy of .75 has a standard error of four points.
FEWEST_ROWS = 100

Confusion = NDArray[np.float64]
_PARTS = "test rows of the task {task} by {dimension}; groups of at least"
DEFINITIONS = {
    "accuracy": "Largest minus smallest accuracy of the deployed model between groups of the"
    f" {_PARTS} {FEWEST_ROWS} rows, 0 to 1.",
    "f1": "Largest minus smallest macro-F1 of the deployed model between groups of the"
    f" {_PARTS} {FEWEST_ROWS} rows, 0 to 1, the mean over the labels that rows of the group have.",
}


@dataclass(frozen=True, kw_only=True)
class GroupScore:
    """The model on one group; scores are None where there are fewer than FEWEST_ROWS rows.

    Attributes:
        rows: Test rows.
        accuracy: Share of right answers.
        f1: Mean F1 over the labels that the rows have: a group without a label is not worse for it.
    """

    rows: int
    accuracy: float | None
    f1: float | None


class ScoreGaps:
    """Scores one task's model on test rows as they come; holds no text.

    Args:
        task: Name of the task.
        model: The deployed model.
        most_rows: Rows that are scored. Exports are in the order of ids, which are digests, so the
            first rows are a random draw, the same for the same rows.
    """

    def __init__(self, task: str, model: TextClassifier, *, most_rows: int) -> None:
        self._task = task
        self._model = model
        self._most_rows = most_rows
        self.rows = 0
        self.left_out = 0
        self._confusions: defaultdict[tuple[str, str], Confusion] = defaultdict(self._empty)

    def add(self, texts: Sequence[str], labels: Sequence[str], groups: Groups) -> None:
        """Scores test rows, as long as there is room.

        Raises:
            PermanentError: The model does not know a label.
        """
        room = min(len(texts), self._most_rows - self.rows)
        self.left_out += len(texts) - room
        self.rows += room
        if not room:
            return
        truth = np.array([self._label_id(label) for label in labels[:room]])
        answers = self._model.predict_proba(texts[:room]).argmax(axis=1)
        for dimension in DIMENSIONS:
            names = np.array(groups[dimension][:room])
            for name in np.unique(names):
                mine = names == name
                confusion = self._confusions[dimension, str(name)]
                np.add.at(confusion, (truth[mine], answers[mine]), 1)

    def scores(self, dimension: str) -> dict[str, GroupScore]:
        """Scores of each group."""
        mine = sorted((n, c) for (d, n), c in self._confusions.items() if d == dimension)
        return {name: _group_score(confusion) for name, confusion in mine}

    def gap(self, kind: str, dimension: str, name: str) -> Metric:
        """The gap in "accuracy" or "f1" between groups."""
        scores = self.scores(dimension).values()
        found = [s.f1 if kind == "f1" else s.accuracy for s in scores]
        known = [value for value in found if value is not None]
        few = f"fewer than two groups by {dimension} have {FEWEST_ROWS} test rows"
        return Metric(
            name=name,
            value=max(known) - min(known) if len(known) > 1 else None,
            definition=gap_definition(kind, self._task, dimension),
            rows=self.rows,
            sampled=self.left_out > 0,
            reason=None if len(known) > 1 else few,
        )

    def _empty(self) -> Confusion:
        return np.zeros((len(self._model.labels), len(self._model.labels)))

    def _label_id(self, label: str) -> int:
        if label not in self._model.labels:
            raise PermanentError(
                tried=f"Scoring the deployed model of {self._task} by group",
                found=f"a test row is labelled {label!r}, the model knows"
                f" {', '.join(self._model.labels)}.",
                todo="Export versions of the label set that the model was trained on.",
            )
        return self._model.labels.index(label)


def gap_definition(kind: str, task: str, dimension: str) -> str:
    """What a gap is, in a sentence."""
    return DEFINITIONS[kind].format(task=task, dimension=dimension)


def _group_score(confusion: Confusion) -> GroupScore:
    rows = int(confusion.sum())
    if rows < FEWEST_ROWS:
        return GroupScore(rows=rows, accuracy=None, f1=None)
    card = score_card(confusion, n=rows)
    present = [f1 for f1, support in zip(card.f1, card.support, strict=True) if support]
    return GroupScore(rows=rows, accuracy=card.accuracy, f1=sum(present) / len(present))
