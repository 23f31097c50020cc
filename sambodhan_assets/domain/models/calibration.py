"""Temperature scaling: probabilities that say how often the answer is right.

One number T per model is fitted on the eval split (Guo et al. 2017, arXiv 1706.04599). It changes
how sure a model says it is, never what it answers. Two thirds of the eval split are corrections,
the hard complaints, so every row counts with its share of real traffic: without these weights a
confidence that was off by 2 to 5 points on traffic came out off by 14 to 27.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.checked_ids import Ids, checked_ids
from sambodhan_assets.domain.models.confidence import (
    MIN_ROWS_FOR_ERROR,
    Probabilities,
    Weights,
    calibration_error,
    tempered,
)
from sambodhan_assets.domain.models.training_record import TrainingRecord

# Fewer tell nothing, whatever the prior below.
MIN_ROWS = 20
# Deviation of log T that is expected beforehand. A hundred eval rows with weights hold as much as
# forty without, and T from them alone is as often harmful as helpful where confidence is nearly
# right. With this prior the error on traffic came down from .09 and .10 to .05 where the model was
# too sure, and moved by .014 at most, either way, where it was right to .02 to .05.
PRIOR_DEVIATION = 0.3
# Temperatures outside are no fit but its failure: at 0.05 a probability of .6 is one of .9997.
_LOWEST, _HIGHEST = 0.05, 20.0
_KEY = "calibration"


class Calibratable(Protocol):
    """A model of either family, as far as calibrating needs it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels of the task."""
        ...

    @property
    def record(self) -> TrainingRecord:
        """Where the temperature stands."""
        ...

    def predict_proba(self, texts: Sequence[str]) -> Probabilities:
        """Probabilities [n, K], scaled by the temperature of the record."""
        ...

    def with_record(self, record: TrainingRecord) -> Self:
        """The same weights with another record."""
        ...


Model = TypeVar("Model", bound=Calibratable)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How a model's probabilities are scaled, and what that changed.

    Attributes:
        temperature: T; p becomes p ** (1 / T), scaled to sum 1. 1 changes nothing.
        rows: Rows of the eval split.
        ece_before: Expected calibration error on traffic without T, in [0, 1]; None if there are
            too few rows to measure it.
        ece_after: The same with T, on the same rows, so a little too good.
        reason: Why T was not fitted and is 1; None if it was.
    """

    temperature: float
    rows: int
    ece_before: float | None
    ece_after: float | None
    reason: str | None

    def __post_init__(self) -> None:
        if not 0.0 < self.temperature < np.inf:
            raise ValueError(f"temperature={self.temperature}: must be above 0 and finite")

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        if self.reason is not None:
            return f"not measured: {self.reason}"
        if self.ece_before is None or self.ece_after is None:
            return (
                f"temperature {self.temperature:.2f}; how far confidence misses accuracy is not "
                f"measured: the eval split has {self.rows} rows, {MIN_ROWS_FOR_ERROR} are needed."
            )
        return (
            f"temperature {self.temperature:.2f}; confidence missed accuracy by "
            f"{100 * self.ece_before:.1f} points of 100 before and {100 * self.ece_after:.1f} "
            f"after, on {self.rows} rows weighted to real traffic."
        )


def calibrated(
    model: Model, texts: Sequence[str], label_ids: Ids, weights: Weights | None
) -> Model:
    """The model with a temperature fitted on labelled rows that it did not train on.

    Args:
        model: A freshly trained model, without a temperature.
        texts: Cleaned texts of the eval split; may be empty.
        label_ids: Their labels.
        weights: Complaints of real traffic that each row stands for; None if none stands for any.
    """
    truth = checked_ids(label_ids, rows=len(texts), limit=len(model.labels), name="label ids")
    calibration = fit_calibration(model.predict_proba(texts), truth, weights)
    return model.with_record(recorded(model.record, calibration))


def fit_calibration(
    probabilities: Probabilities, truth: NDArray[np.int64], weights: Weights | None
) -> Calibration:
    """Fit T by least negative log likelihood on traffic, drawn towards 1 where rows are few.

    T stays 1 where the rows cannot tell it: too few, all of one label, none that stands for
    traffic, or all answered rightly (then any smaller T is likelier still) or all wrongly.

    Args:
        probabilities: [n, K], untempered.
        truth: [n] label ids.
        weights: [n] above 0, or None.
    """
    answers = probabilities.argmax(axis=1) if len(truth) else truth
    reason = _why_not(truth, answers == truth, weighted=weights is not None)
    if reason or weights is None:
        return Calibration(
            temperature=1.0, rows=len(truth), ece_before=None, ece_after=None, reason=reason
        )
    # Four digits are far inside its error, and the same on machines that round otherwise.
    temperature = round(_likeliest(probabilities, truth, weights), 4)
    return Calibration(
        temperature=temperature,
        rows=len(truth),
        ece_before=calibration_error(probabilities, truth, weights),
        ece_after=calibration_error(tempered(probabilities, temperature), truth, weights),
        reason=None,
    )


def recorded(record: TrainingRecord, calibration: Calibration) -> TrainingRecord:
    """The record with this calibration."""
    return record.with_outcome({_KEY: asdict(calibration)})


def calibration_of(record: TrainingRecord) -> Calibration:
    """What a record says about calibration; T is 1 in one that says nothing.

    Raises:
        PermanentError: The entry is there but unreadable.
    """
    if _KEY not in record.outcome:
        return Calibration(
            temperature=1.0,
            rows=0,
            ece_before=None,
            ece_after=None,
            reason="the model was trained without calibration.",
        )
    entry: Any = record.outcome[_KEY]
    try:
        return Calibration(**cast(Mapping[str, Any], entry))
    except (TypeError, ValueError) as error:
        raise PermanentError(
            tried="Reading the calibration of a model",
            found=f"its entry {_KEY!r} is damaged: {error}.",
            todo="Use a model folder that this platform wrote and that nobody edited.",
        ) from error


def _why_not(truth: NDArray[np.int64], right: NDArray[np.bool_], *, weighted: bool) -> str | None:
    if len(truth) < MIN_ROWS:
        return f"the eval split has {len(truth)} rows, {MIN_ROWS} are needed."
    if len(np.unique(truth)) < 2:
        return f"all {len(truth)} rows of the eval split have one label."
    if not weighted:
        return "no row of the eval split stands for the complaints that nobody reported."
    if right.all() or not right.any():
        answered = "rightly" if right.all() else "wrongly"
        return f"all {len(truth)} rows of the eval split are answered {answered}."
    return None


def _likeliest(probabilities: Probabilities, truth: NDArray[np.int64], weights: Weights) -> float:
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    # A label without training rows has probability 0 at every T: such a row cannot tell T.
    possible = probabilities[np.arange(len(truth)), truth] > 0.0
    with np.errstate(divide="ignore"):
        logs, own, weight = np.log(probabilities[possible]), truth[possible], weights[possible]

    # So many rows of equal weight would tell as much (Kish 1965).
    rows = weight.sum() ** 2 / (weight**2).sum()

    def loss(log_temperature: float) -> float:
        scaled = logs / np.exp(log_temperature)
        likelihood = scaled[np.arange(len(own)), own] - logsumexp(scaled, axis=1)
        prior = log_temperature**2 / (2 * PRIOR_DEVIATION**2 * rows)
        return float(prior - np.average(likelihood, weights=weight))

    bounds = (float(np.log(_LOWEST)), float(np.log(_HIGHEST)))
    found: Any = minimize_scalar(loss, bounds=bounds, method="bounded")
    return float(np.exp(found.x))
