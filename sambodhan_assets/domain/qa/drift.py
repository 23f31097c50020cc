"""The drift section: how an export's rows differ from those of the previous one."""

import math
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from sambodhan_assets.domain.qa.groups import RowGroups
from sambodhan_assets.domain.qa.metric import Metric, Section
from sambodhan_assets.domain.qa.profile import Profile, ProfileCounts

# Half a row per class keeps the logarithm finite where an export has no row of a class.
SMOOTHING = 0.5
# Cochran's rule for the chi-square approximation.
FEWEST_EXPECTED = 5.0
SHARE_BELOW = 0.2
NO_PREVIOUS = "there is no previous export with a profile"

_PSI = (
    "Population stability index of {what} against the previous export: sum of (p - q) ln(p / q)"
    f" over the classes, {SMOOTHING} added to every count; below 0.1 is usually called stable,"
    " above 0.25 a shift."
)
_CHI = "of {what} in this export against the previous one, without continuity correction"
_P = (
    "Probability of such a chi-square statistic {of} if both were independent draws of one"
    " population, 0 to 1; exports that share rows differ less than that, so a low value counts and"
    " a high one proves nothing."
)

Counts = Mapping[str, int]


class Drift:
    """Compares an export with the profile of the previous one.

    Args:
        previous: The profile; None where there is none.
        no_previous: Why there is none.
        groups: Shared with other measures of the same batches.
    """

    def __init__(
        self,
        previous: Profile | None,
        *,
        no_previous: str = NO_PREVIOUS,
        groups: RowGroups | None = None,
    ) -> None:
        self._previous = previous
        self._no_previous = no_previous
        self._counts = ProfileCounts(groups)

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts rows of EXPORT_SCHEMA."""
        self._counts.add(batch)

    def profile(self) -> Profile:
        """What the next export is compared with."""
        return self._counts.profile()

    def result(self) -> Section:
        """`psi_*`, `chi_square_*`, their degrees of freedom and p by dimension, the worst PSI."""
        now = self._counts.profile()
        before = self._previous or Profile(rows=0, counts={})
        # Both have the same order, whichever knows more dimensions.
        dimensions = sorted({"script", "length", "source", *now.counts, *before.counts})
        compared: list[Metric] = []
        for dimension in dimensions:
            pair = now.counts.get(dimension, {}), before.counts.get(dimension, {})
            compared += _compare(dimension, *pair, self._reason(dimension, *pair))
        tables: dict[str, Mapping[str, float | int | None]] = {}
        for dimension in dimensions if self._previous else ():
            classes = _classes(now.counts.get(dimension, {}), before.counts.get(dimension, {}))
            for name, profile in (("this", now), ("the previous", before)):
                counts = profile.counts.get(dimension, {})
                tables[f"{_what(dimension)} in {name} export"] = {
                    c: counts.get(c, 0) for c in classes
                }
        previous_rows = Metric(
            name="previous_export_rows",
            value=float(before.rows) if self._previous else None,
            definition="Rows of the export that this one is compared with.",
            rows=before.rows,
            sampled=False,
            reason=None if self._previous else self._no_previous,
        )
        metrics = (previous_rows, _worst(compared, now.rows), *compared)
        return Section(name="drift", metrics=metrics, tables=tables, listed=())

    def _reason(self, dimension: str, now: Counts, before: Counts) -> str | None:
        if self._previous is None:
            return self._no_previous
        if not sum(now.values()):
            return f"this export has no {_what(dimension)}"
        if not sum(before.values()):
            return f"the previous export has no {_what(dimension)}"
        return None


def psi(now: Counts, before: Counts) -> float:
    """Population stability index of two sets of counts, with SMOOTHING; 0 for equal shares."""
    classes = _classes(now, before)
    added = SMOOTHING * len(classes)
    of_now, of_before = sum(now.values()) + added, sum(before.values()) + added
    value = 0.0
    for name in classes:
        p = (now.get(name, 0) + SMOOTHING) / of_now
        q = (before.get(name, 0) + SMOOTHING) / of_before
        value += (p - q) * math.log(p / q)
    return value


def _compare(dimension: str, now: Counts, before: Counts, reason: str | None) -> list[Metric]:
    what = _what(dimension)
    index = psi(now, before) if reason is None else None
    statistic = df = p = None
    why_no_statistic = why_no_p = reason
    if reason is None and len(_classes(now, before)) < 2:
        why_no_statistic = why_no_p = "all rows are of one class"
    elif reason is None:
        statistic, df, p, why_no_p = _chi_square(now, before)
    of = _CHI.format(what=what)
    values = (
        (f"psi_{dimension}", index, _PSI.format(what=what), reason),
        (f"chi_square_{dimension}", statistic, f"Chi-square statistic {of}.", why_no_statistic),
        (f"chi_square_df_{dimension}", df, f"Degrees of freedom {of}.", why_no_statistic),
        (f"chi_square_p_{dimension}", p, _P.format(of=of), why_no_p),
    )
    rows = sum(now.values())
    return [
        Metric(name=n, value=value, definition=d, rows=rows, sampled=False, reason=why)
        for n, value, d, why in values
    ]


def _chi_square(now: Counts, before: Counts) -> tuple[float, float, float | None, str | None]:
    """Statistic, degrees of freedom, p, and why there is no p."""
    from scipy.stats import chi2_contingency

    classes = _classes(now, before)
    table = [[counts.get(name, 0) for name in classes] for counts in (now, before)]
    found: Any = chi2_contingency(table, correction=False)
    statistic, p, df, expected = found
    if expected.min() < 1 or (expected < FEWEST_EXPECTED).mean() > SHARE_BELOW:
        why = "classes are too small: less than 1 row is expected in one, or less than 5 in many"
        return float(statistic), float(df), None, why
    return float(statistic), float(df), float(p), None


def _classes(now: Counts, before: Counts) -> list[str]:
    """Classes that have a row in either, in one order."""
    return sorted(name for name in {*now, *before} if now.get(name, 0) + before.get(name, 0))


def _what(dimension: str) -> str:
    task = dimension.removeprefix("label_")
    return f"rows by {dimension}" if task == dimension else f"rows by label of {task}"


def _worst(compared: list[Metric], rows: int) -> Metric:
    indices = [metric for metric in compared if metric.name.startswith("psi_")]
    known = [metric.value for metric in indices if metric.value is not None]
    missing = sorted({metric.reason for metric in indices if metric.reason})
    return Metric(
        name="psi_worst",
        value=max(known) if known and not missing else None,
        definition="Largest population stability index of all dimensions; measured if all are.",
        rows=rows,
        sampled=False,
        reason="; ".join(missing) or (None if known else "no row was read"),
    )
