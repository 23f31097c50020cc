"""Metrics of the quality section, with a reason wherever there is no number."""

from collections.abc import Iterable, Mapping

from sambodhan_assets.domain.qa.metric import ListedRow, Metric, Section

QUALITY = "quality"
NO_ROW = "no row was measured"
# Longer lists nobody goes through; the metrics tell how many rows there are.
LISTED_AT_MOST = 200


def measured(
    name: str,
    value: float | None,
    definition: str,
    *,
    rows: int,
    sampled: bool = False,
    reason: str = NO_ROW,
) -> Metric:
    """A metric; `reason` counts only if the value is None."""
    return Metric(
        name=name,
        value=None if value is None else float(value),
        definition=definition,
        rows=rows,
        sampled=sampled,
        reason=reason if value is None else None,
    )


def share(count: int, rows: int) -> float | None:
    """A share; None of nothing."""
    return count / rows if rows else None


def part(
    metrics: Iterable[Metric],
    tables: Mapping[str, Mapping[str, float | int | None]] | None = None,
    listed: Iterable[ListedRow] = (),
) -> Section:
    """A part of the quality section."""
    return Section(
        name=QUALITY, metrics=tuple(metrics), tables=dict(tables or {}), listed=tuple(listed)
    )


def joined(parts: Iterable[Section]) -> Section:
    """Parts of the quality section as one."""
    metrics, tables, listed = list[Metric](), dict[str, Mapping[str, float | int | None]](), []
    for section in parts:
        metrics += section.metrics
        tables |= section.tables
        listed += section.listed
    return part(metrics, tables, listed)
