"""What the evidence about an embedding model allows, and one sentence that says why."""

from sambodhan_assets.domain.embedding.contest import DEPLOYED, Comparison
from sambodhan_assets.domain.gate.policies import PolicySettings, VerdictName
from sambodhan_assets.domain.gate.verdict import Verdict, gain_floor
from sambodhan_assets.domain.gate.wording import count_of, higher_or_lower, points

# With fewer, one typo moves a score by more than 3 points.
FEWEST_QUERIES = 30
# The bootstrap redraws words. With one word every replicate is the same, and the interval has no
# width however little is known.
FEWEST_WORDS = 10
# Seen and unseen words count alike: with fewer of a kind, one typo would weigh as much as dozens.
FEWEST_WORDS_OF_A_KIND = 5
# Words that lie closer together are worth it only if more typos are put right; beyond this, people
# who search with a threshold would be given wrong words.
MOST_OVER_MERGING = 0.10

_MORE_PAIRS = (
    "add training pairs (`sambodhan load pairs FILE.csv` for the table) and run the job "
    "train_embeddings, which trains a new candidate"
)
_DEPLOYS = (
    "Nothing: this verdict deploys the candidate. A run that broke off before is finished by the "
    "next one."
)
_NEXT_STEPS = {
    VerdictName.PROMOTE: _DEPLOYS,
    VerdictName.BOOTSTRAP: _DEPLOYS,
    VerdictName.HOLD: (
        f"More pairs of more words can tell: {_MORE_PAIRS}. The same candidate on the same pairs "
        "gets the same verdict."
    ),
    VerdictName.REJECT: (
        f"Nothing has to be done; the candidate is not deployed. For a better one, {_MORE_PAIRS}."
    ),
}


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


def next_step(name: VerdictName) -> str:
    """What people should do after a verdict. There is no sheet to fill in: pairs have answers."""
    return _NEXT_STEPS[name]


def _measured(comparison: Comparison, settings: PolicySettings) -> tuple[VerdictName, str]:
    both = comparison.both
    if (too_few := _too_few(comparison)) is not None:
        return VerdictName.HOLD, too_few
    lower, upper = both.interval.lower_05, both.interval.upper_95
    half = "" if comparison.seen is None else ", half of them of words that it never saw,"
    change = (
        f"of 100 typos{half} the candidate puts {_more_or_fewer(both.gain)} {_named(comparison)}"
    )
    if upper < 0:
        best = f"at best it is {higher_or_lower(upper)}"
        return VerdictName.REJECT, f"The candidate is worse: {change}; {best}."
    # Sums of thirds are a little off in floating point; nine digits are more than was measured.
    if round(both.gain - settings.decision_threshold, 9) < 0:
        shown = "A gain too small to count" if both.gain > 0 else "No gain is shown"
        return VerdictName.HOLD, f"{shown}: {change}."
    floor = gain_floor(settings)
    worst = f"at worst it is {higher_or_lower(lower)}"
    if not lower > 0:
        loss = "no loss" if floor == 0 else f"up to {points(-floor)} points lower"
        worst += f", and the policy allows {loss}"
    if not lower > floor:
        return VerdictName.HOLD, f"A gain is likely but not sure enough: {change}; {worst}."
    if comparison.against != DEPLOYED:
        return VerdictName.BOOTSTRAP, f"Nothing is deployed yet, and {change}; {worst}."
    shown = "shown" if lower > 0 else "measured"
    return VerdictName.PROMOTE, f"A gain is {shown}: {change}; {worst}."


def _too_few(comparison: Comparison) -> str | None:
    """Why nothing can be told; None if something can."""
    both = comparison.both
    if both.queries < FEWEST_QUERIES:
        return (
            f"Too few typos to tell: the test split has {both.queries}, and {FEWEST_QUERIES} are"
            " needed."
        )
    if both.words < FEWEST_WORDS:
        return (
            "Too few words to tell: the typos of the test split are those of"
            f" {count_of(both.words, 'word')}, and {FEWEST_WORDS} are needed."
        )
    unseen = comparison.unseen.words if comparison.unseen else 0
    if unseen < FEWEST_WORDS_OF_A_KIND:
        return _too_few_of_a_kind("never saw", unseen)
    # Without seen words nothing is weighed against the unseen ones.
    if comparison.seen is not None and comparison.seen.words < FEWEST_WORDS_OF_A_KIND:
        return _too_few_of_a_kind("saw", comparison.seen.words)
    return None


def _too_few_of_a_kind(kind: str, words: int) -> str:
    return (
        f"Too few words to tell: the typos of the test split have {count_of(words, 'word')} that"
        f" training {kind}, and {FEWEST_WORDS_OF_A_KIND} are needed."
    )


def _conditions(comparison: Comparison) -> list[str]:
    """Conditions that failed; each turns a promotion into HOLD."""
    failed: list[str] = []
    unseen, merging = comparison.unseen, comparison.over_merging
    if unseen is not None and unseen.words < FEWEST_WORDS_OF_A_KIND:
        unseen = None
    if unseen is not None and unseen.interval.upper_95 < 0:
        failed.append(
            "The candidate forgets what it was not trained on: of 100 typos of words that training"
            f" never saw it puts {_more_or_fewer(unseen.gain)} {_named(comparison)}."
        )
    if merging is not None and merging.interval.lower_05 > MOST_OVER_MERGING:
        failed.append(
            "The candidate puts different words together: for"
            f" {points(merging.gain)} more of 100 typos than with {_named(comparison)}, a threshold"
            " that catches 9 of 10 typos takes the right word and another correct one for the same."
        )
    return failed


def _more_or_fewer(gain: float) -> str:
    """A gain in typos of 100, before the name of the other one: "3.0 fewer right than"."""
    shown = points(abs(gain))
    if shown == "0.0":
        return "as many right as"
    return f"{shown} {'more' if gain > 0 else 'fewer'} right than"


def _named(comparison: Comparison) -> str:
    return "the deployed version" if comparison.against == DEPLOYED else "its base model"
