"""Risk: a guard, the rival or the limit on speed is measured and does not decide."""

from dataclasses import replace

import pytest

from sambodhan_assets.domain.gate.evidence import F1DeltaScores, GuardResult
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings, VerdictName
from sambodhan_assets.domain.gate.verdict import decide
from tests.gate_evidence import make_evidence, make_interval

PROMOTE, HOLD, REJECT, BOOTSTRAP = VerdictName
BALANCED = PolicySettings()
STRICT = PolicySettings(policy=Policy.STRICT)
F1_DELTA = PolicySettings(policy=Policy.F1_DELTA)


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
