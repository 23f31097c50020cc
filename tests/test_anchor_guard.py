"""Risk: a candidate forgets what the first models knew, and the window does not show it."""

import numpy as np
import pytest

from sambodhan_assets.domain.gate.anchor_guard import (
    ANCHOR_MARGIN,
    WIDEST_BOUND,
    anchor_guard,
    score_anchor,
)
from tests.gate_windows import certain, make_window

BOTH_RIGHT = [certain(0, 0, 0), certain(1, 1, 1)] * 20


def scores_of(rows, learned=0):
    return score_anchor(make_window(rows), 2, learned=learned, replicates=400, seed=7)


def test_the_scores_are_those_of_the_labelled_rows():
    # Ten of twenty "0" are lost: F1 is 20/30 and 40/50.
    found = scores_of([certain(0, 1, 0)] * 10 + [certain(0, 0, 0)] * 10 + [certain(1, 1, 1)] * 20)
    assert found.candidate.macro_f1 == pytest.approx((2 / 3 + 0.8) / 2)
    assert found.deployed.macro_f1 == 1
    assert found.gain == pytest.approx((2 / 3 + 0.8) / 2 - 1)
    assert (found.rows, found.candidate.n) == (40, 40)


def test_forgetting_holds_a_promotion():
    guard = anchor_guard(scores_of([certain(0, 1, 0)] * 10 + BOTH_RIGHT), configured=True)
    assert (guard.name, guard.passed, guard.outcome_if_failed) == ("anchor", False, "HOLD")
    assert "The candidate forgets what it knew" in guard.sentence
    assert "at best" in guard.sentence


@pytest.mark.parametrize("rows", [BOTH_RIGHT, [certain(0, 0, 1)] * 10 + BOTH_RIGHT])
def test_a_candidate_that_knows_as_much_passes(rows):
    found = scores_of(rows)
    assert found.interval.lower_05 > ANCHOR_MARGIN
    guard = anchor_guard(found, configured=True)
    assert guard.passed
    assert "Nothing is forgotten" in guard.sentence
    assert f"{len(rows)} anchor rows" in guard.sentence


@pytest.mark.parametrize(("lost", "passed"), [(1, True), (2, True), (4, False)])
def test_a_few_rows_must_show_a_loss_that_chance_does_not_explain(lost, passed):
    """Where p rows are lost and none won, the best case is "no loss" if exp(-p) is above 0.05."""
    found = scores_of([certain(0, 1, 0)] * lost + BOTH_RIGHT)
    assert found.gain < 0
    assert found.interval.lower_05 < ANCHOR_MARGIN
    guard = anchor_guard(found, configured=True)
    assert guard.passed == passed
    assert ("No forgetting is shown" in guard.sentence) == passed


def test_many_rows_need_not_show_that_nothing_at_all_is_lost():
    """A loss of half a point that is certain stays within what the policy allows."""
    found = scores_of([certain(0, 1, 0)] * 10 + BOTH_RIGHT * 50)
    assert ANCHOR_MARGIN < found.interval.lower_05 < found.interval.upper_95 < 0
    assert anchor_guard(found, configured=True).passed


def test_many_rows_must_exclude_a_loss_above_the_margin():
    """Of a thousand rows 34 lost and 24 won could be chance, and could be two points."""
    rows = [certain(0, 1, 0)] * 34 + [certain(0, 0, 1)] * 24 + BOTH_RIGHT * 24
    found = scores_of(rows)
    assert found.interval.lower_05 < ANCHOR_MARGIN < 0 < found.interval.upper_95
    assert found.gain - found.interval.lower_05 < WIDEST_BOUND
    guard = anchor_guard(found, configured=True)
    assert not guard.passed
    assert "may forget more than 2.0 points" in guard.sentence


def test_the_widest_bound_is_where_an_equal_model_passes_in_eight_of_ten_cases():
    from scipy.stats import norm

    standard_error = WIDEST_BOUND / norm.ppf(0.95)
    passes = 1 - norm.cdf((ANCHOR_MARGIN + WIDEST_BOUND) / standard_error)
    assert passes == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize(
    ("configured", "sentence"),
    [(False, "There is no anchor corpus"), (True, "Every anchor test row was learned")],
)
def test_what_was_not_measured_is_said_and_blocks_nothing(configured, sentence):
    guard = anchor_guard(None, configured=configured)
    assert guard.passed
    assert guard.sentence.startswith(sentence)
    assert "not measured" in guard.sentence


def test_near_duplicates_on_the_anchor_are_drawn_as_one():
    rows = [certain(0, 1, 0)] * 4 + BOTH_RIGHT * 5
    apart = score_anchor(make_window(rows), 2, learned=0, replicates=2000, seed=7)
    group = np.r_[[0] * 4, np.arange(1, len(rows) - 3)]
    together = score_anchor(make_window(rows, group=group), 2, learned=0, replicates=2000, seed=7)
    assert together.interval.lower_05 < apart.interval.lower_05
