"""Risk: a candidate is deployed, or thrown away, against what was measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.gate.evidence import Evidence, F1DeltaScores, FirstModelScores
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings, VerdictName
from sambodhan_assets.domain.gate.verdict import decide
from tests.gate_evidence import make_estimate, make_evidence, make_interval

PROMOTE, HOLD, REJECT, BOOTSTRAP = VerdictName
BALANCED = PolicySettings()
STRICT = PolicySettings(policy=Policy.STRICT)
F1_DELTA = PolicySettings(policy=Policy.F1_DELTA)


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
