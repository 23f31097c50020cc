"""No class gets worse: a guard per label, for a gain in the mean can hide a loss in one class.

Two rules per label. *Chance*: among its complaints that exactly one model answers rightly, the
candidate loses more often than a fair coin would at 0.10/K (McNemar's test as mid-p: Fagerland
2013, BMC MRM 13:91). *Size*: the share of its complaints that are found falls by more than 0.10 on
real traffic. A rule on the size alone at 3 points blocks 68 of 100 equal models.

A failed guard holds a promotion and does not reject: at 0.10 in all, one equal model in ten fails.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.gate.estimator import Estimate
from sambodhan_assets.domain.gate.evidence import GuardResult
from sambodhan_assets.domain.gate.window import GateWindow
from sambodhan_assets.domain.gate.wording import count_of, points

# What the names of these guards begin with.
LABEL_GUARD = "label "
FALSE_ALARMS = 0.10
LARGEST_DROP = 0.10
# Below this a share of a class moves by more than 3 points with one complaint.
FEWEST_ROWS = 30


@dataclass(frozen=True, kw_only=True)
class ClassChange:
    """What the candidate changes for the complaints of one label.

    Attributes:
        label: The label.
        rows: Window rows of this label: labelled so, or answered so without an objection.
        labelled: Those of them with a label.
        fixed: Of the rows that count as known, those that only the candidate answers rightly.
        broken: Those that only the deployed version answers rightly.
        presumed: No disagreement of the window has a label, so each counts as broken.
        p_value: One-sided mid-p of the candidate being no worse; None where nothing changes.
        candidate_recall: Share of the label's traffic that the candidate finds, by the estimator;
            None where there is none.
        deployed_recall: The same of the deployed version.
    """

    label: str
    rows: int
    labelled: int
    fixed: int
    broken: int
    presumed: bool
    p_value: float | None
    candidate_recall: float | None
    deployed_recall: float | None


def class_changes(
    window: GateWindow, estimate: Estimate, labels: Sequence[str]
) -> tuple[ClassChange, ...]:
    """What changes per label.

    Known are the rows with a label. Those of D stand for all of D, so their weight is larger; if
    none of D has a label, the deployed answer is presumed, as in the estimator: missing labels can
    only hold a promotion back. Near-duplicates are right or wrong together and count as one.

    Args:
        window: Both models' answers and the labels.
        estimate: The estimate on that window.
        labels: The task's labels; the position is the label id.
    """
    presumed = not bool((window.disagreed & window.labelled).any())
    truth = np.where(window.labelled, window.truth, window.deployed)
    known = window.labelled | (window.disagreed & presumed)
    weight = known_weights(window)
    fixed = known & (window.candidate == truth) & (window.deployed != truth)
    broken = known & (window.deployed == truth) & (window.candidate != truth)
    changes: list[ClassChange] = []
    for label_id, label in enumerate(labels):
        of_label = truth == label_id
        won, lost = fixed & of_label, broken & of_label
        changes.append(
            ClassChange(
                label=label,
                rows=int(of_label.sum()),
                labelled=int((of_label & window.labelled).sum()),
                fixed=int(won.sum()),
                broken=int(lost.sum()),
                presumed=presumed and bool((lost & ~window.labelled).any()),
                p_value=weighted_mid_p(
                    _per_group(window.group, weight, won), _per_group(window.group, weight, lost)
                ),
                candidate_recall=_recall(estimate.candidate_confusion, label_id),
                deployed_recall=_recall(estimate.deployed_confusion, label_id),
            )
        )
    return tuple(changes)


def class_guards(
    changes: Sequence[ClassChange], *, critical: Collection[str] = ()
) -> tuple[GuardResult, ...]:
    """One guard per label; a critical label with too few rows fails too."""
    return tuple(
        _guard(change, limit=FALSE_ALARMS / len(changes), critical=change.label in critical)
        for change in changes
    )


def known_weights(window: GateWindow) -> NDArray[np.float64]:
    """Float [n]: complaints that each labelled row stands for; D's labels share all of D."""
    in_d, weight = window.disagreed, window.weight.astype(np.float64)
    labelled = in_d & window.labelled
    if not labelled.any():
        return weight
    return np.where(in_d, weight * weight[in_d].sum() / weight[labelled].sum(), weight)


