"""The QA report as one page of HTML: no script, no address outside, readable in ten years."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from sambodhan_assets.domain.export.files import report_name
from sambodhan_assets.domain.privacy.findings import KINDS
from sambodhan_assets.domain.qa.families import PSI_TITLE
from sambodhan_assets.domain.qa.metric import Metric, Section
from sambodhan_assets.domain.qa.numbers import plain, told_apart
from sambodhan_assets.domain.qa.page_views import NOT_MEASURED, list_views, table_views
from sambodhan_assets.domain.qa.report import QaReport
from sambodhan_assets.domain.qa.verdicts import Severity, Status, Verdict

_TEMPLATE = "qa_report.html.j2"
_WORDS = {Status.PASSED: "met", Status.FAILED: "not met", Status.NOT_MEASURED: NOT_MEASURED}
# A remark on so many metrics is one on the section.
_OFTEN = 4
# The page has these in a table of their own.
_IN_TABLES = {
    f"{prefix}_{kind}" for prefix in ("personal_data", "source_personal_data") for kind in KINDS
}
# What a reader must know of a section and no number says.
_NOTES = {
    "privacy": "Names of people are outside of what the recognisers can find. Texts can hold them.",
}


def html_page(report: QaReport) -> str:
    """The page; everything that comes from the export is escaped."""
    # Whatever the template names must exist: a silent gap in a report reads as "nothing found".
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "plain": plain,
        "tone": _tone,
        "word": _word,
        "measured": _measured,
        "allowed": _allowed,
        "capitalize_first": _capitalized,
    }
    text = files("sambodhan_assets.domain.qa").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    json_name = report_name(report.version, "json")
    limits = {v.threshold.metric: v.threshold.limit for v in report.verdicts}
    lines = {PSI_TITLE: limits["psi_worst"]} if "psi_worst" in limits else {}
    return environment.from_string(text).render(
        report=report,
        headline=headline(report),
        tone=_page_tone(report),
        json_name=json_name,
        sections=[_section_view(section, lines, json_name) for section in report.sections],
    )


def headline(report: QaReport) -> str:
    """The verdict on an export in a sentence or two."""
    if report.not_run is not None:
        return f"Nothing in this export was measured. {report.not_run}."
    if not report.verdicts:
        return "No threshold is set; read the sections below."
    missed = report.not_met
    if not missed:
        return f"All {len(report.verdicts)} thresholds are met."
    errors = sum(verdict.threshold.severity is Severity.ERROR for verdict in missed)
    of = f"{len(missed)} of {len(report.verdicts)} thresholds are not met"
    if not errors:
        return f"{of}. These are warnings: read them before you use the export."
    kind = "with an error" if errors == 1 else f"with {errors} errors"
    return f"{of}, {kind} among them. Do not use this export before that is resolved."


def _section_view(
    section: Section, lines: Mapping[str, float], json_name: str
) -> Mapping[str, object]:
    metrics = [metric for metric in section.metrics if metric.name not in _IN_TABLES]
    common = _common_words(metrics)
    return {
        "name": section.name,
        "notes": [note for note in (_NOTES.get(section.name), common) if note],
        "metrics": [
            replace(metric, definition=metric.definition.removesuffix(common).rstrip())
            for metric in metrics
        ],
        "tables": table_views(section, lines, json_name),
        "listed": list_views(section),
    }


def _common_words(metrics: Sequence[Metric]) -> str:
    """What follows the first sentence of many definitions: it is said once, above the table."""
    rests = Counter(metric.definition.partition(". ")[2] for metric in metrics)
    rests.pop("", None)
    said, times = rests.most_common(1)[0] if rests else ("", 0)
    return said if times >= _OFTEN else ""


def _page_tone(report: QaReport) -> str:
    if report.not_run is not None or not report.verdicts:
        return "none"
    return _tone(report.not_met[0]) if report.not_met else "passed"


def _tone(verdict: Verdict) -> str:
    return "passed" if verdict.met else verdict.threshold.severity.value.lower()


def _word(verdict: Verdict) -> str:
    return _WORDS[verdict.status]


def _measured(verdict: Verdict) -> str:
    if verdict.value is None:
        return NOT_MEASURED
    return told_apart(verdict.value, verdict.threshold.limit)[0]


def _allowed(verdict: Verdict) -> str:
    limit = verdict.threshold.limit
    shown = plain(limit) if verdict.value is None else told_apart(verdict.value, limit)[1]
    return f"{verdict.threshold.bound.value} {shown}"


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]
