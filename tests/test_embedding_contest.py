"""Risk: an embedding model is compared with the wrong one, or on typos that cannot tell."""

import numpy as np
import pyarrow as pa
import pytest

from sambodhan_assets.domain.embedding.contest import BASE, CANDIDATE, DEPLOYED, hold_contest
from sambodhan_assets.domain.embedding.dataset import TERMS_SCHEMA, EmbeddingDataset
from sambodhan_assets.domain.embedding.split import ASSIGNMENTS_SCHEMA, SPLIT_SCHEMA
from sambodhan_assets.domain.embedding.verdict import decide_embedding
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.gate.policies import VerdictName
from tests.embedding_gains import BALANCED


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
    assert decide_embedding(result.comparison, BALANCED).name == VerdictName.HOLD


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
