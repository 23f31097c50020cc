"""Risk: a score that looks right and is not, above all macro-F1 when a class is absent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.scores import (
    majority_card,
    majority_label,
    majority_macro_f1,
    majority_share,
    score,
)


def test_scores_equal_those_computed_by_hand():
    # True 0: right, right, called 1. True 1: right. True 2: called 0, right.
    card = score([0, 0, 0, 1, 2, 2], [0, 0, 1, 1, 0, 2], 3)
    assert card.confusion == ((2, 1, 0), (0, 1, 0), (1, 0, 1))
    assert card.precision == pytest.approx((2 / 3, 1 / 2, 1.0))
    assert card.recall == pytest.approx((2 / 3, 1.0, 1 / 2))
    assert card.f1 == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert card.support == (3, 1, 2)
    assert card.accuracy == pytest.approx(4 / 6)
    assert card.macro_f1 == pytest.approx(2 / 3)
    assert card.n == 6


def test_an_absent_class_counts_as_zero_in_macro_f1():
    card = score([0, 1], [0, 1], 3)
    assert card.f1 == (1, 1, 0)
    assert card.macro_f1 == pytest.approx(2 / 3)
    assert card.support == (1, 1, 0)


def test_one_row_can_be_scored():
    assert score([1], [1], 2).accuracy == 1
    assert score([1], [1], 2).macro_f1 == pytest.approx(1 / 2)
    assert score([1], [0], 2).macro_f1 == 0


def test_rows_of_one_class_can_be_scored():
    card = score([0, 0, 0, 0], [0, 0, 0, 1], 2)
    assert card.recall == pytest.approx((3 / 4, 0))
    assert card.f1 == pytest.approx((6 / 7, 0))


def test_weights_count_like_repeated_rows():
    weighted = score([0, 0, 1], [0, 1, 1], 2, weights=[3, 1, 2])
    repeated = score([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1], 2)
    assert weighted.confusion == repeated.confusion == ((3, 1), (0, 2))
    assert weighted.macro_f1 == pytest.approx((6 / 7 + 4 / 5) / 2)
    assert weighted.accuracy == pytest.approx(5 / 6)
    assert weighted.n == 3


def test_the_majority_answer_is_scored_as_a_model():
    assert majority_share([2, 2, 2, 0], 3) == pytest.approx(3 / 4)
    # F1 of class 2: precision 3/4, recall 1 -> 6/7; the other two have 0.
    assert majority_macro_f1([2, 2, 2, 0], 3) == pytest.approx(6 / 7 / 3)
    assert majority_card([1, 0], 2).confusion == ((1, 0), (1, 0))
    assert majority_label([0, 0, 1], 2) == 0
    assert majority_label([0, 0, 1], 2, weights=[1, 1, 3]) == 1
    assert majority_card([0, 0, 1], 2, weights=[1, 1, 3]).accuracy == pytest.approx(3 / 5)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_scores_equal_those_of_scikit_learn(rows: list[tuple[int, int]]):
    from sklearn.metrics import precision_recall_fscore_support

    truth, predicted = zip(*rows, strict=True)
    card = score(truth, predicted, 4)
    theirs = precision_recall_fscore_support(
        truth, predicted, labels=range(4), zero_division=0, average=None
    )
    for ours, other in zip(
        (card.precision, card.recall, card.f1, card.support), theirs, strict=True
    ):
        assert ours == pytest.approx(other)
    assert card.macro_f1 == pytest.approx(np.mean(theirs[2]))


@pytest.mark.parametrize(
    ("truth", "predicted", "weights", "found"),
    [
        ([], [], None, "no row"),
        ([0, 1], [0], None, "2 truths and 1 predictions"),
        ([0, 3], [0, 1], None, r"\[3\] outside 0..1"),
        ([0, -1], [0, 1], None, r"\[-1\] outside 0..1"),
        ([0, 1], [0.0, 1.0], None, "not integers"),
        ([0, 1], [0, 1], [0, 0], "sum to zero"),
        ([0, 1], [0, 1], [1, float("nan")], "not finite"),
        ([0, 1], [0, 1], [1], "1 weights for 2 rows"),
    ],
)
def test_rows_that_cannot_be_scored_are_an_error_and_never_a_zero(truth, predicted, weights, found):
    with pytest.raises(PermanentError, match=found):
        score(truth, predicted, 2, weights)
