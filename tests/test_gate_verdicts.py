"""Risk: a candidate is deployed, or thrown away, against what was measured."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.domain.gate.evidence import (
    Evidence,
    F1DeltaScores,
    FirstModelScores,
    GuardResult,
)
from sambodhan_assets.domain.gate.interval import GainInterval
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings, VerdictName
from sambodhan_assets.domain.gate.verdict import decide
from tests.gate_windows import HAND_EXAMPLE, make_window

PROMOTE, HOLD, REJECT, BOOTSTRAP = VerdictName
BALANCED = PolicySettings()
STRICT = PolicySettings(policy=Policy.STRICT)
F1_DELTA = PolicySettings(policy=Policy.F1_DELTA)


def make_interval(lower=0.01, upper=0.05):
    return GainInterval(lower_05=lower, upper_95=upper, replicates=10_000, seed=7)


def make_estimate(*, gain=0.03, best=0.2, labels=30, unlabelled=70, groups=300):
    example = estimate(make_window(HAND_EXAMPLE), 2)
    counts = replace(
        example.counts,
        disagreed_rows=labels + unlabelled,
        disagreed_labels=labels,
        groups=groups,
    )
    return replace(
        example,
        candidate_f1=0.8 + gain,
        deployed_f1=0.8,
        gain=gain,
        worst_gain=-0.1,
        best_gain=best,
        counts=counts,
    )


def make_evidence(**overrides):
    better = {"something_deployed": True, "estimate": make_estimate(), "interval": make_interval()}
    return Evidence(**(better | overrides))


def first_model(candidate, majority):
    scores = FirstModelScores(candidate_f1=candidate, majority_f1=majority)
    return Evidence(something_deployed=False, first_model=scores)


@pytest.mark.parametrize(
    ("gain", "lower", "balanced", "strict"),
    [
        (0.03, 0.01, PROMOTE, PROMOTE),
        (0.03, 0.0, PROMOTE, HOLD),
        (0.03, -0.019, PROMOTE, HOLD),
        (0.03, -0.02, HOLD, HOLD),
        (0.001, 0.0005, PROMOTE, PROMOTE),
        (0.0009, 0.0005, HOLD, HOLD),
        (-0.01, -0.015, HOLD, HOLD),
    ],
)
def test_the_gain_and_its_bound_decide(gain, lower, balanced, strict):
    evidence = make_evidence(estimate=make_estimate(gain=gain), interval=make_interval(lower))
    assert decide(evidence, BALANCED).name == balanced
    assert decide(evidence, STRICT).name == strict


@pytest.mark.parametrize(
    ("gain", "words"), [(0.0009, "A gain too small to count"), (0.0, "No gain is shown yet")]
)
def test_a_gain_below_the_threshold_is_not_called_none(gain, words):
    evidence = make_evidence(estimate=make_estimate(gain=gain))
    assert decide(evidence, BALANCED).reason.startswith(words)


@pytest.mark.parametrize(
    ("labels", "best", "upper", "verdict"),
    [
        (0, -0.001, 0.01, REJECT),
        (0, 0.0, 0.01, HOLD),
        (0, 0.2, -0.01, HOLD),
        (30, 0.2, -0.01, REJECT),
        (30, -0.001, 0.0, HOLD),
    ],
)
def test_worse_is_what_no_missing_label_can_change(labels, best, upper, verdict):
    found = make_estimate(gain=-0.05, best=best, labels=labels)
    evidence = make_evidence(estimate=found, interval=make_interval(-0.1, upper))
    assert decide(evidence, BALANCED).name == verdict
    assert decide(evidence, STRICT).name == verdict


def test_a_hold_says_how_many_labels_are_missing():
    found = make_estimate(gain=-0.05, labels=0, unlabelled=412)
    verdict = decide(make_evidence(estimate=found, interval=make_interval(-0.1)), BALANCED)
    assert verdict.name == HOLD
    assert "the two differ on 412 complaints that nobody has checked" in verdict.reason
    assert "+20.0" in verdict.reason


@pytest.mark.parametrize(
    ("labels", "unlabelled", "found"),
    [(0, 0, "only more corrections can tell"), (40, 0, "only more answered complaints can tell")],
)
def test_a_hold_does_not_ask_for_labels_that_cannot_be_given(labels, unlabelled, found):
    flat = make_estimate(gain=0.0, labels=labels, unlabelled=unlabelled)
    assert found in decide(make_evidence(estimate=flat), BALANCED).reason


def test_an_empty_window_holds():
    verdict = decide(Evidence(something_deployed=True), BALANCED)
    assert verdict.name == HOLD
    assert "has not answered anything yet" in verdict.reason


@pytest.mark.parametrize(
    ("candidate", "majority", "verdict"),
    [
        (0.60, 0.40, BOOTSTRAP),
        (0.599, 0.10, REJECT),
        (0.70, 0.51, REJECT),
        (0.95, 0.25, BOOTSTRAP),
    ],
)
@pytest.mark.parametrize("settings", [BALANCED, STRICT, F1_DELTA])
def test_the_first_model_must_be_good_and_beat_the_majority(candidate, majority, verdict, settings):
    found = decide(first_model(candidate, majority), settings)
    assert found.name == verdict
    assert f"{100 * candidate:.1f}" in found.reason
    assert f"{100 * majority:.1f}" in found.reason


@pytest.mark.parametrize(
    ("candidate", "deployed", "verdict"),
    [(0.502, 0.5, PROMOTE), (0.5005, 0.5, REJECT), (0.4, 0.5, REJECT), (0.4, None, None)],
)
def test_the_published_rule_is_always_shown_beside_ours(candidate, deployed, verdict):
    scores = F1DeltaScores(candidate_f1=candidate, deployed_f1=deployed)
    evidence = make_evidence(f1_delta=scores)
    ours = decide(evidence, BALANCED)
    assert (ours.name, ours.f1_delta_verdict) == (PROMOTE, verdict)
    theirs = decide(evidence, F1_DELTA)
    assert theirs.name == (verdict or HOLD)


def test_a_score_that_was_not_measured_is_not_zero():
    verdict = decide(make_evidence(), F1_DELTA)
    assert verdict.name == HOLD
    assert "not measured" in verdict.reason
    assert verdict.f1_delta_verdict is None


@pytest.mark.parametrize("settings", [BALANCED, STRICT, F1_DELTA])
def test_a_broken_file_is_rejected_whatever_it_scored(settings):
    scores = F1DeltaScores(candidate_f1=0.9, deployed_f1=0.1)
    evidence = make_evidence(final_model_problems=("The label map differs.",), f1_delta=scores)
    verdict = decide(evidence, settings)
    assert (verdict.name, verdict.reason) == (REJECT, "The label map differs.")
    assert not verdict.deploys


def test_a_candidate_that_loses_to_the_rival_is_held():
    lost = make_evidence(rival_interval=make_interval(-0.06, -0.01), rival_name="the linear model")
    verdict = decide(lost, BALANCED)
    assert verdict.name == HOLD
    assert "the linear model" in verdict.reason
    unsure = make_evidence(rival_interval=make_interval(-0.06, 0.0))
    assert decide(unsure, BALANCED).name == PROMOTE


@pytest.mark.parametrize(
    ("measured", "limit", "verdict"),
    [(80.0, None, PROMOTE), (80.0, 80.0, PROMOTE), (81.0, 80.0, HOLD), (None, 80.0, HOLD)],
)
def test_speed_is_judged_only_where_a_limit_is_set(measured, limit, verdict):
    evidence = make_evidence(candidate_latency_ms=measured)
    assert decide(evidence, replace(BALANCED, max_latency_ms=limit)).name == verdict


@pytest.mark.parametrize("outcome", ["HOLD", "REJECT"])
def test_a_failed_guard_decides_as_it_says(outcome):
    failed = GuardResult(
        name="anchor", passed=False, outcome_if_failed=outcome, sentence="Old texts suffer."
    )
    passed = replace(failed, name="class", passed=True)
    verdict = decide(make_evidence(guards=(passed, failed)), BALANCED)
    assert (verdict.name, verdict.reason) == (VerdictName(outcome), "Old texts suffer.")
    assert verdict.blockers == ("Old texts suffer.",)
    assert decide(make_evidence(guards=(passed,)), BALANCED).name == PROMOTE


def test_every_failed_condition_is_told():
    guard = GuardResult(name="anchor", passed=False, outcome_if_failed="HOLD", sentence="Guard.")
    evidence = make_evidence(
        guards=(guard,),
        rival_interval=make_interval(-0.06, -0.01),
        candidate_latency_ms=900.0,
        final_model_problems=("Problem.",),
    )
    blockers = decide(evidence, replace(BALANCED, max_latency_ms=100)).blockers
    assert [word in " ".join(blockers) for word in ("Problem.", "slow", "linear", "Guard.")] == [
        True
    ] * 4


NUMBER = st.floats(-1, 1)


@given(gain=NUMBER, lower=NUMBER, upper=NUMBER, best=NUMBER, labels=st.integers(0, 50))
def test_no_evidence_is_promoted_under_strict_and_held_back_under_balanced(
    gain, lower, upper, best, labels
):
    evidence = make_evidence(
        estimate=make_estimate(gain=gain, best=best, labels=labels),
        interval=make_interval(lower, upper),
    )
    if decide(evidence, STRICT).name == PROMOTE:
        assert decide(evidence, BALANCED).name == PROMOTE


@given(gain=NUMBER, lower=NUMBER, upper=NUMBER, policy=st.sampled_from(Policy))
def test_only_promote_and_bootstrap_deploy(gain, lower, upper, policy):
    evidence = make_evidence(
        estimate=make_estimate(gain=gain), interval=make_interval(lower, upper)
    )
    verdict = decide(evidence, PolicySettings(policy=policy))
    assert verdict.deploys == (verdict.name in (PROMOTE, BOOTSTRAP))
    assert verdict.reason.endswith(".")


@pytest.mark.parametrize(
    "wrong",
    [
        {"decision_threshold": -0.1},
        {"decision_threshold": float("nan")},
        {"balanced_margin": 0.1},
        {"bootstrap_min_f1": 1.5},
        {"max_latency_ms": -1.0},
    ],
)
def test_a_threshold_outside_its_range_is_an_error_that_names_it(wrong):
    with pytest.raises(PermanentError, match=next(iter(wrong))):
        PolicySettings(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"interval": None},
        {"something_deployed": False},
        {"first_model": FirstModelScores(candidate_f1=0.9, majority_f1=0.2)},
        {"something_deployed": False, "estimate": None, "interval": None},
    ],
)
def test_evidence_that_contradicts_itself_is_an_error(wrong):
    with pytest.raises(PermanentError):
        make_evidence(**wrong)


@pytest.mark.parametrize(
    ("groups", "verdict"), [(1, HOLD), (29, HOLD), (30, PROMOTE), (None, PROMOTE)]
)
@pytest.mark.parametrize("settings", [BALANCED, STRICT])
def test_a_window_of_few_complaints_cannot_tell(groups, verdict, settings):
    """Records of earlier releases did not count the complaints."""
    found = decide(make_evidence(estimate=make_estimate(groups=groups)), settings)
    assert found.name == verdict
    if verdict == HOLD:
        answered = "1 complaint " if groups == 1 else f"{groups} complaints "
        assert "too small to tell" in found.reason
        assert answered in found.reason


def test_few_complaints_do_not_prove_a_candidate_worse_either():
    worse = make_estimate(gain=-0.5, best=-0.4, labels=0, groups=1)
    evidence = make_evidence(estimate=worse, interval=make_interval(-0.6, -0.3))
    assert decide(evidence, BALANCED).name == HOLD


@pytest.mark.parametrize(
    ("lower", "settings", "ending"),
    [
        (0.004, BALANCED, "Even at worst the candidate is 0.4 points higher."),
        (0.004, STRICT, "Even at worst the candidate is 0.4 points higher."),
        (
            -0.006,
            BALANCED,
            "At worst the candidate is 0.6 points lower, and the policy allows up to 2.0 points"
            " lower.",
        ),
        (
            -0.0001,
            BALANCED,
            "At worst the candidate is just as good, and the policy allows up to 2.0 points lower.",
        ),
    ],
)
def test_a_promotion_says_in_words_how_bad_it_could_be(lower, settings, ending):
    verdict = decide(make_evidence(interval=make_interval(lower)), settings)
    assert verdict.name == PROMOTE
    assert verdict.reason.endswith(ending)
    assert verdict.reason.startswith("A gain is shown" if lower > 0 else "A gain is measured")


@pytest.mark.parametrize(
    ("lower", "settings", "found"),
    [
        (-0.031, BALANCED, "3.1 points lower, and the policy allows up to 2.0 points lower;"),
        (-0.004, STRICT, "0.4 points lower, and the policy allows no loss;"),
    ],
)
def test_a_hold_says_how_bad_it_could_be_and_what_is_allowed(lower, settings, found):
    verdict = decide(make_evidence(interval=make_interval(lower)), settings)
    assert verdict.name == HOLD
    assert f"At worst the candidate is {found}" in verdict.reason


def test_scores_that_rest_on_presumption_alone_are_said_to_do_so():
    unchecked = make_estimate(labels=0, unlabelled=13)
    promoted = decide(make_evidence(estimate=unchecked), BALANCED)
    assert promoted.name == PROMOTE
    assert (
        "even if that is right on all 13 complaints on which the two differ and nobody has looked"
        in promoted.reason
    )
    held = decide(make_evidence(estimate=make_estimate(gain=-0.05, labels=0)), BALANCED)
    assert held.reason.startswith("No gain is shown yet: the two differ on 70 complaints")
    assert "the candidate scores" not in held.reason
    checked = decide(make_evidence(estimate=make_estimate(gain=-0.05)), BALANCED)
    assert "the candidate scores 75.0 of 100" in checked.reason
