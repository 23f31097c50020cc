"""All that a verdict rests on."""

from dataclasses import dataclass
from typing import Literal

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.gate.estimator import Estimate
from sambodhan_assets.domain.gate.interval import GainInterval


@dataclass(frozen=True, kw_only=True)
class GuardResult:
    """One further condition on a promotion, e.g. that no class gets significantly worse.

    Attributes:
        name: Short name for tables, e.g. "anchor".
        passed: Whether the condition holds.
        outcome_if_failed: What a failure makes of a promotion.
        sentence: What was found, in one plain sentence.
        measured: False where there was nothing to measure on; such a guard passes, and says so.
    """

    name: str
    passed: bool
    outcome_if_failed: Literal["HOLD", "REJECT"]
    sentence: str
    measured: bool = True


@dataclass(frozen=True, kw_only=True)
class FirstModelScores:
    """What the first model is judged by; both are macro-F1 over the traffic.

    Attributes:
        candidate_f1: Of the candidate, each row with the weight of the complaints it stands for.
        majority_f1: Of always answering the most frequent label.
    """

    candidate_f1: float
    majority_f1: float


@dataclass(frozen=True, kw_only=True)
class F1DeltaScores:
    """The two scores that the published rule compares; their rows differ.

    Attributes:
        candidate_f1: Macro-F1 of the candidate on the version's test split; None if not measured.
        deployed_f1: Macro-F1 of the deployed version on its sample of the same pool; None if not
            measured.
    """

    candidate_f1: float | None
    deployed_f1: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """What was measured; a number that was not measured is None, never 0.

    Attributes:
        something_deployed: Whether a version serves now.
        estimate: Candidate against deployed version on the window; None when nothing is deployed
            or the window is empty.
        interval: Interval of that gain; None exactly when `estimate` is.
        first_model: Scores of the candidate alone; given exactly when nothing is deployed.
        rival_name: How the rival is called in sentences.
        rival_interval: Interval of the candidate's gain over the rival, the rival standing as the
            deployed version of its window; None without a rival. Labels of a sheet are certain
            there: it was drawn where candidate and deployed version differ, not these two.
        candidate_latency_ms: Time within which 99 of 100 answers came; None if not measured.
        final_model_problems: Sentences about the file that would ship: not finite, another label
            map, worse on corrections than its fold models.
        f1_delta: Scores for the published rule.
        guards: Further conditions, in the order in which they are told.
        not_compared: Why nothing was compared although something serves, as a sentence.
    """

    something_deployed: bool
    estimate: Estimate | None = None
    interval: GainInterval | None = None
    first_model: FirstModelScores | None = None
    rival_name: str = "the linear model"
    rival_interval: GainInterval | None = None
    candidate_latency_ms: float | None = None
    final_model_problems: tuple[str, ...] = ()
    f1_delta: F1DeltaScores | None = None
    guards: tuple[GuardResult, ...] = ()
    not_compared: str | None = None

    def __post_init__(self) -> None:
        if (self.estimate is None) != (self.interval is None):
            raise _contradiction("one of estimate and interval is missing.")
        if self.estimate is not None and not self.something_deployed:
            raise _contradiction("there is a comparison although nothing is deployed.")
        if self.not_compared is not None and self.estimate is not None:
            raise _contradiction("there is a comparison and a reason why there is none.")
        if self.something_deployed != (self.first_model is None):
            raise _contradiction("first_model belongs to a task of which nothing is deployed.")


def _contradiction(found: str) -> PermanentError:
    return PermanentError(
        tried="Deciding about a candidate",
        found=found,
        todo="Measure what the Evidence record asks for, and hand it over together.",
    )