def mid_p(wins: int, losses: int) -> float:
    """Chance of at least so many losses by a fair coin, an equal number counting half.

    P(X > losses) + P(X = losses) / 2 for X ~ Binomial(wins + losses, 1/2).
    """
    from scipy.stats import binom

    tosses = wins + losses
    return float(binom.sf(losses, tosses, 0.5) + binom.pmf(losses, tosses, 0.5) / 2)


def weighted_mid_p(won: NDArray[np.floating], lost: NDArray[np.floating]) -> float | None:
    """mid_p of draws that stand for different numbers of complaints; None without a draw.

    The weights keep their share, and count as (sum w)^2 / sum w^2 draws (Kish 1965): equal weights
    give mid_p itself, and a few heavy labels among many light ones give little certainty.
    """
    weights = np.concatenate([won, lost])
    if not len(weights):
        return None
    total = weights.sum()
    draws = round(float(total**2 / (weights**2).sum()))
    losses = round(float(draws * lost.sum() / total))
    return mid_p(draws - losses, losses)


def _per_group(
    group: NDArray[np.integer], weight: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Weight of the chosen rows per text group that has one."""
    _, group_of_row = np.unique(group[chosen], return_inverse=True)
    return np.bincount(group_of_row, weights=weight[chosen]).astype(np.float64)


def _recall(confusion: NDArray[np.floating], label_id: int) -> float | None:
    total = float(confusion[label_id].sum())
    return float(confusion[label_id, label_id]) / total if total else None


def _guard(change: ClassChange, *, limit: float, critical: bool) -> GuardResult:
    problem = _problem(change, limit=limit, critical=critical)
    return GuardResult(
        name=f"{LABEL_GUARD}{change.label}",
        passed=problem is None,
        outcome_if_failed="HOLD",
        sentence=problem or _unharmed(change),
    )


def _problem(change: ClassChange, *, limit: float, critical: bool) -> str | None:
    if critical and change.rows < FEWEST_ROWS:
        return (
            f"A mistake costs most at {change.label}, and the window holds only"
            f" {count_of(change.rows, 'complaint')} of it; {FEWEST_ROWS} are needed to see whether"
            " the candidate harms it."
        )
    if change.p_value is not None and change.p_value <= limit:
        worse, tally = _tally(change)
        return (
            f"The candidate {worse} at {change.label}: {tally}. Chance alone does that in"
            f" {100 * change.p_value:.1f} of 100 cases, and {100 * limit:.1f} is the limit."
        )
    before, after = change.deployed_recall, change.candidate_recall
    if before is None or after is None or change.rows < FEWEST_ROWS:
        return None
    if round(before - after - LARGEST_DROP, 9) > 0:
        return (
            f"The candidate would find fewer complaints of {change.label}: {points(after)} of 100"
            f" instead of {points(before)}; a drop of {points(LARGEST_DROP)} is the limit."
        )
    return None


def _unharmed(change: ClassChange) -> str:
    if change.candidate_recall is None or change.deployed_recall is None:
        return f"The window holds no complaint of {change.label}."
    return (
        f"{change.label}: the candidate finds {points(change.candidate_recall)} of 100, the"
        f" deployed version {points(change.deployed_recall)} ({count_of(change.rows, 'complaint')},"
        f" {change.labelled:,} of them with a label)."
    )


def _tally(change: ClassChange) -> tuple[str, str]:
    """How sure it is that the class gets worse, and what that is counted from."""
    if not change.presumed:
        tally = f"of the answers that changed there it fixes {change.fixed:,} and breaks"
        return "gets worse", f"{tally} {change.broken:,}"
    return "may get worse", (
        f"it fixes {change.fixed:,} answers there and, if the deployed version is right wherever"
        f" nobody has looked, breaks {change.broken:,}"
    )
