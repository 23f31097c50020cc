"""Risk: a threshold watches a metric that nothing produces, or a measure says something unmeasured.

All measures run here together, as an export runs them, over a small generated export.
"""

import math
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pytest

from sambodhan_assets.domain.export.exclusions import MALFORMED, Exclusions
from sambodhan_assets.domain.export.rows import EXPORT_SCHEMA
from sambodhan_assets.domain.models.linear import train_linear
from sambodhan_assets.domain.privacy.export_policy import apply_policy
from sambodhan_assets.domain.privacy.redaction import PiiPolicy
from sambodhan_assets.domain.privacy.scan import PersonalDataScan
from sambodhan_assets.domain.qa.measures import SECTIONS, ExportMeasures, QaInputs, export_measures
from sambodhan_assets.domain.qa.profile import Profile
from sambodhan_assets.domain.qa.report import QaReport, qa_report
from sambodhan_assets.domain.qa.report_page import html_page
from sambodhan_assets.domain.qa.thresholds import DEFAULTS
from sambodhan_assets.domain.qa.verdicts import Status
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.measured_rows import export_batch


def measured(batches: Sequence[pa.RecordBatch], inputs: QaInputs) -> ExportMeasures:
    """What the pass of an export does, with the policy redact."""
    scan, exclusions = PersonalDataScan(), Exclusions()
    exclusions.add("helpdesk-2025", MALFORMED, 3)
    whole = export_measures(scan, exclusions, inputs)
    for batch in batches:
        published, counts = apply_policy(batch, PiiPolicy.REDACT)
        scan.note(counts)
        for measure in whole.measures:
            measure.add(published)
    return whole


def report_of(batches: Sequence[pa.RecordBatch], inputs: QaInputs) -> QaReport:
    whole = measured(batches, inputs)
    return qa_report(
        version="0.2.0",
        created_at="2026-11-21T07:40:00+00:00",
        rows=sum(batch.num_rows for batch in batches),
        qa_sample=inputs.qa_sample,
        sections=whole.sections(),
        thresholds=DEFAULTS,
        profile=whole.profile().to_fields(),
    )


def trained(batch: pa.RecordBatch) -> dict:
    rows = [row for row in batch.to_pylist() if row["split"] == "train"]
    return {
        task.name: train_linear(
            [row["grievance"] for row in rows if row["task"] == task.name],
            [row["label_id"] for row in rows if row["task"] == task.name],
            labels=task.labels,
            seed=1,
        )
        for task in LABEL_TASKS
    }


@pytest.fixture(scope="module")
def batch() -> pa.RecordBatch:
    return export_batch(2_000)


@pytest.fixture(scope="module")
def full_report(batch: pa.RecordBatch) -> QaReport:
    """An export with deployed models and one before it: all that is measured has a number."""
    before = measured([export_batch(500, seed=8)], QaInputs(qa_sample=1_000)).profile()
    inputs = QaInputs(qa_sample=1_000, models=trained(batch), previous=before)
    return report_of([batch], inputs)


@pytest.fixture(scope="module")
def full_page(full_report: QaReport) -> str:
    return html_page(full_report)


@pytest.fixture(scope="module")
def first_report(batch: pa.RecordBatch) -> QaReport:
    """A first export, before anything is deployed."""
    return report_of([batch], QaInputs(qa_sample=1_000))


def test_every_default_threshold_watches_a_metric_that_is_measured(full_report: QaReport):
    found = {m.name: part.name for part in full_report.sections for m in part.metrics}
    assert {t.metric: t.section for t in DEFAULTS}.items() <= found.items()
    assert [v.sentence for v in full_report.verdicts if v.status is Status.NOT_MEASURED] == []


def test_every_section_has_a_threshold_and_its_own_name(full_report: QaReport):
    assert tuple(part.name for part in full_report.sections) == SECTIONS
    assert {t.section for t in DEFAULTS} == set(SECTIONS)


def test_no_two_metrics_of_a_report_have_one_name(full_report: QaReport):
    names = Counter(m.name for part in full_report.sections for m in part.metrics)
    assert [name for name, times in names.items() if times > 1] == []


def test_every_metric_has_a_sentence_and_a_reason_exactly_where_it_has_no_number(
    full_report: QaReport, first_report: QaReport
):
    for report in (full_report, first_report):
        for one in (m for part in report.sections for m in part.metrics):
            assert one.definition.endswith("."), one.name
            assert (one.value is None) == (one.reason is not None), one.name
            assert one.value is None or math.isfinite(one.value)


def test_a_first_export_says_what_it_could_not_compare(first_report: QaReport):
    missed = {v.threshold.metric: v.sentence for v in first_report.not_met}
    assert "there is no previous export" in missed["psi_worst"]
    assert "no model is deployed" in missed["accuracy_gap_worst"]


def test_nothing_is_measured_on_an_export_without_rows():
    empty = pa.RecordBatch.from_pylist([], schema=EXPORT_SCHEMA)
    for batches in ([], [empty]):
        report = report_of(batches, QaInputs(qa_sample=1_000))
        met = [v.threshold.metric for v in report.verdicts if v.met]
        assert met == []
        assert "not measured" in html_page(report)


def test_the_next_export_is_compared_with_what_a_report_keeps(
    batch: pa.RecordBatch, first_report: QaReport
):
    kept = QaReport.from_json(first_report.to_json(), origin="memory").profile
    assert kept is not None
    previous = Profile.from_fields(kept, origin="memory")
    again = report_of([batch], QaInputs(qa_sample=1_000, previous=previous))
    values = {m.name: m.value for part in again.sections for m in part.metrics}
    assert values["psi_worst"] == 0
    assert values["previous_export_rows"] == batch.num_rows


def test_batches_change_nothing(batch: pa.RecordBatch, first_report: QaReport):
    parts = [batch.slice(start, 700) for start in range(0, batch.num_rows, 700)]
    assert report_of(parts, QaInputs(qa_sample=1_000)).to_json() == first_report.to_json()


def test_no_text_of_the_export_is_in_its_report(
    batch: pa.RecordBatch, full_report: QaReport, full_page: str
):
    text = full_report.to_json()
    for grievance in batch["grievance"].to_pylist()[::50]:
        if len(grievance) > 30:
            assert grievance not in full_page
            assert grievance not in text


def test_the_page_has_every_section_and_every_threshold(full_report: QaReport, full_page: str):
    for part in full_report.sections:
        assert f'<h2 id="{part.name}">' in full_page
    watched = [v.threshold.metric for v in full_report.verdicts]
    assert all(f"<code>{name}</code>" in full_page for name in watched)
