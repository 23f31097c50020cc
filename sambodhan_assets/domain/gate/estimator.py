"""How much better the candidate is on the deployed version's traffic, from few labels.

Where both models agree, the truth cannot change which one is better, so only disagreements need
labels. An unflagged row without a label presumes the deployed answer; a labelled random row moves
its own share of the rows like it. The formula stands in confusion.py.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.gate.confusion import Floats, macro_f1, window_confusions
from sambodhan_assets.domain.gate.window import GateWindow


@dataclass(frozen=True, kw_only=True)
class CellCounts:
    """Sizes of the three cells of a window.

    Attributes:
        certain_rows: Cell C: rows labelled for a reason that is not chance.
        agreed_rows: Cell G: other rows that both models answer alike.
        agreed_labels: Labelled rows of G.
        disagreed_rows: Cell D: other rows that the models answer differently.
        disagreed_labels: Labelled rows of D.
        certain_population: Complaints that C stands for (N_C); C's weights summed.
        agreed_population: The same of G (N_G).
        disagreed_population: The same of D (N_D).
        groups: Complaints that are no near-duplicates of each other; None in records that were
            made before they were counted.
    """

    certain_rows: int
    agreed_rows: int
    agreed_labels: int
    disagreed_rows: int
    disagreed_labels: int
    certain_population: float
    agreed_population: float
    disagreed_population: float
    groups: int | None = None


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What the candidate changes among the labelled rows, certain or sampled.

    Attributes:
        corrections: Certain rows that the deployed version answers wrongly.
        corrections_fixed: Those of them that the candidate answers rightly.
        fixed: Labelled rows that only the candidate answers rightly.
        broken: Labelled rows that only the deployed version answers rightly.
        both_wrong: Labelled rows that neither answers rightly.
    """

    corrections: int
    corrections_fixed: int
    fixed: int
    broken: int
    both_wrong: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """Two models compared on the window's traffic.

    Attributes:
        candidate_confusion: float [K, K], rows are the truth, columns the answer; never negative.
        deployed_confusion: The same of the deployed version.
        candidate_f1: Macro-F1 over all K labels, a label that never occurs counting 0.
        deployed_f1: The same of the deployed version.
        gain: candidate_f1 - deployed_f1.
        worst_gain: The gain if the deployed version is right on every unlabelled disagreement.
        best_gain: The gain if the candidate is right on every unlabelled disagreement.
        counts: Sizes of the cells.
        changes: What the candidate fixes and breaks among the labelled rows.
    """

    candidate_confusion: Floats
    deployed_confusion: Floats
    candidate_f1: float
    deployed_f1: float
    gain: float
    worst_gain: float
    best_gain: float
    counts: CellCounts
    changes: Changes


def estimate(window: GateWindow, n_labels: int) -> Estimate:
    """Compare candidate and deployed version on the window.

    Args:
        window: Both models' answers and the labels.
        n_labels: K, the number of labels of the task.

    Raises:
        PermanentError: The window is empty or holds a label id of K or more.
    """
    window.check_labels(n_labels)
    candidate, deployed = window_confusions(window, n_labels)
    f1 = macro_f1(np.stack([candidate, deployed]))
    return Estimate(
        candidate_confusion=candidate,
        deployed_confusion=deployed,
        candidate_f1=float(f1[0]),
        deployed_f1=float(f1[1]),
        gain=float(f1[0] - f1[1]),
        worst_gain=_gain_if(window, window.deployed, n_labels),
        best_gain=_gain_if(window, window.candidate, n_labels),
        counts=count_cells(window),
        changes=count_changes(window),
    )


def count_cells(window: GateWindow) -> CellCounts:
    """Count rows, labels and population of the cells C, G and D."""
    certain, agreed, disagreed = window.certain, window.agreed, window.disagreed
    labelled, weight = window.labelled, window.weight
    return CellCounts(
        certain_rows=int(certain.sum()),
        agreed_rows=int(agreed.sum()),
        agreed_labels=int((agreed & labelled).sum()),
        disagreed_rows=int(disagreed.sum()),
        disagreed_labels=int((disagreed & labelled).sum()),
        certain_population=float(weight[certain].sum()),
        agreed_population=float(weight[agreed].sum()),
        disagreed_population=float(weight[disagreed].sum()),
        groups=len(np.unique(window.group)),
    )


def count_changes(window: GateWindow) -> Changes:
    """Count what the candidate fixes and breaks among the labelled rows."""
    candidate_right = window.candidate == window.truth
    deployed_right = window.deployed == window.truth
    corrections = window.certain & ~deployed_right
    return Changes(
        corrections=int(corrections.sum()),
        corrections_fixed=int((corrections & candidate_right).sum()),
        fixed=int((candidate_right & ~deployed_right).sum()),
        broken=int((deployed_right & ~candidate_right).sum()),
        both_wrong=int((window.labelled & ~candidate_right & ~deployed_right).sum()),
    )


def _gain_if(window: GateWindow, presumed: NDArray[np.integer], n_labels: int) -> float:
    """Gain if `presumed` is the truth of every unlabelled disagreement."""
    truth = np.where(window.disagreed & ~window.labelled, presumed, window.truth)
    f1 = macro_f1(window_confusions(replace(window, truth=truth), n_labels))
    return float(f1[0] - f1[1])
