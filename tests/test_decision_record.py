"""Risk: a decision cannot be checked later."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.gate.decision_record import record_from_json
from sambodhan_assets.domain.gate.policies import VerdictName
from sambodhan_assets.domain.gate.record_files import read_record, write_record
from sambodhan_assets.domain.gate.report import summary_markdown
from sambodhan_assets.domain.gate.split_score import score_split
from tests.decision_records import first_record, make_record


@pytest.mark.parametrize("make", [make_record, first_record])
def test_a_record_read_back_is_the_record(make, tmp_path):
    record = make()
    write_record(record, tmp_path / "record", None)
    assert read_record(tmp_path / "record") == record


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(), st.sampled_from(VerdictName))
def test_any_number_and_text_survive_the_file(number, text, name):
    record = first_record()
    changed = replace(
        record,
        majority_f1=number,
        library_versions={text: text},
        verdict=replace(record.verdict, name=name, reason=text),
    )
    assert record_from_json(changed.to_json()) == changed


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused_and_nothing_is_written(number, tmp_path):
    with pytest.raises(PermanentError, match="not finite"):
        write_record(make_record(majority_f1=number), tmp_path / "record", None)
    assert not (tmp_path / "record").exists()


@pytest.mark.parametrize("time", ["2025-01-02T03:04:05", "2025-01-02T03:04:05+05:45", "today"])
def test_a_time_without_utc_is_refused(time):
    with pytest.raises(PermanentError, match="UTC"):
        make_record(created_at=time)


def test_what_was_not_measured_is_null_and_not_zero():
    content = json.loads(first_record().to_json())
    assert content["comparison"] is None
    assert content["candidate"]["window"] is None
    assert content["majority_f1"] is None
    page = summary_markdown(first_record())
    assert "not measured" in page
    assert "None" not in page


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda c: c.pop("verdict"), "verdict"),
        (lambda c: c["verdict"].update(name="MAYBE"), "verdict.name"),
        (lambda c: c["window"].update(rows="many"), "window.rows"),
        (lambda c: c["settings"].update(decision_threshold=7), "decision_threshold is 7"),
    ],
)
def test_a_damaged_record_is_refused_with_the_place(damage, found):
    content = json.loads(make_record().to_json())
    damage(content)
    with pytest.raises(PermanentError, match=found):
        record_from_json(json.dumps(content))


def test_a_folder_without_a_record_is_an_error(tmp_path):
    with pytest.raises(PermanentError, match=r"decision\.json"):
        read_record(tmp_path)


def test_the_error_of_a_split_counts_near_duplicates_once():
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 3, 200)
    answers = np.where(rng.random(200) < 0.8, truth, (truth + 1) % 3)
    single = score_split(truth, answers, np.arange(200), 3, seed=7)
    doubled = score_split(
        np.tile(truth, 4), np.tile(answers, 4), np.tile(np.arange(200), 4), 3, seed=7
    )
    assert doubled.card.macro_f1 == pytest.approx(single.card.macro_f1)
    assert doubled.standard_error == pytest.approx(single.standard_error)
    # The binomial error of 200 answers at 80 % is .028.
    assert 0.02 < single.standard_error < 0.04
