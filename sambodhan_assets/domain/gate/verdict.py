"""The verdict: what the evidence allows, and one sentence that says why.

Missing labels can only hold a promotion back, never bring one about.
"""

from dataclasses import dataclass

from sambodhan_assets.domain.gate.estimator import Estimate
from sambodhan_assets.domain.gate.evidence import Evidence, FirstModelScores
from sambodhan_assets.domain.gate.interval import GainInterval
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings, VerdictName
from sambodhan_assets.domain.gate.wording import count_of, higher_or_lower, points

# With fewer, one complaint moves a score by more than 3 points, and the bootstrap redraws so few
# complaints that its bound means little.
FEWEST_COMPLAINTS = 30


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What happens to the candidate.

    Attributes:
        name: PROMOTE, HOLD, REJECT or BOOTSTRAP.
        reason: One plain sentence for an official who knows no statistics.
        blockers: Every condition that failed, also those that the reason does not name.
        f1_delta_verdict: What the published rule would have said; None if not measured.
    """

    name: VerdictName
    reason: str
    blockers: tuple[str, ...] = ()
    f1_delta_verdict: VerdictName | None = None

    @property
    def deploys(self) -> bool:
        """Whether the candidate may serve."""
        return self.name in (VerdictName.PROMOTE, VerdictName.BOOTSTRAP)


def decide(evidence: Evidence, settings: PolicySettings) -> Verdict:
    """Say what the evidence allows under a policy.

    What weighs most comes first: a broken file is rejected whatever it scored; a candidate that is
    worse whatever the missing labels say is rejected; then the policy decides whether it would be
    promoted; a failed condition turns that into HOLD, or REJECT where the condition says so.
    """
    wanted, reason = _measured(evidence, settings)
    rejecting = list(evidence.final_model_problems)
    holding: list[str] = []
    for outcome, sentence in _conditions(evidence, settings):
        (rejecting if outcome == VerdictName.REJECT else holding).append(sentence)
    if rejecting:
        wanted, reason = VerdictName.REJECT, rejecting[0]
    elif holding and wanted in (VerdictName.PROMOTE, VerdictName.BOOTSTRAP):
        wanted, reason = VerdictName.HOLD, holding[0]
    return Verdict(
        name=wanted,
        reason=reason,
        blockers=(*rejecting, *holding),
        f1_delta_verdict=f1_delta_verdict(evidence, settings),
    )


def f1_delta_verdict(evidence: Evidence, settings: PolicySettings) -> VerdictName | None:
    """What the published rule says: F1_new > F1_deployed + threshold; None if not measured."""
    scores = evidence.f1_delta
    if scores is None or scores.candidate_f1 is None or scores.deployed_f1 is None:
        return None
    better = scores.candidate_f1 > scores.deployed_f1 + settings.decision_threshold
    return VerdictName.PROMOTE if better else VerdictName.REJECT


def _measured(evidence: Evidence, settings: PolicySettings) -> tuple[VerdictName, str]:
    if evidence.not_compared is not None:
        return VerdictName.HOLD, evidence.not_compared
    if evidence.first_model is not None:
        return _first_model(evidence.first_model, settings)
    if settings.policy == Policy.F1_DELTA:
        return _published_rule(evidence, settings)
    if evidence.estimate is None or evidence.interval is None:
        return VerdictName.HOLD, (
            "The deployed version has not answered anything yet, so there is nothing to compare."
        )
    return _compared(evidence.estimate, evidence.interval, settings)


def _first_model(measured: FirstModelScores, settings: PolicySettings) -> tuple[VerdictName, str]:
    candidate, majority = measured.candidate_f1, measured.majority_f1
    needed = max(settings.bootstrap_min_f1, majority + settings.bootstrap_over_majority)
    scores = (
        f"the candidate scores {points(candidate)} of 100; always answering the most frequent"
        f" label scores {points(majority)}, and the first model needs {points(needed)}"
    )
    # 0.4 + 0.2 is a little above 0.6 in floating point; nine digits are more than was measured.
    if round(candidate - needed, 9) >= 0:
        return VerdictName.BOOTSTRAP, f"Nothing is deployed yet, and {scores}."
    return VerdictName.REJECT, f"Nothing is deployed yet, but {scores}."


def _published_rule(evidence: Evidence, settings: PolicySettings) -> tuple[VerdictName, str]:
    verdict, scores = f1_delta_verdict(evidence, settings), evidence.f1_delta
    if verdict is None or scores is None:
        return VerdictName.HOLD, "The scores that the rule f1_delta compares were not measured."
    sentence = (
        f"The candidate scores {points(scores.candidate_f1)} of 100 on the corrections' test rows,"
        f" the deployed version {points(scores.deployed_f1)} on its sample, and the rule f1_delta"
        f" asks for a gain above {points(settings.decision_threshold)}."
    )
    return verdict, sentence


def _compared(
    estimate: Estimate, interval: GainInterval, settings: PolicySettings
) -> tuple[VerdictName, str]:
    complaints = estimate.counts.groups
    if complaints is not None and complaints < FEWEST_COMPLAINTS:
        return VerdictName.HOLD, (
            "The window is too small to tell: since it was deployed, the version that serves has"
            f" answered {count_of(complaints, 'complaint')} that can be compared, and"
            f" {FEWEST_COMPLAINTS} different ones are needed."
        )
    floor = gain_floor(settings)
    scores = (
        f"the candidate scores {points(estimate.candidate_f1)} of 100 on the complaints that the"
        f" deployed version answered, the deployed version {points(estimate.deployed_f1)}"
    )
    if _is_worse(estimate, interval):
        return VerdictName.REJECT, _worse_reason(estimate, interval)
    if estimate.gain < settings.decision_threshold:
        # Without a label on a disagreement the scores are the worst case, not what was found.
        found = "" if _unchecked(estimate) else f"{scores}; "
        shown = "A gain too small to count" if estimate.gain > 0 else "No gain is shown yet"
        return VerdictName.HOLD, f"{shown}: {found}{missing_labels(estimate)}."
    if _unchecked(estimate):
        scores += (
            f", even if that is right on all {estimate.counts.disagreed_rows:,} complaints on which"
            " the two differ and nobody has looked"
        )
    worst = f"worst the candidate is {higher_or_lower(interval.lower_05)}"
    loss = "no loss" if floor == 0 else f"up to {points(-floor)} points lower"
    if not interval.lower_05 > floor:
        return VerdictName.HOLD, (
            f"A gain is likely but not sure enough: {scores}. At {worst}, and the policy allows"
            f" {loss}; {missing_labels(estimate)}."
        )
    if interval.lower_05 > 0:
        return VerdictName.PROMOTE, f"A gain is shown: {scores}. Even at {worst}."
    return VerdictName.PROMOTE, (
        f"A gain is measured: {scores}. At {worst}, and the policy allows {loss}."
    )


def gain_floor(settings: PolicySettings) -> float:
    """What the 5 % bound of the gain must be above."""
    return 0.0 if settings.policy == Policy.STRICT else settings.balanced_margin


def _unchecked(estimate: Estimate) -> bool:
    """Nobody has labelled any of the disagreements."""
    return estimate.counts.disagreed_rows > 0 and not estimate.counts.disagreed_labels


def _is_worse(estimate: Estimate, interval: GainInterval) -> bool:
    """Worse whatever the labels that are missing would say."""
    if estimate.counts.disagreed_labels:
        return interval.upper_95 < 0
    return estimate.best_gain < 0


def _worse_reason(estimate: Estimate, interval: GainInterval) -> str:
    if estimate.counts.disagreed_labels:
        return (
            f"The candidate is worse: {estimate.counts.disagreed_labels} answers on which the two"
            " differ were checked, and the true gain is very likely below"
            f" {points(interval.upper_95, signed=True)}."
        )
    return (
        "The candidate is worse: even if it were right wherever the two differ and nobody has"
        f" looked, its score would fall by {points(-estimate.best_gain)} of 100."
    )


def missing_labels(estimate: Estimate) -> str:
    """Say in plain words which labels would tell more."""
    counts = estimate.counts
    unlabelled = counts.disagreed_rows - counts.disagreed_labels
    if not counts.disagreed_rows:
        return (
            "both models answer every complaint without a correction alike, so only more"
            " corrections can tell"
        )
    if not unlabelled:
        return "every disagreement has a label, so only more answered complaints can tell"
    missing = (
        f"{unlabelled:,} disagreements have no label"
        if counts.disagreed_labels
        else f"the two differ on {count_of(unlabelled, 'complaint')} that nobody has checked"
    )
    return (
        f"{missing}; if the candidate is right on them, the gain is"
        f" {points(estimate.best_gain, signed=True)}, if not,"
        f" {points(estimate.worst_gain, signed=True)}"
    )


def _conditions(evidence: Evidence, settings: PolicySettings) -> list[tuple[VerdictName, str]]:
    """Failed conditions with what each makes of a promotion."""
    failed = _latency_condition(evidence, settings)
    if settings.policy == Policy.F1_DELTA:
        return failed
    rival = evidence.rival_interval
    if rival is not None and rival.upper_95 < 0:
        sentence = (
            f"The candidate is worse than {evidence.rival_name}, which is cheaper to run: its gain"
            f" over it is very likely below {points(rival.upper_95, signed=True)}."
        )
        failed.append((VerdictName.HOLD, sentence))
    failed += [
        (VerdictName(guard.outcome_if_failed), guard.sentence)
        for guard in evidence.guards
        if not guard.passed
    ]
    return failed


def _latency_condition(
    evidence: Evidence, settings: PolicySettings
) -> list[tuple[VerdictName, str]]:
    limit, measured = settings.max_latency_ms, evidence.candidate_latency_ms
    if limit is None or (measured is not None and measured <= limit):
        return []
    if measured is None:
        sentence = f"The candidate's speed was not measured, but {limit:g} ms is the limit."
    else:
        sentence = (
            f"The candidate is too slow: 1 of 100 answers takes over {measured:.0f} ms, and"
            f" {limit:g} ms is the limit."
        )
    return [(VerdictName.HOLD, sentence)]
