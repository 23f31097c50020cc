"""What a threshold is, and what it says about an export."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sambodhan_assets.domain.qa.metric import Metric, Section
from sambodhan_assets.domain.qa.numbers import plain, told_apart


class Bound(StrEnum):
    """Which side of the limit is allowed."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


class Severity(StrEnum):
    """How loudly a failed threshold is told; the names are those of Dagster's checks."""

    WARN = "WARN"
    ERROR = "ERROR"


class Status(StrEnum):
    """What a threshold says. One on a metric that was not measured is not met."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A limit on one metric.

    Attributes:
        metric: Name of the metric.
        section: Section that holds the metric.
        bound: Which side of the limit is allowed.
        limit: In the unit of the metric; the limit itself is allowed.
        severity: How loudly a failure is told.
        why: Why there is a limit, and why this one.
        todo: What to do where it is not met.
    """

    metric: str
    section: str
    bound: Bound
    limit: float
    severity: Severity
    why: str
    todo: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a threshold says about an export.

    Attributes:
        threshold: The limit.
        value: What was measured; None if nothing was.
        status: passed, failed or not_measured.
        sentence: The same for people, without a full stop.
    """

    threshold: Threshold
    value: float | None
    status: Status
    sentence: str

    @property
    def section(self) -> str:
        """Section of the metric."""
        return self.threshold.section

    @property
    def met(self) -> bool:
        """Whether the metric was measured and is within its limit."""
        return self.status is Status.PASSED


def judge(sections: Sequence[Section], thresholds: Sequence[Threshold]) -> list[Verdict]:
    """What every threshold says about the metrics of some sections."""
    found = {metric.name: metric for section in sections for metric in section.metrics}
    return [_verdict(threshold, found.get(threshold.metric)) for threshold in thresholds]


def _verdict(threshold: Threshold, metric: Metric | None) -> Verdict:
    value = None if metric is None else metric.value
    allowed = f"{threshold.bound.value} {{}} is allowed"
    # No comparison with NaN is true, so it would pass every threshold.
    if value is None or not math.isfinite(value):
        reason = why_not_measured(metric)
        return Verdict(
            threshold=threshold,
            value=None,
            status=Status.NOT_MEASURED,
            sentence=f"{threshold.metric} was not measured ({reason}), "
            + allowed.format(plain(threshold.limit)),
        )
    wrong = value > threshold.limit if threshold.bound is Bound.AT_MOST else value < threshold.limit
    shown, limit = told_apart(value, threshold.limit)
    return Verdict(
        threshold=threshold,
        value=value,
        status=Status.FAILED if wrong else Status.PASSED,
        sentence=f"{threshold.metric} is {shown}, {allowed.format(limit)}",
    )


def why_not_measured(metric: Metric | None) -> str:
    """Why a metric without a number has none."""
    if metric is None:
        return "nothing measures it"
    if metric.value is not None:
        return f"the computation gave {metric.value}, which is no number"
    return metric.reason or "no reason was given"
