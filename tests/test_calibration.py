"""Risk: a temperature changes answers, or is made up where the rows cannot tell it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from sambodhan_assets.domain.models.calibration import fit_calibration
from sambodhan_assets.domain.models.confidence import (
    MIN_ROWS_FOR_ERROR,
    calibration_error,
    tempered,
)


def evenly(rows: int) -> np.ndarray:
    """The weights of rows that stand for as many complaints each."""
    return np.ones(rows)


def drawn_truth(probabilities: np.ndarray, *, seed: int) -> np.ndarray:
    """Labels that come true as often as the probabilities say."""
    uniform = np.random.default_rng(seed).random((len(probabilities), 1))
    return (probabilities.cumsum(axis=1) < uniform).sum(axis=1)


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_the_factor_by_which_a_model_is_too_sure_is_found(factor: float):
    logits = np.random.default_rng(1).normal(scale=2, size=(4000, 4))
    truth = drawn_truth(softmax(logits, axis=1), seed=2)
    found = fit_calibration(softmax(logits * factor, axis=1), truth, evenly(4000))
    assert found.temperature == pytest.approx(factor, rel=0.06)
    assert found.ece_after is not None
    assert found.ece_before is not None
    assert found.ece_after < 0.03
    if factor != 1.0:
        assert found.ece_before > 2 * found.ece_after


def test_the_calibration_error_is_that_computed_by_hand():
    # 30 rows at .9 of which 24 are right: .1 off; 20 rows at .6 of which 15 are right: .15 off.
    confidence = np.array([0.9] * 30 + [0.6] * 20)
    right = np.array([True] * 24 + [False] * 6 + [True] * 15 + [False] * 5)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    truth = np.where(right, 0, 1)
    error = calibration_error(probabilities, truth, evenly(50))
    assert error == pytest.approx(0.6 * 0.1 + 0.4 * 0.15)
    # Each row at .6 stands for three times as many complaints: 30 of 90 against 60 of 90.
    weights = np.where(confidence > 0.8, 1.0, 3.0)
    error = calibration_error(probabilities, truth, weights)
    assert error == pytest.approx(1 / 3 * 0.1 + 2 / 3 * 0.15)


def test_rows_of_one_bin_outweigh_each_other_and_bins_do_not():
    # .62 and .64 are in one of 15 bins: right .5 at .62 and .76 at .64 meet in the middle.
    same_bin = np.array([0.62] * 50 + [0.64] * 50)
    right = np.array([True] * 25 + [False] * 25 + [True] * 38 + [False] * 12)
    probabilities = np.stack([same_bin, 1 - same_bin], axis=1)
    truth = np.where(right, 0, 1)
    assert calibration_error(probabilities, truth, evenly(100)) == pytest.approx(0.0)
    error = calibration_error(probabilities, truth, evenly(100), bins=100)
    assert error == pytest.approx(0.12)


@given(
    st.lists(st.lists(st.floats(-400, 400), min_size=3, max_size=3), min_size=1, max_size=5),
    st.floats(0.05, 20),
)
def test_no_temperature_changes_an_answer(logits: list[list[float]], temperature: float):
    probabilities = softmax(np.array(logits), axis=1)
    scaled = tempered(probabilities, temperature)
    assert np.array_equal(scaled.argmax(axis=1), probabilities.argmax(axis=1))
    assert scaled.sum(axis=1) == pytest.approx(1)
    assert (scaled[probabilities == 0] == 0).all()


def test_an_answer_survives_where_rounding_makes_two_labels_equal():
    nearly = np.array([[0.5, np.nextafter(0.5, 1)]])
    assert tempered(nearly, 20.0).argmax(axis=1).tolist() == [1]


def test_a_temperature_on_a_softmax_divides_the_logits():
    logits = np.random.default_rng(3).normal(scale=3, size=(20, 4))
    expected = softmax(logits / 1.7, axis=1)
    assert tempered(softmax(logits, axis=1), 1.7) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("truth", "right", "reason"),
    [
        ([], [], "the eval split has 0 rows, 20 are needed"),
        ([0, 1] * 9, [True] * 18, "has 18 rows, 20 are needed"),
        ([1] * 60, [True, False] * 30, "all 60 rows of the eval split have one label"),
        ([0, 1] * 30, [True] * 60, "all 60 rows of the eval split are answered rightly"),
        ([0, 1] * 30, [False] * 60, "all 60 rows of the eval split are answered wrongly"),
    ],
)
def test_rows_that_cannot_tell_leave_the_probabilities_alone(
    truth: list[int], right: list[bool], reason: str
):
    answers = [label if ok else 1 - label for label, ok in zip(truth, right, strict=True)]
    probabilities = np.eye(2)[np.array(answers, dtype=int)] * 0.8 + 0.1
    found = fit_calibration(probabilities, np.array(truth, dtype=np.int64), evenly(len(truth)))
    assert (found.temperature, found.ece_before, found.ece_after) == (1.0, None, None)
    assert found.sentence.startswith("not measured: ")
    assert reason in found.sentence


def test_an_eval_split_that_stands_for_no_traffic_tells_no_temperature():
    probabilities = np.full((60, 2), 0.5)
    found = fit_calibration(probabilities, np.array([0, 1] * 30), None)
    assert (found.temperature, found.ece_before) == (1.0, None)
    assert "no row of the eval split stands for the complaints" in found.sentence


def test_few_rows_tell_a_temperature_and_not_how_far_it_is_off():
    probabilities = np.tile([0.9, 0.1], (MIN_ROWS_FOR_ERROR - 1, 1))
    truth = (np.arange(len(probabilities)) % 4 == 0).astype(np.int64)
    found = fit_calibration(probabilities, truth, evenly(len(truth)))
    assert found.temperature > 1.5
    assert (found.ece_before, found.ece_after) == (None, None)
    assert "is not measured: the eval split has 49 rows, 50 are needed" in found.sentence


def test_the_temperature_is_that_of_traffic_and_not_of_the_hard_rows():
    # On 40 corrections the model is right half the time, on 20 other rows nearly always; those
    # stand for a hundred complaints each.
    logits = np.random.default_rng(8).normal(scale=3, size=(60, 3))
    probabilities = softmax(logits, axis=1)
    truth = probabilities.argmax(axis=1)
    truth[:20] = (truth[:20] + 1) % 3
    truth[59] = (truth[59] + 1) % 3
    weights = np.where(np.arange(60) < 40, 1.0, 100.0)
    unweighted = fit_calibration(probabilities, truth, evenly(60))
    weighted = fit_calibration(probabilities, truth, weights)
    assert weighted.temperature < 0.5 * unweighted.temperature


def test_few_rows_draw_the_temperature_towards_one():
    logits = np.random.default_rng(9).normal(scale=2, size=(4000, 3))
    probabilities = tempered(softmax(logits, axis=1), 0.4)
    truth = drawn_truth(softmax(logits, axis=1), seed=10)
    found = [
        fit_calibration(probabilities[:rows], truth[:rows], evenly(rows)).temperature
        for rows in (25, 250, 4000)
    ]
    assert 1 < found[0] < found[1] < found[2] < 2.6
    # Rows of which a few stand for nearly all tell no more than those few.
    heavy = np.where(np.arange(250) < 25, 1e6, 1.0)
    assert fit_calibration(probabilities[:250], truth[:250], heavy).temperature < found[1]


def test_a_label_without_training_rows_does_not_stop_the_fit():
    draw = np.random.default_rng(4)
    seen = softmax(draw.normal(scale=4, size=(300, 2)), axis=1)
    truth = drawn_truth(seen, seed=5)
    probabilities = np.hstack([tempered(seen, 0.5), np.zeros((300, 1))])
    truth[:6] = 2
    found = fit_calibration(probabilities, truth, evenly(300))
    assert found.temperature == pytest.approx(2.0, rel=0.4)
