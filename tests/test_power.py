"""Risk: officials label for weeks what cannot decide, or are not told that few labels would."""

import pytest

from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.domain.gate.interval import gain_interval
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings
from sambodhan_assets.domain.gate.power import REPLICATES, Need, Stratum, measure_power
from sambodhan_assets.domain.gate.pseudo_labels import (
    Outcomes,
    seen_outcomes,
    with_audits,
    with_disagreement_labels,
)
from tests.gate_windows import certain, make_window, sampled, unlabelled
from tests.labelling_power import power_of

BALANCED = PolicySettings()
STRICT = PolicySettings(policy=Policy.STRICT)
AGREED = [unlabelled(0, 0)] * 200 + [unlabelled(1, 1)] * 200
SEED = 7


def bound_of(window):
    return gain_interval(window, 2, replicates=REPLICATES, seed=SEED).lower_05


def promotes(window, settings=STRICT):
    floor = 0 if settings is STRICT else -0.02
    return estimate(window, 2).gain >= 0.001 and bound_of(window) > floor


# Windows as they would be


def test_labels_are_added_as_won_and_lost_as_the_outcomes_say():
    window = make_window([sampled(0, 0, 1), *[unlabelled(0, 1)] * 20, *AGREED])
    rate = Outcomes(candidate_right=3, deployed_right=1, neither=1)
    more = with_disagreement_labels(window, rate, 10, 3, seed=SEED)
    assert seen_outcomes(more) == Outcomes(candidate_right=7, deployed_right=2, neither=2)
    assert int(more.labelled.sum()) == 11
    # The third label is neither answer.
    assert set(more.truth[more.labelled].tolist()) == {0, 1, 2}
    assert set(more.truth[more.agreed].tolist()) == {-1}


def test_with_two_labels_one_of_the_models_is_right():
    window = make_window([unlabelled(0, 1)] * 9)
    rate = Outcomes(candidate_right=1, deployed_right=1, neither=0)
    more = with_disagreement_labels(window, rate, 9, 2, seed=SEED)
    assert seen_outcomes(more) == Outcomes(candidate_right=4, deployed_right=5, neither=0)


def test_audits_turn_out_as_those_so_far():
    known = [sampled(0, 1, 1), *[sampled(1, 1, 1)] * 3]
    window = make_window([*known, *[unlabelled(1, 1)] * 100, *[unlabelled(0, 0)] * 40])
    more = with_audits(window, 140, seed=SEED)
    ones, zeros = more.truth[more.deployed == 1], more.truth[more.deployed == 0]
    assert (int((ones == 0).sum()), len(ones)) == (26, 104)
    assert set(zeros.tolist()) == {0}
    assert int(with_audits(window, 10, seed=SEED).labelled.sum()) == 14


# What can be shown


def test_the_smallest_gain_is_the_bounds_distance_stretched_to_eight_cases_of_ten():
    rows = AGREED + [sampled(0, 0, 1)] * 12 + [sampled(1, 0, 1)] * 8
    window = make_window(rows)
    distance = estimate(window, 2).gain - bound_of(window)
    strict, balanced = power_of(rows), power_of(rows, BALANCED)
    # 0.8416 / 1.6449 is the normal quantile of 80 % over that of 95 %.
    assert strict.smallest_gain == pytest.approx(distance * 1.51164, rel=1e-4)
    assert balanced.smallest_gain == pytest.approx(strict.smallest_gain - 0.02)
    assert strict.smallest_gain_labelled == strict.smallest_gain
    assert strict.unlabelled == 0


def test_a_gain_below_the_threshold_is_never_promised():
    assert power_of([*AGREED, unlabelled(0, 1)], BALANCED).smallest_gain_labelled >= 0.001


def test_without_a_labelled_disagreement_the_smallest_gain_is_not_measured():
    found = power_of(AGREED + [unlabelled(0, 1)] * 20)
    assert found.smallest_gain is None
    assert 0 < found.smallest_gain_labelled < 0.2
    assert found.seen.total == 0


def test_more_complaints_show_smaller_gains():
    small = AGREED + [sampled(0, 0, 1)] * 12 + [sampled(1, 0, 1)] * 8
    assert power_of(small * 4).smallest_gain < 0.6 * power_of(small).smallest_gain


