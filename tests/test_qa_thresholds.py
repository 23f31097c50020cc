"""Risk: a limit is passed by a number that nobody measured, or the sentence hides the reason."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.qa.numbers import plain, told_apart
from sambodhan_assets.domain.qa.thresholds import DEFAULTS, thresholds_with
from sambodhan_assets.domain.qa.verdicts import Bound, Severity, Status, Threshold, Verdict, judge
from tests.qa_reports import at_most, metric, section

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def verdict(value: float | None, limit: Threshold, *, reason: str | None = None) -> Verdict:
    (only,) = judge([section(metric(limit.metric, value, reason=reason))], [limit])
    return only


def test_a_value_above_what_is_allowed_fails_with_both_numbers_in_a_sentence():
    found = verdict(0.31, at_most("near_duplicate_share", 0.2))
    assert found.status is Status.FAILED
    assert found.sentence == "near_duplicate_share is 0.31, at most 0.2 is allowed"


def test_the_limit_itself_is_allowed():
    assert verdict(0.2, at_most("near_duplicate_share", 0.2)).met


def test_a_threshold_on_what_was_not_measured_is_not_met():
    found = verdict(None, at_most("psi_label", 0.2), reason="there is no earlier export")
    assert found.status is Status.NOT_MEASURED
    assert not found.met
    assert found.value is None
    assert found.sentence == (
        "psi_label was not measured (there is no earlier export), at most 0.2 is allowed"
    )


def test_a_threshold_on_a_metric_that_no_section_has_is_not_met():
    (found,) = judge([], [at_most("psi_label", 0.2)])
    assert found.status is Status.NOT_MEASURED
    assert "nothing measures it" in found.sentence


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("bound", list(Bound))
def test_what_is_no_number_meets_no_threshold(value: float, bound: Bound):
    limit = Threshold(
        metric="share", section="quality", bound=bound, limit=0.2, severity=Severity.WARN,
        why="", todo="",
    )  # fmt: skip
    assert verdict(value, limit).status is Status.NOT_MEASURED


@given(value=FINITE, limit=FINITE)
def test_a_value_that_differs_from_its_limit_is_written_differently(value: float, limit: float):
    shown = told_apart(value, limit)
    assert (shown[0] == shown[1]) == (value == limit)
    assert all(len(text) <= 24 for text in shown)


@given(value=FINITE.filter(lambda value: value != 0))
def test_only_zero_is_written_as_zero(value: float):
    assert float(plain(value).replace(",", "")) != 0


def test_a_limit_of_the_configuration_replaces_the_default():
    changed = thresholds_with({"personal_data_rows": 3})
    limits = {threshold.metric: threshold.limit for threshold in changed}
    assert limits["personal_data_rows"] == 3
    assert len(limits) == len(DEFAULTS)


def test_null_takes_a_threshold_away():
    names = [threshold.metric for threshold in thresholds_with({"malformed_share": None})]
    assert "malformed_share" not in names
    assert len(names) == len(DEFAULTS) - 1


def test_a_limit_of_an_unknown_metric_is_refused_with_the_known_ones():
    with pytest.raises(PermanentError, match="near_dupes") as caught:
        thresholds_with({"near_dupes": 0.1})
    assert all(threshold.metric in str(caught.value) for threshold in DEFAULTS)


def test_a_limit_that_is_no_number_is_refused():
    with pytest.raises(PermanentError, match="malformed_share is nan"):
        thresholds_with({"malformed_share": math.nan})


def test_only_personal_data_stops_an_export():
    errors = [t.metric for t in DEFAULTS if t.severity is Severity.ERROR]
    assert errors == ["personal_data_rows"]


def test_every_threshold_says_why_and_what_to_do():
    for threshold in DEFAULTS:
        assert threshold.why.endswith(".")
        assert threshold.todo.endswith(".")
    assert len({threshold.metric for threshold in DEFAULTS}) == len(DEFAULTS)
