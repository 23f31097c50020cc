"""Risk: an embedding model is deployed, or held back, against what was measured."""

from dataclasses import replace

import pytest

from sambodhan_assets.domain.embedding.contest import BASE, DEPLOYED
from sambodhan_assets.domain.embedding.verdict import decide_embedding, next_step
from sambodhan_assets.domain.gate.policies import PolicySettings, VerdictName
from tests.embedding_gains import (
    BALANCED,
    F1_DELTA,
    FORGETS,
    MERGES,
    STRICT,
    compared,
    make_gain,
)

PROMOTE, HOLD, REJECT, BOOTSTRAP = VerdictName


@pytest.mark.parametrize(
    ("gain", "lower", "balanced", "strict"),
    [
        (0.05, 0.01, PROMOTE, PROMOTE),
        (0.05, 0.0, PROMOTE, HOLD),
        (0.05, -0.019, PROMOTE, HOLD),
        (0.05, -0.02, HOLD, HOLD),
        (0.001, 0.0005, PROMOTE, PROMOTE),
        (0.0009, 0.0005, HOLD, HOLD),
        (0.0, 0.0, HOLD, HOLD),
        (-0.01, -0.015, HOLD, HOLD),
    ],
)
def test_the_gain_and_its_bound_decide(gain, lower, balanced, strict):
    comparison = compared(make_gain(gain, lower))
    assert decide_embedding(comparison, BALANCED).name == balanced
    assert decide_embedding(comparison, F1_DELTA).name == balanced
    assert decide_embedding(comparison, STRICT).name == strict


def test_a_gain_that_is_the_threshold_but_for_rounding_counts():
    settings = PolicySettings(decision_threshold=0.3)
    third = make_gain(0.1 + 0.2 - 1e-16, 0.1)
    assert decide_embedding(compared(third), settings).name == PROMOTE


@pytest.mark.parametrize(("upper", "verdict"), [(-0.001, REJECT), (0.0, HOLD), (0.01, HOLD)])
def test_worse_is_what_is_worse_at_best(upper, verdict):
    assert decide_embedding(compared(make_gain(-0.1, -0.2, upper)), BALANCED).name == verdict


@pytest.mark.parametrize(
    ("queries", "words", "said"),
    [
        (30, 10, None),
        (29, 29, "Too few typos to tell: the test split has 29, and 30 are needed."),
        (0, 0, "Too few typos"),
        (30, 9, "the typos of the test split are those of 9 words, and 10 are needed."),
        (500, 1, "those of 1 word, and 10 are needed."),
    ],
)
def test_too_few_typos_or_words_tell_nothing_however_great_the_gain(queries, words, said):
    verdict = decide_embedding(
        compared(make_gain(0.9, 0.8, 1.0, queries=queries, words=words)), BALANCED
    )
    assert verdict.name == (PROMOTE if said is None else HOLD)
    assert said is None or said in verdict.reason


def test_too_few_typos_reject_nothing_either():
    few = make_gain(-0.9, -1.0, -0.8, queries=29)
    assert decide_embedding(compared(few), BALANCED).name == HOLD


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"unseen": None}, "have 0 words that training never saw, and 5 are needed."),
        ({"unseen": make_gain(words=4)}, "have 4 words that training never saw, and 5"),
        ({"seen": make_gain(words=1)}, "have 1 word that training saw, and 5 are needed."),
        ({"unseen": make_gain(words=5), "seen": make_gain(words=5)}, None),
    ],
)
def test_too_few_words_of_a_kind_tell_nothing(fields, said):
    verdict = decide_embedding(compared(**fields), BALANCED)
    assert verdict.name == (PROMOTE if said is None else HOLD)
    assert said is None or said in verdict.reason


def test_one_typo_of_an_unseen_word_is_not_called_forgetting():
    lost = make_gain(-1.0, -1.0, -1.0, queries=1, words=1)
    verdict = decide_embedding(compared(unseen=lost), BALANCED)
    assert verdict.name == HOLD
    assert "Too few words to tell" in verdict.reason
    assert verdict.blockers == ()


