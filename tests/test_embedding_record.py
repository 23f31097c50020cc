"""Risk: the record of a typo contest hides a rival, or says 0 where nothing was measured."""

import json

import pytest

from sambodhan_assets.domain.embedding.contest import CANDIDATE, Scores
from sambodhan_assets.domain.embedding.record import (
    EmbeddingRecord,
    read_scores,
    report_markdown,
    rival_sentence,
    write_embedding_record,
)
from sambodhan_assets.domain.embedding.retrieval import RetrievalScore
from sambodhan_assets.domain.embedding.verdict import decide_embedding, next_step
from sambodhan_assets.domain.gate.policies import VerdictName
from tests.embedding_gains import BALANCED, FORGETS, MERGES, compared


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
    assert f"What to do next: {next_step(VerdictName.HOLD)}" in report
    assert "difflib (96.0 of 100), without any training, answers better" in report