# What would decide


def test_nothing_is_needed_where_the_gain_is_shown():
    rows = AGREED + [sampled(0, 0, 1)] * 30
    assert promotes(make_window(rows))
    assert power_of(rows).need is None


def test_without_labels_it_is_said_how_many_the_candidate_must_win():
    window = make_window(AGREED + [unlabelled(0, 1)] * 60)
    need = measure_power(window, 2, STRICT, sheet_size=30, seed=SEED).need
    assert (need.stratum, need.count) == (Stratum.DISAGREEMENTS, 30)

    def passes(wins):
        outcome = Outcomes(candidate_right=wins, deployed_right=30 - wins, neither=0)
        return promotes(with_disagreement_labels(window, outcome, 30, 2, seed=SEED))

    assert 15 < need.wins < 30
    assert passes(need.wins)
    assert not passes(need.wins - 1)


def test_a_larger_sheet_is_asked_for_where_a_small_one_cannot_decide():
    rows = [certain(1, 0, 1)] * 30 + AGREED + [unlabelled(0, 1)] * 200
    small, large = power_of(rows, sheet_size=2).need, power_of(rows, sheet_size=64).need
    assert small.count in (4, 8, 16, 32, 64, 128, 200)
    assert large.count >= small.count / 2


def test_at_the_rate_so_far_the_least_number_of_labels_is_named():
    rows = AGREED + [sampled(0, 0, 1)] * 8 + [sampled(1, 0, 1)] * 4 + [unlabelled(0, 1)] * 60
    window = make_window(rows)
    need = power_of(rows).need
    assert (need.stratum, need.wins) == (Stratum.DISAGREEMENTS, None)

    def passes(count):
        seen = seen_outcomes(window)
        return promotes(with_disagreement_labels(window, seen, count, 2, seed=SEED))

    assert passes(need.count)
    assert not passes(need.count - 1)


def test_audits_are_asked_for_where_few_of_them_blur_the_picture():
    """One of seven audits found an error; whether that is one in seven decides."""
    audits = [sampled(0, 0, 0)] * 3 + [sampled(0, 1, 1)] + [sampled(1, 1, 1)] * 2
    sheet = [sampled(0, 0, 1)] * 18 + [sampled(1, 0, 1)] * 6
    rows = [unlabelled(0, 0)] * 100 + [unlabelled(1, 1)] * 100 + audits + sheet
    need = power_of(rows).need
    assert need.stratum == Stratum.AUDITS
    assert promotes(with_audits(make_window(rows), need.count, seed=SEED))
    assert not promotes(with_audits(make_window(rows), need.count - 1, seed=SEED))


def test_where_no_label_can_decide_more_complaints_are_asked_for():
    rows = AGREED + [sampled(0, 0, 1)] * 12 + [sampled(1, 0, 1)] * 8
    need = power_of(rows).need
    assert (need.stratum, need.wins) == (Stratum.COMPLAINTS, None)
    gain, lower = estimate(make_window(rows), 2).gain, bound_of(make_window(rows))
    more = len(rows) * (((gain - lower) / gain) ** 2 - 1)
    assert need.count == pytest.approx(more, abs=1)
    # So many complaints of the same kind do show it.
    assert promotes(make_window(rows * (need.count // len(rows) + 2)))


@pytest.mark.parametrize(
    "rows",
    [
        AGREED,
        [unlabelled(0, 1)],
        [certain(1, 0, 1)] * 60 + AGREED + [unlabelled(0, 1)],
        AGREED + [sampled(1, 0, 1)] * 12,
    ],
    ids=["no disagreement", "one complaint", "too much is broken", "all are lost"],
)
def test_where_nothing_points_to_a_gain_no_number_is_made_up(rows):
    assert power_of(rows).need == Need(stratum=Stratum.COMPLAINTS, count=None)


def test_a_losing_candidate_with_few_labels_is_told_what_it_would_have_to_win():
    rows = AGREED + [sampled(1, 0, 1)] * 2 + [unlabelled(0, 1)] * 60
    need = power_of(rows).need
    assert need.stratum == Stratum.DISAGREEMENTS
    assert need.wins is not None
