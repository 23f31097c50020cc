"""The exchange in plain numbers: what the candidate repairs, what it spoils, what it is worth."""

from dataclasses import dataclass

import numpy as np

from sambodhan_assets.domain.gate.class_guard import known_weights
from sambodhan_assets.domain.gate.window import GateWindow

# Model updates turn 1.9 to 7.6 % of right answers wrong even where accuracy rises (Xie et al. 2021,
# arXiv 2105.03048); above this people are told.
MOST_FLIPS = 0.05


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """What the candidate fixes and breaks.

    *Flagged* rows have a label that was not drawn at random and differs from the deployed answer;
    *unflagged* are all random rows and those without a label.

    Attributes:
        flagged: Flagged rows.
        flagged_fixed: Those that the candidate answers rightly.
        unflagged: Unflagged rows.
        changed: Unflagged rows that the candidate answers differently.
        checked: Changed rows with a label.
        checked_fixed: Checked rows that only the candidate answers rightly.
        checked_broken: Checked rows that only the deployed version answers rightly.
        presumed_broken: Changed rows that count as broken because no changed row has a label.
        traffic: Complaints that the window stands for.
        fixed_on_traffic: Complaints of the traffic that the candidate repairs, estimated.
        broken_on_traffic: Complaints of the traffic that it spoils, estimated.
    """

    flagged: int
    flagged_fixed: int
    unflagged: int
    changed: int
    checked: int
    checked_fixed: int
    checked_broken: int
    presumed_broken: int
    traffic: float
    fixed_on_traffic: float
    broken_on_traffic: float

    @property
    def flip_share(self) -> float:
        """Share of the traffic that was answered rightly and will be answered wrongly."""
        return self.broken_on_traffic / self.traffic


def break_even(window: GateWindow) -> BreakEven:
    """Count what the candidate fixes and breaks; the window must hold a row."""
    changed, labelled = window.disagreed, window.labelled
    candidate_right = window.candidate == window.truth
    deployed_right = window.deployed == window.truth
    flagged = window.certain & ~deployed_right
    presumed = changed & ~labelled
    if (changed & labelled).any():
        presumed = np.zeros_like(presumed)
    # Certain rows that the deployed version answers rightly are neither: the traffic counts them.
    fixed = labelled & candidate_right & ~deployed_right
    broken = (labelled & deployed_right & ~candidate_right) | presumed
    weight = known_weights(window)
    return BreakEven(
        flagged=int(flagged.sum()),
        flagged_fixed=int((flagged & candidate_right).sum()),
        unflagged=int((~window.certain).sum()),
        changed=int(changed.sum()),
        checked=int((changed & labelled).sum()),
        checked_fixed=int((changed & fixed).sum()),
        checked_broken=int((changed & labelled & broken).sum()),
        presumed_broken=int(presumed.sum()),
        traffic=float(window.weight.sum()),
        fixed_on_traffic=float(weight[fixed].sum()),
        broken_on_traffic=float(weight[broken].sum()),
    )
