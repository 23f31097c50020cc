"""Risk: a window that cannot be scored is scored, or one of a single row or class scores wrongly.

The numbers are worked out by hand.
"""

from dataclasses import replace

import numpy as np
import pytest

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.domain.gate.window import UNLABELLED
from tests.gate_windows import K, certain, make_window, sampled, unlabelled


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([unlabelled(-1, 0)], "1 rows have no prediction of the candidate model"),
        ([unlabelled(0, -1)], "1 rows have no prediction of the deployed model"),
        ([certain(UNLABELLED, 0, 0)], "1 rows count as certain but have no label"),
        ([sampled(-2, 0, 0)], "1 rows have a negative label"),
    ],
)
def test_a_missing_prediction_or_label_is_an_error(rows, found):
    with pytest.raises(PermanentError, match=found):
        make_window(rows)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_is_no_positive_number_is_an_error(weight):
    with pytest.raises(PermanentError, match="weight"):
        make_window([unlabelled(0, 0)], weight=[weight])


def test_columns_of_different_lengths_are_an_error():
    with pytest.raises(PermanentError, match="group has shape"):
        make_window([unlabelled(0, 0)] * 2, group=[1])


def test_answers_that_are_not_label_ids_are_an_error():
    window = make_window([unlabelled(0, 0)])
    with pytest.raises(PermanentError, match="candidate has the type float64"):
        replace(window, candidate=np.array([np.nan]))


@pytest.mark.parametrize("rows", [[unlabelled(K, 0)], [unlabelled(0, K)], [certain(K, 0, 0)], []])
def test_an_unknown_label_id_or_an_empty_window_is_an_error(rows):
    with pytest.raises(PermanentError):
        estimate(make_window(rows), K)


def test_one_row_is_scored_as_it_stands():
    """One of three labels has a row: right is 1/3, wrong is 0."""
    found = estimate(make_window([certain(0, 0, 1)]), 3)
    assert (found.candidate_f1, found.deployed_f1) == (pytest.approx(1 / 3), 0)
    assert found.counts.groups == 1
    alone = estimate(make_window([unlabelled(0, 1)]), 3)
    assert (alone.worst_gain, alone.best_gain) == (pytest.approx(-1 / 3), pytest.approx(1 / 3))


def test_a_window_of_one_class_counts_the_others_as_zero():
    """8 of 10 are right: F1 of the label is 16/18; the label that was answered wrongly has 0."""
    rows = [certain(0, 0, 0)] * 8 + [certain(0, 1, 0)] * 2
    found = estimate(make_window(rows), 2)
    assert (found.candidate_f1, found.deployed_f1) == (pytest.approx(4 / 9), 0.5)


def test_answers_of_an_absent_label_cost_and_never_pay():
    """One more answer of a label that no row has: its F1 stays 0, that of the right label falls."""
    rows = [certain(0, 0, 0), certain(0, 2, 0), certain(1, 1, 1)]
    found = estimate(make_window(rows), 3)
    assert found.candidate_f1 == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found.deployed_f1 == pytest.approx(2 / 3)


def test_corrections_alone_can_be_compared():
    rows = [certain(0, 0, 1)] * 3 + [certain(1, 0, 0)] * 2 + [certain(1, 1, 1)]
    found = estimate(make_window(rows), 2)
    # Candidate [[3, 0], [2, 1]]: 6/8 and 2/4. Deployed [[0, 3], [2, 1]]: 0 and 2/7.
    assert found.candidate_f1 == pytest.approx((6 / 8 + 2 / 4) / 2)
    assert found.deployed_f1 == pytest.approx(1 / 7)
    assert found.worst_gain == found.best_gain == found.gain
    assert (found.counts.agreed_rows, found.counts.disagreed_rows) == (0, 0)


def test_without_audits_agreements_count_as_answered():
    rows = [unlabelled(0, 0)] * 6 + [unlabelled(1, 1)] * 4 + [certain(0, 0, 1)]
    found = estimate(make_window(rows), 2)
    np.testing.assert_allclose(found.candidate_confusion, [[7, 0], [0, 4]])
    np.testing.assert_allclose(found.deployed_confusion, [[6, 1], [0, 4]])
    assert found.counts.agreed_labels == 0


def test_an_audit_moves_its_share_of_the_agreements_and_nothing_else():
    """One of two audits found an error: 10 agreements move by half of 10 each."""
    rows = [sampled(1, 0, 0), sampled(0, 0, 0), *[unlabelled(0, 0)] * 8, certain(1, 1, 0)]
    found = estimate(make_window(rows), 2)
    np.testing.assert_allclose(found.candidate_confusion, [[5, 0], [5, 1]])
    np.testing.assert_allclose(found.deployed_confusion, [[5, 0], [6, 0]])


def test_a_sheet_moves_its_share_of_the_disagreements_by_weight():
    """Each uncertain row stands for 3 complaints; the one checked of two speaks for all 6."""
    rows = [sampled(0, 0, 1), unlabelled(0, 1), unlabelled(1, 1), certain(1, 1, 0)]
    found = estimate(make_window(rows, weight=[3.0, 3.0, 3.0, 1.0]), 2)
    np.testing.assert_allclose(found.candidate_confusion, [[6, 0], [0, 4]])
    np.testing.assert_allclose(found.deployed_confusion, [[0, 6], [1, 3]])
    populations = found.counts
    assert populations.certain_population == 1
    assert populations.agreed_population == 3
    assert populations.disagreed_population == 6


def test_a_certain_label_speaks_for_its_own_row_only():
    """A disagreement labelled for a reason leaves the frame: the others stay presumed."""
    rows = [certain(0, 0, 1), *[unlabelled(0, 1)] * 3, *[unlabelled(0, 0)] * 4]
    found = estimate(make_window(rows), 2)
    np.testing.assert_allclose(found.candidate_confusion, [[5, 0], [3, 0]])
    np.testing.assert_allclose(found.deployed_confusion, [[4, 1], [0, 3]])
