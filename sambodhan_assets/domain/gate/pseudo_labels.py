"""Windows as they would be with more labels: what further labels could say, tried out."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.gate.window import GateWindow


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Who is right on disagreements.

    Attributes:
        candidate_right: Number or share on which the candidate is right.
        deployed_right: The same of the deployed version.
        neither: The same of both being wrong.
    """

    candidate_right: float
    deployed_right: float
    neither: float

    @property
    def total(self) -> float:
        """All of them."""
        return self.candidate_right + self.deployed_right + self.neither


def seen_outcomes(window: GateWindow) -> Outcomes:
    """Outcomes of the disagreements that have a label."""
    known = window.disagreed & window.labelled
    won = int((known & (window.candidate == window.truth)).sum())
    lost = int((known & (window.deployed == window.truth)).sum())
    return Outcomes(candidate_right=won, deployed_right=lost, neither=int(known.sum()) - won - lost)


def with_disagreement_labels(
    window: GateWindow, outcomes: Outcomes, count: int, n_labels: int, *, seed: int
) -> GateWindow:
    """The window with `count` more labelled disagreements, won and lost as `outcomes` says.

    Args:
        window: The window as it stands.
        outcomes: Numbers or shares; only their ratio counts.
        count: Labels to add, at most the disagreements without one.
        n_labels: K. With two labels one of the two models is right.
        seed: Same seed, same rows.
    """
    order = _shuffled(window.disagreed & ~window.labelled, seed)[:count]
    won = round(count * outcomes.candidate_right / outcomes.total)
    lost = round(count * outcomes.deployed_right / outcomes.total)
    if n_labels == 2:
        lost = count - won
    truth = window.truth.copy()
    truth[order[:won]] = window.candidate[order[:won]]
    truth[order[won : won + lost]] = window.deployed[order[won : won + lost]]
    rest = order[won + lost :]
    truth[rest] = _other_label(window.candidate[rest], window.deployed[rest])
    return replace(window, truth=truth)


def with_audits(window: GateWindow, count: int, *, seed: int) -> GateWindow:
    """The window with `count` more labels where the models agree.

    Each answer turns out as it did among the audits so far; an answer that none of them had is
    right.
    """
    audited = window.agreed & window.labelled
    chosen = _shuffled(window.agreed & ~window.labelled, seed)[:count]
    truth = window.truth.copy()
    for answer in np.unique(window.deployed[chosen]).tolist():
        rows = chosen[window.deployed[chosen] == answer]
        found = np.sort(window.truth[audited & (window.deployed == answer)])
        # Evenly over what was found, so that few rows have its proportions too.
        places = np.arange(len(rows)) * max(1, len(found)) // len(rows)
        truth[rows] = found[places] if len(found) else answer
    return replace(window, truth=truth)


def _shuffled(rows: NDArray[np.bool_], seed: int) -> NDArray[np.intp]:
    return np.random.default_rng(seed).permutation(np.flatnonzero(rows))


def _other_label(first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.integer]:
    """The lowest label id that is neither; ids 0 to 2 always hold one."""
    candidates = np.arange(3)[:, None]
    free = (candidates != first) & (candidates != second)
    return free.argmax(axis=0)
