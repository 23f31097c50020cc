"""Risk: a worse model is promoted because the gain is computed wrongly from partial labels."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.domain.gate.window import UNLABELLED
from tests.gate_windows import (
    HAND_EXAMPLE,
    certain,
    make_window,
    sampled,
    unlabelled,
    without_random_labels,
)

K = 3
LABEL = st.integers(0, K - 1)
ROWS = st.lists(
    st.one_of(
        st.builds(certain, LABEL, LABEL, LABEL),
        st.builds(sampled, LABEL, LABEL, LABEL),
        st.builds(unlabelled, LABEL, LABEL),
    ),
    min_size=1,
    max_size=40,
)


def literal_gain(rows, weights, n_labels):
    """The published formula, row by row and cell by cell."""
    conf = np.zeros((2, n_labels, n_labels))
    cells = {"G": [], "D": []}
    for (y, a, b, is_certain), w in zip(rows, weights, strict=True):
        for m, answer in enumerate((a, b)):
            conf[m, y if is_certain else b, answer] += w
        if not is_certain:
            cells["G" if a == b else "D"].append((y, a, b, w))
    for cell in cells.values():
        labelled = [row for row in cell if row[0] != UNLABELLED]
        if not labelled:
            continue
        scale = sum(row[3] for row in cell) / sum(row[3] for row in labelled)
        for y, a, b, w in labelled:
            for m, answer in enumerate((a, b)):
                conf[m, y, answer] += scale * w
                conf[m, b, answer] -= scale * w
    conf = np.where(conf > 1e-6, conf, 0)
    f1 = []
    for matrix in conf:
        scores = []
        for c in range(n_labels):
            total = matrix[c].sum() + matrix[:, c].sum()
            scores.append(2 * matrix[c, c] / total if total else 0.0)
        f1.append(sum(scores) / n_labels)
    return f1[0] - f1[1]


def test_the_hand_example_holds():
    found = estimate(make_window(HAND_EXAMPLE), 2)
    np.testing.assert_allclose(found.candidate_confusion, [[9, 1], [1, 4]])
    np.testing.assert_allclose(found.deployed_confusion, [[7, 3], [0, 5]])
    assert round(found.candidate_f1, 4) == 0.8500
    assert round(found.deployed_f1, 4) == 0.7964
    assert round(found.gain, 4) == 0.0536


def test_the_hand_example_without_labels_counts_disagreements_as_lost():
    found = estimate(make_window(without_random_labels(HAND_EXAMPLE)), 2)
    assert round(found.worst_gain, 4) == -0.2111
    assert round(found.best_gain, 4) == 0.3394
    assert found.gain == found.worst_gain


def test_the_cells_of_the_hand_example_are_counted():
    counts = estimate(make_window(HAND_EXAMPLE), 2).counts
    assert (counts.certain_rows, counts.agreed_rows, counts.agreed_labels) == (1, 10, 2)
    assert (counts.disagreed_rows, counts.disagreed_labels) == (4, 2)


def test_fixed_and_broken_rows_are_counted_over_all_labels():
    rows = [certain(0, 0, 1), certain(0, 2, 1), sampled(1, 0, 1), sampled(2, 2, 2)]
    changes = estimate(make_window(rows), K).changes
    assert (changes.corrections, changes.corrections_fixed) == (2, 1)
    assert (changes.fixed, changes.broken, changes.both_wrong) == (1, 1, 1)


@given(ROWS, st.data())
def test_the_gain_is_the_formula_computed_row_by_row(rows, data):
    some = st.sampled_from([1.0, 2.0, 12.5])
    weights = data.draw(st.lists(some, min_size=len(rows), max_size=len(rows)))
    found = estimate(make_window(rows, weight=weights), K)
    assert found.gain == pytest.approx(literal_gain(rows, weights, K), abs=1e-9)


@given(ROWS, st.integers(2, 5))
def test_a_weight_equals_that_many_copies_of_the_row(rows, copies):
    weighted = estimate(make_window(rows, weight=[float(copies)] * len(rows)), K)
    copied = estimate(make_window(rows * copies), K)
    assert weighted.gain == pytest.approx(copied.gain, abs=1e-9)
    assert weighted.best_gain == pytest.approx(copied.best_gain, abs=1e-9)


@given(ROWS, st.permutations(range(K)))
def test_renaming_the_labels_does_not_change_the_gain(rows, names):
    renamed = [(names[y] if y >= 0 else y, names[a], names[b], c) for y, a, b, c in rows]
    before, after = estimate(make_window(rows), K), estimate(make_window(renamed), K)
    assert after.gain == pytest.approx(before.gain, abs=1e-9)
    assert after.worst_gain == pytest.approx(before.worst_gain, abs=1e-9)
    assert after.best_gain == pytest.approx(before.best_gain, abs=1e-9)


@given(st.lists(st.builds(certain, LABEL, LABEL, LABEL), min_size=1, max_size=40))
def test_swapping_the_models_negates_the_gain_where_every_label_is_certain(rows):
    swapped = [(y, b, a, c) for y, a, b, c in rows]
    forth, back = estimate(make_window(rows), K), estimate(make_window(swapped), K)
    assert forth.gain == pytest.approx(-back.gain, abs=1e-12)


@given(ROWS)
@settings(max_examples=50)
def test_without_labels_in_the_disagreements_the_gain_is_the_worst_case(rows):
    found = estimate(make_window(without_random_labels(rows)), K)
    assert found.gain == pytest.approx(found.worst_gain, abs=1e-12)


@given(ROWS)
def test_a_candidate_that_answers_like_the_deployed_version_gains_nothing(rows):
    found = estimate(make_window([(y, b, b, c) for y, _, b, c in rows]), K)
    assert found.gain == 0


def test_a_label_that_never_occurs_counts_zero():
    found = estimate(make_window([certain(0, 0, 0), certain(1, 1, 1)]), 4)
    assert found.candidate_f1 == 0.5


def test_rounding_is_not_taken_for_a_class():
    # 11 of 15 rows labelled, all of them moved: 15 - 15/11 * 11 leaves 2e-15, not a row.
    rows = [sampled(0, 1, 1)] * 11 + [unlabelled(1, 1)] * 4
    found = estimate(make_window(rows), 2)
    assert found.candidate_confusion[1, 1] == 0
    assert found.candidate_f1 == 0


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


# Edges: the numbers are worked out by hand.


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
