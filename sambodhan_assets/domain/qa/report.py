"""The QA report of an export: what was measured, and what the thresholds say about it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sambodhan_assets.domain.json_records import record_from_json
from sambodhan_assets.domain.qa.metric import ListedRow, Metric, Section
from sambodhan_assets.domain.qa.verdicts import (
    Bound,
    Severity,
    Status,
    Threshold,
    Verdict,
    judge,
    why_not_measured,
)

FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class QaReport:
    """The report. Its numbers are finite; what was not measured is None.

    Attributes:
        version: Version of the export.
        created_at: ISO 8601 time in UTC.
        not_run: Why QA was not run; None if it was.
        rows: Rows of the export.
        qa_sample: Most rows that a metric with `sampled` was measured on.
        sections: What was measured, in the order in which it is shown.
        verdicts: What the thresholds say.
        profile: What the next export is compared with, as JSON holds it; None where nobody made it.
    """

    version: str
    created_at: str
    not_run: str | None
    rows: int
    qa_sample: int
    sections: tuple[Section, ...]
    verdicts: tuple[Verdict, ...]
    profile: Mapping[str, Any] | None
    format_version: int = FORMAT_VERSION

    @property
    def not_met(self) -> list[Verdict]:
        """Verdicts of thresholds that are not met, errors first."""
        missed = [verdict for verdict in self.verdicts if not verdict.met]
        return sorted(missed, key=lambda verdict: verdict.threshold.severity is Severity.WARN)

    def to_json(self) -> str:
        """Indented JSON. Its keys keep the report's order, so that bins stay in theirs.

        Equal reports give equal bytes.
        """
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, *, origin: str) -> "QaReport":
        """Reads a report.

        Args:
            text: JSON as `to_json` writes it.
            origin: Where it was read, for the error.

        Raises:
            PermanentError: It is damaged, or of a later release of this program.
        """
        return record_from_json(
            text,
            cls._from_fields,
            name=f"the QA report {origin}",
            format_version=FORMAT_VERSION,
            todo="Fetch the export again, or export under another version.",
        )

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> "QaReport":
        fields["sections"] = tuple(map(_section, fields["sections"]))
        fields["verdicts"] = tuple(map(_verdict, fields["verdicts"]))
        return cls(**fields)


def qa_report(
    *,
    version: str,
    created_at: str,
    rows: int,
    qa_sample: int,
    sections: Sequence[Section],
    thresholds: Sequence[Threshold],
    profile: Mapping[str, Any] | None,
) -> QaReport:
    """The report of an export on which QA was run.

    A metric or cell that is NaN or infinite becomes "not measured", with that as the reason.
    """
    return QaReport(
        version=version,
        created_at=created_at,
        not_run=None,
        rows=rows,
        qa_sample=qa_sample,
        sections=tuple(map(_finite, sections)),
        verdicts=tuple(judge(sections, thresholds)),
        profile=profile,
    )


def report_without_qa(*, version: str, created_at: str, rows: int, reason: str) -> QaReport:
    """The report of an export on which QA was not run; it says so and nothing else."""
    return QaReport(
        version=version,
        created_at=created_at,
        not_run=reason,
        rows=rows,
        qa_sample=0,
        sections=(),
        verdicts=(),
        profile=None,
    )


@dataclass(frozen=True, kw_only=True)
class SectionResult:
    """What a report says about one section, as an asset check tells it.

    Attributes:
        passed: All thresholds of the section are met, or none is set.
        severity: The highest of those that are not met; WARN where all are.
        description: Sentences for people.
    """

    passed: bool
    severity: Severity
    description: str


def section_result(report: QaReport, section: str) -> SectionResult:
    """What a report says about one section. Where QA was not run, nothing passes."""
    if report.not_run is not None:
        return SectionResult(
            passed=False,
            severity=Severity.WARN,
            description=f"Not measured: {report.not_run}.",
        )
    verdicts = [verdict for verdict in report.verdicts if verdict.section == section]
    missed = [verdict for verdict in report.not_met if verdict.section == section]
    if not verdicts:
        description = f"No threshold is set for {section}."
    else:
        description = " ".join(f"{verdict.sentence}." for verdict in missed or verdicts)
    error = any(verdict.threshold.severity is Severity.ERROR for verdict in missed)
    return SectionResult(
        passed=not missed,
        severity=Severity.ERROR if error else Severity.WARN,
        description=description,
    )


def _finite(section: Section) -> Section:
    return replace(
        section,
        metrics=tuple(map(_finite_metric, section.metrics)),
        tables={
            name: {row: _finite_cell(cell) for row, cell in table.items()}
            for name, table in section.tables.items()
        },
    )


def _finite_metric(metric: Metric) -> Metric:
    if metric.value is None or math.isfinite(metric.value):
        return metric
    return replace(metric, value=None, reason=why_not_measured(metric))


def _finite_cell(cell: float | int | None) -> float | int | None:
    return cell if cell is None or math.isfinite(cell) else None


def _section(fields: dict[str, Any]) -> Section:
    return Section(
        name=fields["name"],
        metrics=tuple(Metric(**metric) for metric in fields["metrics"]),
        tables=fields["tables"],
        listed=tuple(ListedRow(**row) for row in fields["listed"]),
    )


def _verdict(fields: dict[str, Any]) -> Verdict:
    limit = fields["threshold"]
    enums: dict[str, Any] = {
        "bound": Bound(limit["bound"]),
        "severity": Severity(limit["severity"]),
    }
    return Verdict(
        threshold=Threshold(**{**limit, **enums}),
        value=fields["value"],
        status=Status(fields["status"]),
        sentence=fields["sentence"],
    )
