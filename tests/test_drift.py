"""Risk: the data shifts between two exports unseen, or an export without a past shows no shift."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.qa.drift import Drift, psi
from sambodhan_assets.domain.qa.profile import Profile, ProfileCounts
from tests.export_rows import batch_of, metrics_of

ENGLISH, NEPALI = "there is no water in the ward", "वडामा पानी छैन"
COUNTS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 500), min_size=1).filter(
    lambda counts: sum(counts.values()) > 0
)


def profile_of(english: int, nepali: int, *, task: str = "department") -> Profile:
    counts = ProfileCounts()
    counts.add(batch_of([ENGLISH] * english + [NEPALI] * nepali, task=task))
    return counts.profile()


def drift_of(english: int, nepali: int, previous: Profile | None) -> Drift:
    drift = Drift(previous)
    drift.add(batch_of([ENGLISH] * english, source="audit"))
    drift.add(batch_of([NEPALI] * nepali, source="audit", first=english))
    return drift


def test_psi_is_as_computed_by_hand():
    # 30 and 10 against 20 and 20, each with a half added: 30.5/41, 10.5/41 against a half each.
    p, r = 30.5 / 41, 10.5 / 41
    expected = (p - 0.5) * math.log(p / 0.5) + (r - 0.5) * math.log(r / 0.5)
    assert psi({"a": 30, "b": 10}, {"a": 20, "b": 20}) == pytest.approx(expected)
    assert expected == pytest.approx(0.2601, abs=1e-4)


def test_psi_of_a_class_that_is_new_is_finite():
    # Shares 10.5/21 twice against 20.5/21 and 0.5/21.
    p, q, r = 10.5 / 21, 20.5 / 21, 0.5 / 21
    expected = (p - q) * math.log(p / q) + (p - r) * math.log(p / r)
    assert psi({"a": 10, "b": 10}, {"a": 20}) == pytest.approx(expected)


@given(COUNTS, COUNTS)
def test_psi_is_symmetric_and_never_below_0(first: dict[str, int], second: dict[str, int]):
    assert psi(first, second) >= -1e-12
    assert psi(first, second) == pytest.approx(psi(second, first))
    assert psi(first, first) == 0


def test_chi_square_is_as_computed_by_hand():
    drift = drift_of(30, 10, profile_of(20, 20))
    metrics = metrics_of(drift.result())
    # Expected 25 and 15 in both rows: 4 cells of 25/25 + 25/15, twice.
    statistic = 2 * (25 / 25 + 25 / 15)
    assert metrics["chi_square_script"].value == pytest.approx(statistic)
    assert metrics["chi_square_df_script"].value == 1
    # With one degree of freedom p is the tail of a squared normal variable.
    p = math.erfc(math.sqrt(statistic / 2))
    assert metrics["chi_square_p_script"].value == pytest.approx(p)
    assert metrics["psi_script"].value == pytest.approx(0.2601, abs=1e-4)


def test_equal_exports_show_no_drift():
    drift = Drift(profile_of(40, 40))
    drift.add(batch_of([ENGLISH] * 40 + [NEPALI] * 40))
    metrics = metrics_of(drift.result())
    assert metrics["psi_worst"].value == 0
    assert metrics["chi_square_script"].value == 0
    assert metrics["chi_square_p_script"].value == 1


def test_a_new_source_shows():
    metrics = metrics_of(drift_of(40, 40, profile_of(40, 40)).result())
    assert (metrics["psi_source"].value or 0) > 4
    assert metrics["psi_worst"].value == metrics["psi_source"].value


def test_without_a_previous_export_nothing_is_measured():
    section = drift_of(30, 10, None).result()
    metrics = metrics_of(section)
    assert {metric.value for metric in metrics.values()} == {None}
    assert {metric.reason for metric in metrics.values()} == {
        "there is no previous export with a profile"
    }
    assert "psi_label_department" in metrics


def test_a_task_that_only_one_export_has_is_not_measured():
    metrics = metrics_of(drift_of(30, 10, profile_of(20, 20, task="urgency")).result())
    now, gone = metrics["psi_label_department"], metrics["psi_label_urgency"]
    assert now.value is None
    assert now.reason == "the previous export has no rows by label of department"
    assert gone.value is None
    assert "this export" in (gone.reason or "")
    assert metrics["psi_worst"].value is None


def test_one_class_has_no_chi_square_and_small_classes_have_no_p():
    one = metrics_of(drift_of(30, 10, profile_of(20, 20)).result())
    assert one["psi_length"].value == 0
    assert one["chi_square_length"].reason == "all rows are of one class"
    small = metrics_of(drift_of(3, 1, profile_of(2, 2)).result())
    assert small["chi_square_script"].value is not None
    assert small["chi_square_p_script"].value is None
    assert "too small" in (small["chi_square_p_script"].reason or "")


def test_both_sides_of_a_comparison_are_in_the_tables():
    tables = drift_of(30, 0, profile_of(20, 20)).result().tables
    assert tables["rows by script in this export"] == {"Devanagari": 0, "English": 30}
    assert tables["rows by script in the previous export"] == {"Devanagari": 20, "English": 20}


def test_a_profile_survives_json_and_holds_no_text():
    profile = drift_of(30, 10, None).profile()
    text = json.dumps(profile.to_fields(), ensure_ascii=False)
    assert ENGLISH not in text
    assert NEPALI not in text
    assert Profile.from_fields(json.loads(text), origin="v1.0.0") == profile
    assert profile.rows == 40
    assert profile.counts["label_department"] == {"Water": 40}


@pytest.mark.parametrize(
    "damage",
    [
        {"rows": "many"},
        {"counts": {"script": {"English": -1}}},
        {"format_version": 2},
        {"counts": 3},
    ],
)
def test_a_damaged_profile_is_refused(damage: dict[str, object]):
    fields = profile_of(1, 1).to_fields() | damage
    with pytest.raises(PermanentError, match="v1.0.0"):
        Profile.from_fields(fields, origin="v1.0.0")
