"""Label errors and contradictions in the sample, with the rows that a person must look at."""

from collections import Counter

import numpy as np

from sambodhan_assets.domain.dataset.columns import Bools, Ints
from sambodhan_assets.domain.qa.label_noise import (
    FOLDS,
    MIN_LABEL_ROWS,
    LabelNoise,
    find_label_noise,
)
from sambodhan_assets.domain.qa.measured import LISTED_AT_MOST, measured, part, share
from sambodhan_assets.domain.qa.metric import ListedRow, Metric, Section
from sambodhan_assets.domain.qa.task_sample import TaskSample

_NO_NEAR = "no row of the sample has a near-duplicate"
_NO_CONTRADICTION = "no near-duplicates of the sample have different labels and were judged"
# Surest first; the id decides between equals.
_Suspect = tuple[float, str, str]


class LabelErrors:
    """Counts rows that models or near-duplicates contradict, a task's sample at a time."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._judged, self._suspected, self._disagreeing = 0, 0, 0
        self._near, self._incoherent, self._both, self._incoherent_judged = 0, 0, 0, 0
        self._by_task: dict[str, float | None] = {}
        self._reasons: dict[str, str] = {}
        self._swaps = Counter[str]()
        self._suspects: list[_Suspect] = []
        self._contradicting: list[tuple[str, str]] = []

    def add(self, sample: TaskSample) -> None:
        """Judges the rows of a task."""
        noise = find_label_noise(sample, seed=self._seed)
        suspected = noise.suspected >= 0
        judged = int(np.count_nonzero(noise.judged))
        self._judged += judged
        self._suspected += int(np.count_nonzero(suspected))
        other = noise.judged & (noise.predicted != sample.label_ids)
        self._disagreeing += int(np.count_nonzero(other))
        self._by_task[sample.task] = share(int(np.count_nonzero(suspected)), judged)
        if noise.reason:
            self._reasons[sample.task] = noise.reason
        self._note_suspects(sample, noise)
        self._note_contradictions(sample, noise.judged, other)

    def result(self) -> Section:
        """Metrics, tables by task and by swapped labels, and listed rows."""
        tables = {
            "label error share by task": self._by_task,
            "label errors by label and suspected label": dict(sorted(self._swaps.items())),
        }
        reasons = "; ".join(f"{task}: {why}" for task, why in sorted(self._reasons.items()))
        return part(self._metrics(reasons or "no row was measured"), tables, self._listed())

    def _metrics(self, reason: str) -> list[Metric]:
        judged, near = self._judged, self._near
        values = (
            ("label_error_share", share(self._suspected, judged), _ERRORS, judged, reason),
            (
                "out_of_fold_disagreement_share",
                share(self._disagreeing, judged),
                _DISAGREEING,
                judged,
                reason,
            ),
            ("label_coherence", share(near - self._incoherent, near), _COHERENCE, near, _NO_NEAR),
            (
                "contradictions_confirmed_share",
                share(self._both, self._incoherent_judged),
                _CONFIRMED,
                self._incoherent_judged,
                _NO_CONTRADICTION,
            ),
        )
        return [
            measured(name, value, definition, rows=rows, sampled=True, reason=why)
            for name, value, definition, rows, why in values
        ]

    def _note_suspects(self, sample: TaskSample, noise: LabelNoise) -> None:
        for row in np.flatnonzero(noise.suspected >= 0).tolist():
            given = sample.labels[sample.label_ids[row]]
            rather = sample.labels[noise.suspected[row]]
            self._swaps[f"{sample.task}: {given} -> {rather}"] += 1
            confidence = float(noise.confidence[row])
            detail = f"{sample.task}: given {given}, predicted {rather} with {confidence:.2f}"
            self._suspects.append((-confidence, sample.ids[row], detail))
        self._suspects = sorted(self._suspects)[:LISTED_AT_MOST]

    def _note_contradictions(self, sample: TaskSample, judged: Bools, other: Bools) -> None:
        incoherent = outvoted(sample.groups, sample.label_ids)
        self._near += int(np.count_nonzero(sample.group_sizes > 1))
        self._incoherent += int(np.count_nonzero(incoherent))
        self._incoherent_judged += int(np.count_nonzero(incoherent & judged))
        self._both += int(np.count_nonzero(incoherent & other))
        found = [
            (sample.ids[row], f"{sample.task}: given {sample.labels[sample.label_ids[row]]}")
            for row in np.flatnonzero(incoherent).tolist()
        ]
        self._contradicting = sorted(self._contradicting + found)[:LISTED_AT_MOST]

    def _listed(self) -> list[ListedRow]:
        errors = [
            ListedRow(
                id=row,
                reason="label error",
                detail=f"{detail}; {self._suspected} rows are suspected in all",
            )
            for _, row, detail in self._suspects
        ]
        contradictions = [
            ListedRow(
                id=row,
                reason="near-duplicates have another label",
                detail=f"{detail}; {self._incoherent} rows in all",
            )
            for row, detail in self._contradicting
        ]
        return errors + contradictions


def outvoted(groups: Ints, label_ids: Ints) -> Bools:
    """Rows whose label another label of their group has at least as many rows of, [n]."""
    if not len(groups):
        return np.zeros(0, dtype=np.bool_)
    width = int(label_ids.max()) + 1
    pairs, place, votes = np.unique(
        groups * width + label_ids, return_inverse=True, return_counts=True
    )
    group = pairs // width
    most = np.zeros(int(groups.max()) + 1, dtype=np.int64)
    np.maximum.at(most, group, votes)
    # A label that shares the first place is outvoted as well: which one is right is not known.
    leaders = np.bincount(group, votes == most[group], minlength=len(most))
    return ((votes < most[group]) | (leaders[group] > 1))[place]


_ERRORS = (
    "Share of judged rows to which a model that saw neither them nor their near-duplicates gives"
    " another label at least the mean probability of rows with that label (confident learning,"
    f" {FOLDS} folds, linear model of hashed character sequences), 0 to 1; judged are rows of"
    f" labels with {MIN_LABEL_ROWS} rows or more."
)
_DISAGREEING = (
    "Share of judged rows whose label is not the most probable one to a model that saw neither them"
    " nor their near-duplicates, 0 to 1."
)
_COHERENCE = (
    "Share of rows with near-duplicates whose label is the most frequent one among these, they"
    " themselves included, 0 to 1."
)
_CONFIRMED = (
    "Share of rows whose label is not the most frequent one among their near-duplicates to which"
    " the out-of-fold model gives another label too, 0 to 1."
)
