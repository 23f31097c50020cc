"""The thresholds of a QA report: defaults, and other limits from the configuration."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.qa.verdicts import Bound, Severity, Threshold

DEFAULTS = (
    Threshold(
        metric="personal_data_rows",
        section="privacy",
        bound=Bound.AT_MOST,
        limit=0,
        severity=Severity.ERROR,
        why="What a recogniser still finds in what is published can harm a person.",
        todo="Do not publish it: look at the rows listed under privacy, and set PII_POLICY to"
        " redact or drop.",
    ),
    Threshold(
        metric="malformed_share",
        section="provenance",
        bound=Bound.AT_MOST,
        limit=0.05,
        severity=Severity.WARN,
        why="One row in twenty that cannot be understood is no slip: the file is of another form.",
        todo="Look at the source that most rows were left out of, and name its columns.",
    ),
)


def thresholds_with(
    limits: Mapping[str, float | None], defaults: Sequence[Threshold] = DEFAULTS
) -> tuple[Threshold, ...]:
    """The thresholds with other limits for some metrics.

    Args:
        limits: Limit by name of the metric; None takes the threshold away.
        defaults: Thresholds that are changed.

    Raises:
        PermanentError: A metric has no threshold, or a limit is no number.
    """
    known = sorted(threshold.metric for threshold in defaults)
    if unknown := sorted(set(limits) - set(known)):
        raise PermanentError(
            tried="Reading the thresholds of the QA report",
            found=f"there is no threshold for {', '.join(unknown)}.",
            todo=f"Name some of {', '.join(known)}.",
        )
    for metric, limit in limits.items():
        if limit is not None and not math.isfinite(limit):
            raise PermanentError(
                tried="Reading the thresholds of the QA report",
                found=f"the limit of {metric} is {limit}.",
                todo="Give a number, or null to take the threshold away.",
            )
    changed = {threshold.metric: threshold.limit for threshold in defaults} | dict(limits)
    return tuple(
        replace(threshold, limit=limit)
        for threshold in defaults
        if (limit := changed[threshold.metric]) is not None
    )