def test_the_gain_is_told_as_what_it_is():
    assert "of 100 typos, half of them of words that it never saw, the candidate puts 5.0 more" in (
        decide_embedding(compared(), BALANCED).reason
    )
    assert "of 100 typos the candidate puts 5.0 more right" in (
        decide_embedding(compared(seen=None), BALANCED).reason
    )


def test_seen_words_and_over_merging_need_not_be_measured():
    assert decide_embedding(compared(seen=None, over_merging=None), BALANCED).name == PROMOTE


@pytest.mark.parametrize(
    ("fields", "blockers"),
    [
        (FORGETS, ["forgets what it was not trained on: of 100 typos"]),
        (MERGES, ["puts different words together: for 30.0 more of 100 typos"]),
        ({**FORGETS, **MERGES}, ["forgets", "puts different words together"]),
        ({"unseen": make_gain(-0.2, -0.3, 0.0)}, []),
        ({"over_merging": make_gain(0.3, 0.10, 0.4)}, []),
    ],
)
@pytest.mark.parametrize("against", [DEPLOYED, BASE])
def test_what_a_gain_must_not_cost_holds_it_back(fields, blockers, against):
    verdict = decide_embedding(replace(compared(**fields), against=against), BALANCED)
    free = PROMOTE if against == DEPLOYED else BOOTSTRAP
    assert verdict.name == (HOLD if blockers else free)
    assert len(verdict.blockers) == len(blockers)
    for words, said in zip(blockers, verdict.blockers, strict=True):
        assert words in said
    assert not blockers or verdict.reason == verdict.blockers[0]


def test_a_blocker_makes_no_hold_of_what_is_worse():
    worse = make_gain(-0.2, -0.3, -0.1)
    verdict = decide_embedding(compared(worse, **FORGETS), BALANCED)
    assert verdict.name == REJECT
    assert verdict.reason.startswith("The candidate is worse: ")
    assert len(verdict.blockers) == 1


def test_where_nothing_serves_the_base_model_has_to_be_beaten():
    verdict = decide_embedding(replace(compared(seen=None), against=BASE), BALANCED)
    assert (verdict.name, verdict.reason) == (
        BOOTSTRAP,
        "Nothing is deployed yet, and of 100 typos the candidate puts 5.0 more right than its base"
        " model; at worst it is 1.0 points higher.",
    )
    equal = replace(compared(make_gain(0, 0, 0)), against=BASE)
    assert decide_embedding(equal, BALANCED).name == HOLD


@pytest.mark.parametrize(
    ("both", "settings", "reason"),
    [
        (
            make_gain(),
            BALANCED,
            "A gain is shown: of 100 typos the candidate puts 5.0 more right than the deployed"
            " version; at worst it is 1.0 points higher.",
        ),
        (
            make_gain(0.05, -0.01),
            BALANCED,
            "A gain is measured: of 100 typos the candidate puts 5.0 more right than the deployed"
            " version; at worst it is 1.0 points lower, and the policy allows up to 2.0 points"
            " lower.",
        ),
        (
            make_gain(0.05, -0.01),
            STRICT,
            "A gain is likely but not sure enough: of 100 typos the candidate puts 5.0 more right"
            " than the deployed version; at worst it is 1.0 points lower, and the policy allows no"
            " loss.",
        ),
        (
            make_gain(-0.05, -0.1, -0.02),
            BALANCED,
            "The candidate is worse: of 100 typos the candidate puts 5.0 fewer right than the"
            " deployed version; at best it is 2.0 points lower.",
        ),
        (
            make_gain(0, -0.1),
            BALANCED,
            "No gain is shown: of 100 typos the candidate puts as many right as the deployed"
            " version.",
        ),
    ],
)
def test_the_reason_is_one_plain_sentence(both, settings, reason):
    assert decide_embedding(compared(both, seen=None), settings).reason == reason


def test_every_verdict_says_what_to_do_and_none_speaks_of_sheets():
    for name in VerdictName:
        assert "sheet" not in next_step(name)
    assert "`sambodhan load pairs FILE.csv`" in next_step(HOLD)
    assert "train_embeddings" in next_step(HOLD)
