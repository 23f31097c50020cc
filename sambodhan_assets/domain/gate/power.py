"""What the window can show, and which labels would decide a candidate that is on hold.

The answers are found by trying: labels are added as they came so far, and the bound is computed
again. Where no disagreement has a label, nothing is assumed about who is right; instead it is said
how many of a sheet the candidate has to win.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.domain.gate.interval import gain_interval
from sambodhan_assets.domain.gate.policies import PolicySettings
from sambodhan_assets.domain.gate.pseudo_labels import (
    Outcomes,
    seen_outcomes,
    with_audits,
    with_disagreement_labels,
)
from sambodhan_assets.domain.gate.verdict import gain_floor
from sambodhan_assets.domain.gate.window import GateWindow

# The bound of a trial is read to half a point; 500 draws give it to a quarter.
REPLICATES = 500
# Standard normal quantiles of 0.95 and 0.80: a gain is shown if the bound says so in 8 of 10 cases.
BOUND_QUANTILE, POWER_QUANTILE = 1.6449, 0.8416
# Where no disagreement has a label, as many are won as lost: that spreads the bound most.
EVEN = Outcomes(candidate_right=1, deployed_right=1, neither=0)
WON = Outcomes(candidate_right=1, deployed_right=0, neither=0)


class Stratum(StrEnum):
    """Where labels are missing."""

    DISAGREEMENTS = "disagreements"
    AUDITS = "audits"
    COMPLAINTS = "complaints"


@dataclass(frozen=True, kw_only=True)
class Need:
    """What would decide.

    Attributes:
        stratum: What is missing: labels of disagreements, random audits, or answered complaints.
        count: How many more; None if that cannot be told.
        wins: Of so many labels the candidate must win at least these; None where the rate is taken
            from the labels so far.
    """

    stratum: Stratum
    count: int | None
    wins: int | None = None


@dataclass(frozen=True, kw_only=True)
class Power:
    """What the window can show under the policy.

    Attributes:
        smallest_gain: A true gain of this size is shown in 8 of 10 such windows, with the labels
            that exist; None where no disagreement has one and some would need it.
        smallest_gain_labelled: The same if every disagreement had a label.
        seen: Outcomes of the labelled disagreements.
        unlabelled: Disagreements without a label.
        need: What would show a gain; None if the gain and its bound suffice now.
        replicates: Draws of each trial.
        seed: Seed of the trials.
    """

    smallest_gain: float | None
    smallest_gain_labelled: float
    seen: Outcomes
    unlabelled: int
    need: Need | None
    replicates: int
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trials:
    window: GateWindow
    n_labels: int
    settings: PolicySettings
    replicates: int
    seed: int

    def measure(self, window: GateWindow) -> tuple[float, float]:
        """Gain and 5 % bound of a window."""
        interval = gain_interval(window, self.n_labels, replicates=self.replicates, seed=self.seed)
        return estimate(window, self.n_labels).gain, interval.lower_05

    def shows(self, window: GateWindow) -> bool:
        """Whether the policy sees a gain."""
        gain, lower = self.measure(window)
        return gain >= self.settings.decision_threshold and lower > gain_floor(self.settings)

    def labelled(self, outcomes: Outcomes, count: int) -> GateWindow:
        """The window with more labelled disagreements."""
        return with_disagreement_labels(self.window, outcomes, count, self.n_labels, seed=self.seed)


def measure_power(
    window: GateWindow,
    n_labels: int,
    settings: PolicySettings,
    *,
    sheet_size: int,
    replicates: int = REPLICATES,
    seed: int,
) -> Power:
    """Try out what more labels could show.

    Args:
        window: Both models' answers and the labels.
        n_labels: K.
        settings: The policy.
        sheet_size: Disagreements on a sheet, what people label in one go.
        replicates: Draws of each trial; there are at most about twenty.
        seed: Same seed, same answer.

    Raises:
        PermanentError: The window is empty or holds a label id of K or more.
    """
    trials = _Trials(
        window=window, n_labels=n_labels, settings=settings, replicates=replicates, seed=seed
    )
    seen = seen_outcomes(window)
    unlabelled = int((window.disagreed & ~window.labelled).sum())
    filled = trials.labelled(seen if seen.total else EVEN, unlabelled)
    known = bool(seen.total) or not unlabelled
    return Power(
        smallest_gain=_smallest_gain(trials, window) if known else None,
        smallest_gain_labelled=_smallest_gain(trials, filled),
        seen=seen,
        unlabelled=unlabelled,
        need=_need(trials, seen, unlabelled, sheet_size),
        replicates=replicates,
        seed=seed,
    )


def _smallest_gain(trials: _Trials, window: GateWindow) -> float:
    """The gain whose bound is above the floor in 8 of 10 cases."""
    gain, lower = trials.measure(window)
    width = (gain - lower) * (1 + POWER_QUANTILE / BOUND_QUANTILE)
    return max(trials.settings.decision_threshold, width + gain_floor(trials.settings))


def _need(trials: _Trials, seen: Outcomes, unlabelled: int, sheet_size: int) -> Need | None:
    if trials.shows(trials.window):
        return None
    filled = trials.labelled(seen if seen.total else EVEN, unlabelled)
    if unlabelled and seen.total and trials.shows(filled):
        count = _least(lambda count: trials.shows(trials.labelled(seen, count)), unlabelled)
        return Need(stratum=Stratum.DISAGREEMENTS, count=count)
    gain, lower = trials.measure(filled)
    gaining = gain >= trials.settings.decision_threshold
    if unlabelled and not (seen.total and gaining):
        won = _wins_needed(trials, unlabelled, sheet_size)
        return won or Need(stratum=Stratum.COMPLAINTS, count=None)
    if not gaining:
        return Need(stratum=Stratum.COMPLAINTS, count=None)
    return _audits_needed(trials, filled) or _complaints_needed(trials, gain, lower)


def _wins_needed(trials: _Trials, unlabelled: int, sheet_size: int) -> Need | None:
    """The smallest sheet that can decide, and how many of it the candidate has to win."""
    count = min(sheet_size, unlabelled)
    while not trials.shows(trials.labelled(WON, count)):
        if count == unlabelled:
            return None
        count = min(2 * count, unlabelled)

    def enough(wins: int) -> bool:
        outcomes = Outcomes(candidate_right=wins, deployed_right=count - wins, neither=0)
        return trials.shows(trials.labelled(outcomes, count))

    return Need(stratum=Stratum.DISAGREEMENTS, count=count, wins=_least(enough, count))


def _audits_needed(trials: _Trials, filled: GateWindow) -> Need | None:
    agreed = int((filled.agreed & ~filled.labelled).sum())
    if not trials.shows(with_audits(filled, agreed, seed=trials.seed)):
        return None
    count = _least(lambda n: trials.shows(with_audits(filled, n, seed=trials.seed)), agreed)
    return Need(stratum=Stratum.AUDITS, count=count)


def _complaints_needed(trials: _Trials, gain: float, lower: float) -> Need:
    """The bound's distance from the gain shrinks with the square root of the complaints."""
    times = ((gain - lower) / (gain - gain_floor(trials.settings))) ** 2
    more = math.ceil(len(trials.window) * (times - 1))
    return Need(stratum=Stratum.COMPLAINTS, count=more)


def _least(holds: Callable[[int], bool], highest: int) -> int:
    """The least number for which `holds`, given that it holds for `highest` and from there down."""
    low, high = 1, highest
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return high
