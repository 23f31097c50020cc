"""What the evidence about an embedding model allows, and one sentence that says why."""

from sambodhan_assets.domain.embedding.contest import DEPLOYED, Comparison
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings, VerdictName
from sambodhan_assets.domain.gate.verdict import Verdict, gain_floor
from sambodhan_assets.domain.gate.wording import higher_or_lower, points

# With fewer, one typo moves a score by more than 3 points.
FEWEST_QUERIES = 30
# Words that lie closer together are worth it only if more typos are put right; beyond this, people
# who search with a threshold would be given wrong words.
MOST_OVER_MERGING = 0.10


def decide_embedding(comparison: Comparison, settings: PolicySettings) -> Verdict:
    """Says what happens to the candidate; rivals have no say.

    The policy f1_delta compares labels, which there are none of here; it counts as balanced.

    Args:
        comparison: Against the deployed version, or the base model where nothing serves.
        settings: Policy and thresholds.
    """
    name, reason = _measured(comparison, settings)
    blockers = _conditions(comparison)
    if blockers and name in (VerdictName.PROMOTE, VerdictName.BOOTSTRAP):
        name, reason = VerdictName.HOLD, blockers[0]
    return Verdict(name=name, reason=reason, blockers=tuple(blockers))


def _measured(comparison: Comparison, settings: PolicySettings) -> tuple[VerdictName, str]:
    both, other = comparison.both, _named(comparison)
    if both.queries < FEWEST_QUERIES:
        return VerdictName.HOLD, (
            f"Too few typos to tell: the test split has {both.queries}, and {FEWEST_QUERIES} are"
            " needed. Load more training pairs."
        )
    change = (
        f"of 100 typos the candidate puts {points(both.gain, signed=True)} more right than {other}"
    )
    lower, upper = both.interval.lower_05, both.interval.upper_95
    if upper < 0:
        return VerdictName.REJECT, (
            f"The candidate is worse: {change}, and the true difference is very likely below"
            f" {points(upper, signed=True)}."
        )
    if both.gain < settings.decision_threshold:
        return VerdictName.HOLD, f"No gain is shown: {change}."
    floor = gain_floor(settings) if settings.policy != Policy.F1_DELTA else settings.balanced_margin
    worst = f"at worst it is {higher_or_lower(lower)}"
    if not lower > floor:
        return VerdictName.HOLD, f"A gain is likely but not sure enough: {change}; {worst}."
    if comparison.against == DEPLOYED:
        return VerdictName.PROMOTE, f"A gain is shown: {change}; {worst}."
    return VerdictName.BOOTSTRAP, f"Nothing is deployed yet, and {change}; {worst}."


def _conditions(comparison: Comparison) -> list[str]:
    """Conditions that failed; each turns a promotion into HOLD."""
    failed: list[str] = []
    unseen, merging = comparison.unseen, comparison.over_merging
    if unseen is not None and unseen.interval.upper_95 < 0:
        failed.append(
            "The candidate forgets what it was not trained on: of 100 typos of words that training"
            f" never saw it puts {points(unseen.gain, signed=True)} more right than"
            f" {_named(comparison)}."
        )
    if merging is not None and merging.interval.lower_05 > MOST_OVER_MERGING:
        failed.append(
            "The candidate puts different words together: for"
            f" {points(merging.gain, signed=True)} more of 100 typos than with"
            f" {_named(comparison)}, another correct word is at least as near to the right one as"
            " the typo is."
        )
    return failed


def _named(comparison: Comparison) -> str:
    return "the deployed version" if comparison.against == DEPLOYED else "its base model"
