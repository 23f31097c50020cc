"""Risk: a worse model is promoted because the gain is computed wrongly from partial labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.domain.gate.window import UNLABELLED
from tests.gate_windows import (
    HAND_EXAMPLE,
    LABEL,
    ROWS,
    K,
    certain,
    make_window,
    sampled,
    unlabelled,
    without_random_labels,
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
