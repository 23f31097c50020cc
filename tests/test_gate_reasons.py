"""Risk: people are told a promotion or a hold without how little it may rest on."""

import pytest

from sambodhan_assets.domain.gate.policies import Policy, PolicySettings, VerdictName
from sambodhan_assets.domain.gate.verdict import decide
from tests.gate_evidence import make_estimate, make_evidence, make_interval

PROMOTE, HOLD, REJECT, BOOTSTRAP = VerdictName
BALANCED = PolicySettings()
STRICT = PolicySettings(policy=Policy.STRICT)


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
