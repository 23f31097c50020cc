"""Risk: an embedding model is deployed, or held back, against what was measured."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.embedding.contest import (
    BASE,
    CANDIDATE,
    DEPLOYED,
    Comparison,
    Scores,
    hold_contest,
)
from sambodhan_assets.domain.embedding.dataset import TERMS_SCHEMA, EmbeddingDataset
from sambodhan_assets.domain.embedding.gain import Gain, paired_gain
from sambodhan_assets.domain.embedding.record import (
    EmbeddingRecord,
    read_scores,
    report_markdown,
    rival_sentence,
    write_embedding_record,
)
from sambodhan_assets.domain.embedding.retrieval import RetrievalScore
from sambodhan_assets.domain.embedding.split import ASSIGNMENTS_SCHEMA, SPLIT_SCHEMA
from sambodhan_assets.domain.embedding.verdict import decide_embedding, next_step
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.gate.interval import GainInterval
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings, VerdictName

PROMOTE, HOLD, REJECT, BOOTSTRAP = VerdictName
BALANCED = PolicySettings()
STRICT = PolicySettings(policy=Policy.STRICT)
F1_DELTA = PolicySettings(policy=Policy.F1_DELTA)


def make_gain(gain=0.05, lower=0.01, upper=0.2, *, queries=100, words=50):
    interval = GainInterval(lower_05=lower, upper_95=upper, replicates=10, seed=1)
    return Gain(queries=queries, words=words, gain=gain, interval=interval)


def compared(both=None, **fields):
    parts = {"seen": make_gain(), "unseen": make_gain(), "over_merging": make_gain(0, 0, 0)}
    return Comparison(against=DEPLOYED, both=both or make_gain(), **{**parts, **fields})


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


FORGETS = {"unseen": make_gain(-0.2, -0.3, -0.01)}
MERGES = {"over_merging": make_gain(0.3, 0.11, 0.4)}


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


def gain_of(candidate, other, words, group, *, replicates=2000, seed=1):
    return paired_gain(
        np.array(candidate, dtype=float),
        np.array(other, dtype=float),
        words=[("brand", word) for word in words],
        group=np.array(group),
        replicates=replicates,
        seed=seed,
    )


def test_the_gain_is_the_mean_over_the_groups_as_computed_by_hand():
    # Unseen: 1 of 4 more right, 0.25; seen: 1 of 2 fewer, -0.5; the mean of both is -0.125.
    gain = gain_of(
        [1, 1, 0, 1, 0, 1],
        [0, 1, 0, 1, 1, 1],
        words=["a", "a", "b", "b", "c", "d"],
        group=[0, 0, 0, 0, 1, 1],
    )
    assert gain is not None
    assert (gain.gain, gain.queries, gain.words) == (-0.125, 6, 4)
    assert gain.interval.lower_05 <= gain.gain <= gain.interval.upper_95


def test_what_was_not_measured_is_left_out_and_nothing_measured_is_no_gain():
    nan = float("nan")
    part = gain_of([1, nan, 1], [0, 0, nan], words=["a", "b", "c"], group=[0, 0, 1])
    assert part is not None
    assert (part.gain, part.queries, part.words) == (1.0, 1, 1)
    assert gain_of([nan, nan], [0, 0], words=["a", "b"], group=[0, 1]) is None


rows = st.lists(
    st.tuples(
        st.sampled_from([0.0, 1.0]),
        st.sampled_from([0.0, 1.0]),
        st.sampled_from("abcdefgh"),
        st.sampled_from([0, 1]),
    ),
    min_size=1,
    max_size=40,
)


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(found, draw):
    shuffled = list(found)
    draw.shuffle(shuffled)
    both = [gain_of(*zip(*some, strict=True), replicates=50) for some in (found, shuffled)]
    assert both[0] == both[1]


@given(rows)
def test_equal_scorers_differ_by_nothing_and_that_is_sure(found):
    scores, _, words, group = zip(*found, strict=True)
    gain = gain_of(scores, scores, words, group, replicates=50)
    assert gain is not None
    assert (gain.gain, gain.interval.lower_05, gain.interval.upper_95) == (0, 0, 0)


def test_replicates_that_are_drawn_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch):
    generator = np.random.default_rng(3)
    table = (generator.integers(0, 2, 60), generator.integers(0, 2, 60))
    words, group = [str(at // 3) for at in range(60)], [at % 2 for at in range(60)]
    whole = gain_of(*table, words, group)
    monkeypatch.setattr("sambodhan_assets.domain.embedding.gain.CHUNK", 7)
    assert gain_of(*table, words, group) == whole


def test_the_interval_covers_the_true_gain_nine_times_in_ten():
    generator, covered, rounds = np.random.default_rng(5), 0, 200
    for _ in range(rounds):
        # Typos of one word go together: a word is easy or hard for the candidate.
        easy = generator.beta(2, 2, size=40)
        candidate = (generator.random((40, 3)) < easy[:, None]).astype(float).ravel()
        other = (generator.random(120) < 0.4).astype(float)
        words = [str(at // 3) for at in range(120)]
        gain = gain_of(candidate, other, words, [0] * 120, replicates=300)
        assert gain is not None
        covered += gain.interval.lower_05 <= 0.1 <= gain.interval.upper_95
    assert 0.83 <= covered / rounds <= 0.97


class Fixed:
    """Finds the words that it knows alike to their typos, all others by nothing."""

    def __init__(self, known, nothing=0.0):
        self._known, self._nothing = set(known), nothing

    def scores(self, domain, texts, terms):
        found = [
            [float(term.lower() + "x" == text and term in self._known) for term in terms]
            for text in texts
        ]
        return np.array(found) + self._nothing

    def alike(self, domain, left, right):
        return np.full(len(left), self._nothing)


WORDS = [f"Word{letter}" for letter in "abcdefghijkl"]


def make_dataset(words=WORDS, *, seen=lambda at: at % 2 == 0):
    queries = [
        {"typo": word.lower() + "x", "corrected": word, "domain": "brand", "seen": seen(at)}
        for at, word in enumerate(words)
    ]
    empty = SPLIT_SCHEMA.empty_table()
    return EmbeddingDataset(
        splits={
            "train": empty,
            "eval": empty,
            "test": pa.Table.from_pylist(queries, schema=SPLIT_SCHEMA),
        },
        terms=pa.Table.from_pylist(
            [{"domain": "brand", "term": word} for word in words], schema=TERMS_SCHEMA
        ),
        assignments=ASSIGNMENTS_SCHEMA.empty_table(),
        lineage=empty,
        templates={"brand": "{}"},
        counts={},
    )


def test_a_contest_compares_with_what_serves_and_shows_all():
    models = {CANDIDATE: Fixed(WORDS), DEPLOYED: Fixed(WORDS[:6]), BASE: Fixed([])}
    result = hold_contest(make_dataset(), models)
    assert result.comparison.against == DEPLOYED
    assert (result.comparison.both.gain, result.comparison.both.words) == (0.5, 12)
    assert result.comparison.unseen is not None
    assert result.comparison.unseen.queries == 6
    names = [row.name for row in result.scores]
    assert names == [CANDIDATE, DEPLOYED, BASE, "character TF-IDF", "difflib"]
    del models[DEPLOYED]
    first = hold_contest(make_dataset(), models).comparison
    assert (first.against, first.both.gain) == (BASE, 1.0)


@pytest.mark.parametrize(("seen", "unmeasured"), [(True, "unseen"), (False, "seen")])
def test_a_group_without_typos_is_not_measured(seen, unmeasured):
    models = {CANDIDATE: Fixed(WORDS), DEPLOYED: Fixed([])}
    result = hold_contest(make_dataset(seen=lambda _: seen), models)
    assert getattr(result.comparison, unmeasured) is None
    assert result.comparison.both.gain == 1.0
    assert {getattr(row, unmeasured) for row in result.scores} == {None}


def test_one_word_alone_can_be_put_together_with_no_other():
    models = {CANDIDATE: Fixed(WORDS), DEPLOYED: Fixed([])}
    result = hold_contest(make_dataset(WORDS[:1]), models)
    assert result.comparison.over_merging is None
    assert decide_embedding(result.comparison, BALANCED).name == HOLD


def test_a_model_whose_scores_are_no_numbers_puts_nothing_right():
    broken = {CANDIDATE: Fixed(WORDS, float("nan")), DEPLOYED: Fixed(WORDS)}
    result = hold_contest(make_dataset(), broken)
    score = result.scores[0].seen
    assert score is not None
    assert (score.accuracy_at_1, score.mrr_at_10, score.over_merging) == (0.0, 0.0, 1.0)
    assert result.comparison.both.gain == -1.0


@pytest.mark.parametrize(
    ("words", "models", "found"),
    [
        ([], {CANDIDATE: Fixed([]), BASE: Fixed([])}, "the test split has no pair."),
        (WORDS, {CANDIDATE: Fixed([])}, "nothing is deployed, and the base model"),
    ],
)
def test_a_contest_without_typos_or_opponent_says_so(words, models, found):
    with pytest.raises(PermanentError, match=found):
        hold_contest(make_dataset(words), models)


def make_scores(name, accuracy, **fields):
    score = RetrievalScore(queries=10, accuracy_at_1=accuracy, mrr_at_10=accuracy, over_merging=0.1)
    return Scores(name=name, **{"seen": score, "unseen": score, **fields})


def rivals(tfidf, difflib, candidate=0.5):
    return (
        make_scores(CANDIDATE, candidate),
        make_scores("character TF-IDF", tfidf),
        make_scores("difflib", difflib),
    )


@pytest.mark.parametrize(
    ("tfidf", "difflib", "said"),
    [
        (0.4, 0.5, "No rival without training answers better than the candidate."),
        (
            0.4,
            0.96,
            "difflib (96.0 of 100), without any training, answers better than the candidate"
            " (50.0 of 100). Rivals are shown and never block.",
        ),
        (
            0.6,
            0.96,
            "character TF-IDF (60.0 of 100) and difflib (96.0 of 100), without any training, answer"
            " better than the candidate (50.0 of 100). Rivals are shown and never block.",
        ),
    ],
)
def test_the_rival_that_wins_is_named(tfidf, difflib, said):
    assert rival_sentence(rivals(tfidf, difflib)) == said


def test_a_rival_that_was_not_measured_is_not_said_to_lose():
    unknown = Scores(name="difflib", seen=None, unseen=None, not_measured="it would take minutes")
    said = rival_sentence((*rivals(0.4, 0)[:2], unknown))
    assert said.endswith(" difflib was not measured: it would take minutes.")


def make_record(scores, comparison):
    return EmbeddingRecord(
        created_at="2026-11-21T00:00:00+00:00",
        settings=BALANCED,
        verdict=decide_embedding(comparison, BALANCED),
        candidate="v2",
        deployed=None,
        base="all-MiniLM-L6-v2",
        dataset="v1",
        scores=scores,
        comparison=comparison,
    )


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def test_a_record_keeps_what_was_not_measured_as_null_and_never_as_0(tmp_path):
    unknown = Scores(name="difflib", seen=None, unseen=None, not_measured="it would take minutes")
    alone = RetrievalScore(queries=1, accuracy_at_1=1.0, mrr_at_10=1.0, over_merging=None)
    scores = (
        make_scores(CANDIDATE, 0.5, unseen=None),
        make_scores("character TF-IDF", 0.4, seen=alone),
        unknown,
    )
    record = make_record(scores, compared(seen=None, over_merging=None))
    write_embedding_record(record, tmp_path)
    text = (tmp_path / "decision.json").read_text()
    assert json.loads(text, parse_constant=refuse) == read_scores(tmp_path)
    found = read_scores(tmp_path)
    assert found["scores"][0]["unseen"] is None
    assert found["scores"][1]["seen"]["over_merging"] is None
    assert found["comparison"]["over_merging"] is None
    assert found["comparison"]["both"]["gain"] == 0.05
    report = (tmp_path / "report.md").read_text()
    assert "| candidate | 0.500 | 0.500 | not measured | not measured | 0.100 | not measured |" in (
        report
    )
    assert "| difflib | not measured: it would take minutes |" in report
    assert "0 typos of seen words" in report


def test_the_report_says_the_verdict_once_every_other_blocker_and_what_to_do():
    comparison = compared(**FORGETS, **MERGES)
    report = report_markdown(make_record(rivals(0.4, 0.96), comparison))
    assert report.startswith("# HOLD\n")
    for blocker in decide_embedding(comparison, BALANCED).blockers:
        assert report.count(blocker) == 1
    assert f"What to do next: {next_step(HOLD)}" in report
    assert "difflib (96.0 of 100), without any training, answers better" in report
