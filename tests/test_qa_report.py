"""Risk: a report says 0 where nobody looked, or cannot be read again when the next one needs it."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.qa.metric import ListedRow, Metric, Section
from sambodhan_assets.domain.qa.report import QaReport, report_without_qa, section_result
from sambodhan_assets.domain.qa.verdicts import Severity
from tests.qa_reports import at_most, make_report, metric, section

NAMES = st.text(max_size=20)
NUMBERS = st.none() | st.floats() | st.integers(-(2**53), 2**53)
SECTIONS = st.builds(
    Section,
    name=NAMES,
    metrics=st.lists(
        st.builds(
            Metric,
            name=NAMES,
            value=st.none() | st.floats(),
            definition=NAMES,
            rows=st.integers(0, 10**9),
            sampled=st.booleans(),
            reason=st.none() | NAMES,
        ),
        max_size=3,
    ).map(tuple),
    tables=st.dictionaries(NAMES, st.dictionaries(NAMES, NUMBERS, max_size=3), max_size=3),
    listed=st.lists(st.builds(ListedRow, id=NAMES, reason=NAMES, detail=NAMES), max_size=3).map(
        tuple
    ),
)
GOLDEN = """{
  "version": "0.2.0",
  "created_at": "2026-11-21T07:40:00+00:00",
  "not_run": null,
  "rows": 570,
  "qa_sample": 50000,
  "sections": [
    {
      "name": "quality",
      "metrics": [
        {
          "name": "near_duplicate_share",
          "value": null,
          "definition": "Share of the rows, 0 to 1.",
          "rows": 570,
          "sampled": false,
          "reason": "no row was sampled"
        }
      ],
      "tables": {
        "rows by length": {
          "up to 9": 2,
          "10 or more": null
        }
      },
      "listed": [
        {
          "id": "0a",
          "reason": "garbled",
          "detail": "धारा"
        }
      ]
    }
  ],
  "verdicts": [
    {
      "threshold": {
        "metric": "near_duplicate_share",
        "section": "quality",
        "bound": "at most",
        "limit": 0.2,
        "severity": "WARN",
        "why": "More is too much.",
        "todo": "Look at the rows."
      },
      "value": null,
      "status": "not_measured",
      "sentence": "near_duplicate_share was not measured (no row was sampled), at most 0.2 is allowed"
    }
  ],
  "profile": {
    "rows": 570
  },
  "format_version": 1
}
"""  # noqa: E501


def golden_report() -> QaReport:
    part = section(
        metric("near_duplicate_share", None, reason="no row was sampled"),
        tables={"rows by length": {"up to 9": 2, "10 or more": None}},
        listed=[ListedRow(id="0a", reason="garbled", detail="धारा")],
    )
    return make_report(
        sections=[part],
        thresholds=[at_most("near_duplicate_share", 0.2)],
        profile={"rows": 570},
    )


def test_a_small_report_is_written_as_ever():
    assert golden_report().to_json() == GOLDEN


@given(sections=st.lists(SECTIONS, max_size=3))
def test_what_is_written_is_read_again_byte_for_byte(sections: list[Section]):
    limits = [at_most(one.name, 1) for part in sections for one in part.metrics]
    report = make_report(sections=sections, thresholds=limits)
    again = QaReport.from_json(report.to_json(), origin="memory")
    assert again == report
    assert again.to_json() == report.to_json()


@given(sections=st.lists(SECTIONS, max_size=3))
def test_no_number_of_a_report_is_infinite_or_not_a_number(sections: list[Section]):
    report = make_report(sections=sections)

    def refuse(constant: str) -> Any:
        raise AssertionError(constant)

    read = json.loads(report.to_json(), parse_constant=refuse)
    for part, found in zip(sections, read["sections"], strict=True):
        for one, said in zip(part.metrics, found["metrics"], strict=True):
            missing = one.value is None or not math.isfinite(one.value)
            assert (said["value"] is None) == missing


def test_a_computation_that_gave_no_number_is_not_measured_and_says_so():
    report = make_report(
        metric("label_error_share", math.nan), thresholds=[at_most("label_error_share", 0.1)]
    )
    (found,) = report.sections[0].metrics
    assert found.value is None
    assert found.reason == "the computation gave nan, which is no number"
    assert not report.verdicts[0].met


def test_bins_stay_in_their_order():
    bins = {"up to 9": 1, "10 to 99": 2, "100 or more": 3}
    report = make_report(sections=[section(tables={"rows by length": bins})])
    again = QaReport.from_json(report.to_json(), origin="memory")
    assert list(again.sections[0].tables["rows by length"]) == list(bins)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{}", '{"format_version": 1}', GOLDEN[:-3], GOLDEN.replace("WARN", "warn")],
)
def test_a_damaged_report_is_refused(text: str):
    with pytest.raises(PermanentError, match=r"qa_report_v1\.0\.0\.json.*damaged"):
        QaReport.from_json(text, origin="qa_report_v1.0.0.json")


def test_a_report_of_a_later_release_is_refused():
    later = GOLDEN.replace('"format_version": 1', '"format_version": 2')
    with pytest.raises(PermanentError, match="its format is 2, known is 1"):
        QaReport.from_json(later, origin="memory")


def test_a_section_passes_where_all_its_thresholds_are_met():
    report = make_report(
        metric("duplicate_share", 0.1),
        metric("garbled_share", 0.0),
        thresholds=[at_most("duplicate_share", 0.2), at_most("garbled_share", 0.1)],
    )
    result = section_result(report, "quality")
    assert result.passed
    assert result.description == (
        "duplicate_share is 0.1, at most 0.2 is allowed. "
        "garbled_share is 0, at most 0.1 is allowed."
    )


def test_a_section_tells_what_is_not_met_and_nothing_else():
    report = make_report(
        metric("duplicate_share", 0.3),
        metric("garbled_share", 0.0),
        thresholds=[at_most("duplicate_share", 0.2), at_most("garbled_share", 0.1)],
    )
    result = section_result(report, "quality")
    assert (result.passed, result.severity) == (False, Severity.WARN)
    assert result.description == "duplicate_share is 0.3, at most 0.2 is allowed."


def test_a_section_that_nothing_measured_does_not_pass():
    report = make_report(thresholds=[at_most("psi_label", 0.2, section="drift")])
    result = section_result(report, "drift")
    assert not result.passed
    assert "psi_label was not measured" in result.description


def test_an_error_among_warnings_makes_the_section_an_error():
    report = make_report(
        metric("personal_data_rows", 2),
        metric("other", 2),
        thresholds=[
            at_most("other", 1),
            at_most("personal_data_rows", 0, severity=Severity.ERROR),
        ],
    )
    assert section_result(report, "quality").severity is Severity.ERROR
    assert report.not_met[0].threshold.metric == "personal_data_rows"


def test_a_section_without_thresholds_says_that_none_is_set():
    result = section_result(make_report(metric("duplicate_share", 0.9)), "quality")
    assert result.passed
    assert result.description == "No threshold is set for quality."


def test_where_qa_was_not_run_no_section_passes():
    report = report_without_qa(
        version="test", created_at="now", rows=3, reason="QA was not run: it was not asked for"
    )
    result = section_result(report, "privacy")
    assert not result.passed
    assert result.description == "Not measured: QA was not run: it was not asked for."
    assert QaReport.from_json(report.to_json(), origin="memory") == report
