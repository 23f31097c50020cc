"""Scores of both models on parts of the window: a mean hides who is served badly."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sambodhan_assets.domain.gate.confusion import window_confusions
from sambodhan_assets.domain.gate.window import GateWindow
from sambodhan_assets.domain.scores import ScoreCard, score_card

# With fewer rows one answer moves a score by more than 3 points.
FEWEST_ROWS = 30


@dataclass(frozen=True, kw_only=True)
class SliceScore:
    """Both models on one part of the window.

    Attributes:
        kind: What the parts differ in: "script" or "label".
        name: The part.
        rows: Window rows in it.
        labelled: Those of them with a label.
        alike: Rows that both models answer alike.
        candidate: Scores of the candidate, by the estimator on these rows alone; None where there
            are fewer than FEWEST_ROWS rows, or no row has a label.
        deployed: The same of the deployed version.
    """

    kind: str
    name: str
    rows: int
    labelled: int
    alike: int
    candidate: ScoreCard | None
    deployed: ScoreCard | None


def score_slices(
    window: GateWindow, kind: str, names: Sequence[str], n_labels: int
) -> tuple[SliceScore, ...]:
    """Score every part that has a row, the largest first.

    Args:
        window: Both models' answers and the labels.
        kind: What the parts differ in.
        names: [n]: the part of each row.
        n_labels: K.
    """
    part_of_row = np.asarray(names)
    parts, sizes = np.unique(part_of_row, return_counts=True)
    by_size = sorted(zip(parts.tolist(), sizes.tolist(), strict=True), key=lambda p: (-p[1], p[0]))
    return tuple(
        _score(window.where(part_of_row == name), kind, name, n_labels) for name, _ in by_size
    )


def _score(window: GateWindow, kind: str, name: str, n_labels: int) -> SliceScore:
    labelled = int(window.labelled.sum())
    candidate = deployed = None
    if len(window) >= FEWEST_ROWS and labelled:
        confusions = window_confusions(window, n_labels)
        candidate, deployed = (score_card(confusion, n=len(window)) for confusion in confusions)
    return SliceScore(
        kind=kind,
        name=name,
        rows=len(window),
        labelled=labelled,
        alike=int((window.candidate == window.deployed).sum()),
        candidate=candidate,
        deployed=deployed,
    )
