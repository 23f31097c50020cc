"""Risk: the gate is surer than its labels allow, and promotes by luck."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.domain.gate.interval import collapse_groups, gain_interval, replicate_gains
from tests.gate_windows import (
    HAND_EXAMPLE,
    ROWS,
    K,
    certain,
    make_window,
    sampled,
    unlabelled,
    without_random_labels,
)


def gain_with_ghost(rows, multipliers, ghost, *, won):
    """The gain of one replicate, by loops over rows: no signatures, no matrix product."""
    conf = np.zeros((2, K, K))
    size = {True: 0, False: 0}
    labels = {True: 0, False: ghost}
    moves = {True: np.zeros((2, K, K)), False: np.zeros((2, K, K))}
    average = np.zeros((2, K, K))
    for (y, a, b, is_certain), g in zip(rows, multipliers, strict=True):
        for m, answer in enumerate((a, b)):
            conf[m, y if is_certain else b, answer] += g
        if is_certain:
            continue
        size[a == b] += g
        labels[a == b] += g * (y >= 0)
        for m, answer in enumerate((a, b)):
            if y >= 0:
                moves[a == b][m, y, answer] += g
                moves[a == b][m, b, answer] -= g
            average[m, a, answer] += g
            average[m, b, answer] -= g
    if won and size[False]:
        moves[False] = moves[False] + ghost * average / size[False]
    for agreed in (True, False):
        if labels[agreed]:
            conf += size[agreed] / labels[agreed] * moves[agreed]
    conf = np.where(conf > 1e-6, conf, 0)
    f1 = []
    for matrix in conf:
        total = matrix.sum(axis=0) + matrix.sum(axis=1)
        f1.append(np.mean([2 * matrix[c, c] / total[c] if total[c] else 0 for c in range(K)]))
    return f1[0] - f1[1]


@given(ROWS, st.data())
@settings(max_examples=60, deadline=None)
def test_the_fast_bootstrap_is_the_loop_over_groups(rows, data):
    n = len(rows)
    group = data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    groups = sorted(set(group))
    drawn = data.draw(st.lists(st.integers(0, 4), min_size=len(groups), max_size=len(groups)))
    ghost = data.draw(st.integers(0, 3))
    grouped = collapse_groups(make_window(rows, group=group), K)
    multipliers = np.bincount(
        grouped.signature_of_group, weights=drawn, minlength=len(grouped.group_count)
    )
    lower, upper = replicate_gains(grouped, multipliers[None, :], np.array([ghost]))
    of_row = [drawn[groups.index(g)] for g in group]
    assert lower[0] == pytest.approx(gain_with_ghost(rows, of_row, ghost, won=False), abs=1e-9)
    assert upper[0] == pytest.approx(gain_with_ghost(rows, of_row, ghost, won=True), abs=1e-9)


@given(ROWS, st.data())
@settings(max_examples=60, deadline=None)
def test_groups_are_merged_only_if_they_hold_the_same_rows(rows, data):
    n = len(rows)
    group = data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    grouped = collapse_groups(make_window(rows, group=group), K)
    contents = {g: sorted(r for r, of in zip(rows, group, strict=True) if of == g) for g in group}
    in_order = [contents[g] for g in sorted(contents)]
    for i, first in enumerate(in_order):
        for j, second in enumerate(in_order):
            same = grouped.signature_of_group[i] == grouped.signature_of_group[j]
            assert same == (first == second)


def test_the_same_seed_gives_the_same_interval():
    window = make_window(HAND_EXAMPLE)
    first = gain_interval(window, 2, replicates=500, seed=7)
    assert first == gain_interval(window, 2, replicates=500, seed=7)
    assert first != gain_interval(window, 2, replicates=500, seed=8)


def test_the_interval_does_not_depend_on_the_chunk_size(monkeypatch):
    window = make_window(HAND_EXAMPLE)
    whole = gain_interval(window, 2, replicates=500, seed=7)
    monkeypatch.setattr("sambodhan_assets.domain.gate.interval.CHUNK", 70)
    pieces = gain_interval(window, 2, replicates=500, seed=7)
    assert pieces.lower_05 == pytest.approx(whole.lower_05, abs=1e-12)
    assert pieces.upper_95 == pytest.approx(whole.upper_95, abs=1e-12)


def test_a_uniform_weight_does_not_change_the_interval():
    rows = [row for row in HAND_EXAMPLE if not row[3]] * 10
    light = gain_interval(make_window(rows), 2, replicates=500, seed=7)
    heavy = gain_interval(make_window(rows, weight=[12.5] * len(rows)), 2, replicates=500, seed=7)
    assert heavy.lower_05 == pytest.approx(light.lower_05, abs=1e-9)
    assert heavy.upper_95 == pytest.approx(light.upper_95, abs=1e-9)


def test_copies_in_one_group_do_not_make_the_gate_surer():
    rows = [certain(0, 0, 1)] * 10 + [certain(1, 0, 1)] * 8 + [certain(1, 1, 1)] * 20
    n = len(rows)
    once = gain_interval(make_window(rows), 2, replicates=4000, seed=7)
    copied = make_window(rows * 5, group=list(range(n)) * 5)
    assert gain_interval(copied, 2, replicates=4000, seed=7) == once
    scattered = gain_interval(make_window(rows * 5), 2, replicates=4000, seed=7)
    assert scattered.lower_05 > once.lower_05
    assert scattered.upper_95 < once.upper_95


def test_a_sheet_won_without_a_loss_still_leaves_doubt():
    agreed = [sampled(0, 0, 0)] * 300 + [sampled(1, 1, 1)] * 300
    sheet = [sampled(0, 0, 1)] * 30 + [unlabelled(0, 1)] * 70
    window = make_window(agreed + sheet)
    gain = estimate(window, 2).gain
    one_group_per_cell = [0] * 300 + [1] * 300 + [2] * 100
    interval = gain_interval(make_window(agreed + sheet), 2, replicates=2000, seed=7)
    assert interval.lower_05 < gain - 0.01
    # With all disagreements in one group only the imaginary label can move the share that is won.
    grouped = collapse_groups(make_window(agreed + sheet, group=one_group_per_cell), 2)
    once = np.ones((2, len(grouped.group_count)), dtype=np.int64)
    without, with_ghost = replicate_gains(grouped, once, np.array([0, 1]))[0]
    assert without == pytest.approx(gain)
    assert with_ghost < gain


def test_without_labels_the_interval_reaches_from_the_worst_case_to_the_best():
    rows = (
        [certain(0, 0, 1)] * 20
        + [unlabelled(0, 0)] * 400
        + [unlabelled(1, 1)] * 400
        + [unlabelled(0, 1)] * 60
    )
    found = estimate(make_window(rows), 2)
    interval = gain_interval(make_window(rows), 2, replicates=2000, seed=7)
    assert interval.lower_05 < found.worst_gain
    assert interval.upper_95 > found.best_gain


def test_a_lost_sheet_of_one_does_not_prove_a_loss():
    rows = [unlabelled(0, 0)] * 200 + [unlabelled(1, 1)] * 200 + [unlabelled(0, 1)] * 39
    interval = gain_interval(make_window([*rows, sampled(1, 0, 1)]), 2, replicates=2000, seed=7)
    assert interval.lower_05 < 0 < interval.upper_95


def traffic(rng, n_groups):
    """Truth, candidate (right on 86 %), deployed (right on 85 %), group.

    Two rows per group, alike: a group's answers are right or wrong together.
    """
    truth = np.repeat(rng.integers(0, K, n_groups), 2)
    answers = []
    for accuracy in (0.86, 0.85):
        wrong = np.repeat(rng.random(n_groups) > accuracy, 2)
        answers.append(np.where(wrong, (truth + 1) % K, truth))
    return truth, *answers, np.repeat(np.arange(n_groups), 2)


def simulated_window(rng, *, sheet):
    truth, candidate, deployed, group = traffic(rng, 500)
    is_certain = (deployed != truth) & (rng.random(len(truth)) < 0.6)
    disagreed = np.flatnonzero((candidate != deployed) & ~is_certain)
    labelled = rng.choice(disagreed, min(sheet, len(disagreed)), replace=False)
    shown = np.where(is_certain, truth, -1)
    shown[labelled] = truth[labelled]
    rows = list(zip(shown, candidate, deployed, is_certain, strict=True))
    return make_window(rows, group=group)


@pytest.mark.parametrize("sheet", [30, 0])
def test_the_lower_bound_is_below_the_true_gain_as_often_as_it_says(sheet):
    rng = np.random.default_rng(20240101)
    truth, candidate, deployed, _ = traffic(rng, 200_000)
    rows = [
        certain(y, a, b) for y, a, b in zip(truth[::2], candidate[::2], deployed[::2], strict=True)
    ]
    true_gain = estimate(make_window(rows), K).gain
    bounds = [
        gain_interval(simulated_window(rng, sheet=sheet), K, replicates=400, seed=seed)
        for seed in range(80)
    ]
    covered = np.mean([bound.lower_05 <= true_gain for bound in bounds])
    # Of 80 draws at 95 %, 70 or fewer would happen in 1 of 300 runs.
    assert covered > 0.88
    assert np.mean([bound.upper_95 >= true_gain for bound in bounds]) > 0.88


@given(ROWS)
@settings(max_examples=30, deadline=None)
def test_the_interval_is_ordered_and_finite(rows):
    interval = gain_interval(make_window(without_random_labels(rows)), K, replicates=50, seed=1)
    assert -1 <= interval.lower_05 <= interval.upper_95 <= 1
