"""Reports for tests, with what a test does not name left small.

make_report(metric("duplicate_share", None), thresholds=[at_most("duplicate_share", 0.1)])
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sambodhan_assets.domain.qa.metric import ListedRow, Metric, Section
from sambodhan_assets.domain.qa.report import QaReport, qa_report
from sambodhan_assets.domain.qa.verdicts import Bound, Severity, Threshold

Tables = Mapping[str, Mapping[str, float | int | None]]


def metric(name: str, value: float | None, *, reason: str | None = None) -> Metric:
    return Metric(
        name=name,
        value=value,
        definition="Share of the rows, 0 to 1.",
        rows=570,
        sampled=False,
        reason=reason,
    )


def section(
    *metrics: Metric,
    name: str = "quality",
    tables: Tables | None = None,
    listed: Sequence[ListedRow] = (),
) -> Section:
    return Section(name=name, metrics=metrics, tables=tables or {}, listed=tuple(listed))


def at_most(
    name: str, limit: float, *, section: str = "quality", severity: Severity = Severity.WARN
) -> Threshold:
    return Threshold(
        metric=name,
        section=section,
        bound=Bound.AT_MOST,
        limit=limit,
        severity=severity,
        why="More is too much.",
        todo="Look at the rows.",
    )


def make_report(
    *metrics: Metric,
    sections: Sequence[Section] = (),
    thresholds: Sequence[Threshold] = (),
    profile: Mapping[str, Any] | None = None,
) -> QaReport:
    return qa_report(
        version="0.2.0",
        created_at="2026-11-21T07:40:00+00:00",
        rows=570,
        qa_sample=50_000,
        sections=[*sections, *([section(*metrics)] if metrics else [])],
        thresholds=thresholds,
        profile=profile,
    )
