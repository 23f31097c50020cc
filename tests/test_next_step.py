"""Risk: a hold asks for labels that cannot end it, or does not say what would."""

import pytest

from sambodhan_assets.domain.gate.estimator import count_cells
from sambodhan_assets.domain.gate.evidence import GuardResult
from sambodhan_assets.domain.gate.next_steps import WAIT, next_step
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings, VerdictName
from sambodhan_assets.domain.gate.verdict import Verdict
from tests.gate_windows import certain, make_window, sampled, unlabelled
from tests.labelling_power import power_of

STRICT = PolicySettings(policy=Policy.STRICT)
AGREED = [unlabelled(0, 0)] * 200 + [unlabelled(1, 1)] * 200


def step(name, rows, *, settings=STRICT, sheet=None, power=True, guards=()):
    return next_step(
        Verdict(name=name, reason="Because."),
        task="urgency",
        counts=count_cells(make_window(rows)),
        power=power_of(rows, settings) if power else None,
        guards=guards,
        sheet=sheet,
    )


def test_a_hold_says_how_to_label_what_would_decide():
    rows = AGREED + [unlabelled(0, 1)] * 60
    need = power_of(rows).need
    said = step(VerdictName.HOLD, rows, sheet="v20250102_030405")
    assert "Nobody has checked the 60 complaints that the two answer differently." in said
    assert (
        f"label 30 of them: a gain is shown if the candidate is right on at least {need.wins}"
        in said
    )
    assert "the sheet v20250102_030405" in said
    assert "`sambodhan load audits FILE`, then run the job decide_urgency" in said


def test_a_hold_tells_the_rate_so_far():
    rows = AGREED + [sampled(0, 0, 1)] * 8 + [sampled(1, 0, 1)] * 4 + [unlabelled(0, 1)] * 60
    said = step(VerdictName.HOLD, rows)
    assert "checked 12 complaints" in said
    assert "right on 8 of them, the version that serves on 4" in said
    assert f"about {power_of(rows).need.count} more decide" in said


def test_a_hold_of_a_window_that_is_too_small_says_wait():
    assert step(VerdictName.HOLD, [certain(0, 0, 1)]).startswith("Wait until")


def test_a_hold_by_a_guard_says_whether_labels_can_clear_it():
    won = AGREED + [sampled(0, 0, 1)] * 30
    found = (
        "The gain is large enough, but another condition fails; the verdict names it. Nothing has"
        " to be done; more answered complaints and corrections bring the next candidate."
    )
    assert step(VerdictName.HOLD, won) == found
    open_ones = [*won, *[unlabelled(0, 1)] * 5]
    assert step(VerdictName.HOLD, open_ones) == found
    guard = GuardResult(name="label a", passed=False, outcome_if_failed="HOLD", sentence="Worse.")
    said = step(VerdictName.HOLD, open_ones, guards=(guard,))
    assert "Nobody has checked 5 of the complaints" in said
    assert step(VerdictName.HOLD, won, guards=(guard,)) == found


def test_a_hold_that_no_label_can_end_says_how_many_complaints_would():
    rows = AGREED + [sampled(0, 0, 1)] * 12 + [sampled(1, 0, 1)] * 8
    said = step(VerdictName.HOLD, rows)
    assert f"about {power_of(rows).need.count:,} more answered complaints would" in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (VerdictName.PROMOTE, "this run deploys the candidate"),
        (VerdictName.BOOTSTRAP, "this run deploys the candidate"),
        (VerdictName.REJECT, WAIT),
    ],
)
def test_other_verdicts_ask_for_nothing(name, said):
    assert said in step(name, AGREED, power=False)
