"""The names of policies and verdicts, and the thresholds that a policy uses."""

import math
from dataclasses import dataclass
from enum import StrEnum

from sambodhan_assets.domain.errors import PermanentError


class Policy(StrEnum):
    """How sure the gate must be before it promotes.

    BALANCED promotes a measured gain that is very unlikely to be a loss of more than the margin.
    STRICT promotes only a gain that is very unlikely to be a loss at all: in six simulated cycles
    it closed half as much of the reachable gap. F1_DELTA compares two scores of different rows, as
    published; it promotes a model ten points worse, so it is there to be compared with.
    """

    BALANCED = "balanced"
    STRICT = "strict"
    F1_DELTA = "f1_delta"


class VerdictName(StrEnum):
    """What the gate says; only PROMOTE and BOOTSTRAP deploy."""

    PROMOTE = "PROMOTE"
    HOLD = "HOLD"
    REJECT = "REJECT"
    BOOTSTRAP = "BOOTSTRAP"


@dataclass(frozen=True, kw_only=True)
class PolicySettings:
    """One policy with its thresholds; all scores and gains are macro-F1 in [0, 1].

    Attributes:
        policy: Which rule decides.
        decision_threshold: Smallest gain that counts as one.
        balanced_margin: `balanced` promotes only if the gain's lower bound is above this.
        bootstrap_min_f1: Least macro-F1 of the first model.
        bootstrap_over_majority: Least distance of the first model to always answering the most
            frequent label.
        max_latency_ms: Most milliseconds that 99 of 100 answers may take; None is not judged.

    Raises:
        PermanentError: A threshold is outside its range.
    """

    policy: Policy = Policy.BALANCED
    decision_threshold: float = 0.001
    balanced_margin: float = -0.02
    bootstrap_min_f1: float = 0.60
    bootstrap_over_majority: float = 0.20
    max_latency_ms: float | None = None

    def __post_init__(self) -> None:
        self._check("decision_threshold", self.decision_threshold, 0, 1)
        self._check("balanced_margin", self.balanced_margin, -1, 0)
        self._check("bootstrap_min_f1", self.bootstrap_min_f1, 0, 1)
        self._check("bootstrap_over_majority", self.bootstrap_over_majority, 0, 1)
        if self.max_latency_ms is not None:
            self._check("max_latency_ms", self.max_latency_ms, 0, math.inf)

    def _check(self, name: str, value: float, lowest: float, highest: float) -> None:
        if not lowest <= value <= highest:
            raise PermanentError(
                tried="Reading the settings of the gate",
                found=f"{name} is {value}.",
                todo=f"Set it to a number from {lowest} to {highest}.",
            )
