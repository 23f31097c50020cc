"""Risk: a score says that a model finds words, or keeps them apart, when it does not."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from sambodhan_assets.domain.embedding.pairs import PAIRS_SCHEMA
from sambodhan_assets.domain.embedding.retrieval import (
    Floats,
    answer,
    look_alikes,
    summarise,
    terms_by_domain,
)
from sambodhan_assets.domain.embedding.rivals import CharacterTfidf, EditSimilarity
from sambodhan_assets.domain.sample.typos import BRANDS, MODELS


def queries_of(*rows: tuple[str, str, str]) -> pa.Table:
    named = [dict(zip(PAIRS_SCHEMA.names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(named, schema=PAIRS_SCHEMA)


class Fixed:
    """Finds a typo and its word, and two words, as alike as it is told."""

    def __init__(self, *, typos: Sequence[float], words: float) -> None:
        self._typos, self._words = typos, words

    def scores(self, domain: str, texts: Sequence[str], terms: Sequence[str]) -> Floats:
        found = np.zeros((len(texts), len(terms)))
        found[:, list(terms).index("Toyota")] = self._typos
        return found

    def alike(self, domain: str, left: Sequence[str], right: Sequence[str]) -> Floats:
        return np.full(len(left), self._words)


class Constant:
    """Finds everything alike."""

    def scores(self, domain: str, texts: Sequence[str], terms: Sequence[str]) -> Floats:
        return np.ones((len(texts), len(terms)))

    def alike(self, domain: str, left: Sequence[str], right: Sequence[str]) -> Floats:
        return np.ones(len(left))


QUERIES = queries_of(("toyta", "Toyota", "brand"), ("hnda", "Honda", "brand"))
TERMS = {"brand": ["Honda", "Hyundai", "Toyota"]}


def test_a_scorer_that_finds_everything_alike_has_found_nothing():
    score = summarise(answer(Constant(), QUERIES, TERMS), np.array([True, True]))
    assert score is not None
    assert (score.accuracy_at_1, score.over_merging) == (0.0, 1.0)
    assert score.mrr_at_10 == pytest.approx(1 / 3)


@pytest.mark.parametrize("rival", [CharacterTfidf(TERMS["brand"]), EditSimilarity()])
def test_a_rival_puts_simple_typos_right(rival: CharacterTfidf | EditSimilarity):
    score = summarise(answer(rival, QUERIES, TERMS), np.array([True, True]))
    assert score is not None
    assert (score.accuracy_at_1, score.mrr_at_10, score.over_merging) == (1.0, 1.0, 0.0)


def test_what_nobody_was_asked_is_not_measured():
    assert summarise(answer(EditSimilarity(), QUERIES, TERMS), np.array([False, False])) is None
    alone = terms_by_domain(pa.table({"domain": ["brand"], "term": ["Toyota"]}))
    score = summarise(answer(EditSimilarity(), QUERIES.slice(0, 1), alone), np.array([True]))
    assert score is not None
    assert score.over_merging is None


TEN = queries_of(*((f"toyta{at}", "Toyota", "brand") for at in range(10)))


@pytest.mark.parametrize(
    ("typos", "words", "merged"),
    [
        # A threshold that takes nine of ten typos is 0.6; one that takes all would be 0.1.
        ([0.1, *[0.6] * 9], 0.59, 0.0),
        ([0.1, *[0.6] * 9], 0.6, 1.0),
        ([0.9] * 10, 0.8, 0.0),
        # However close everything lies together, only the order counts.
        ([0.999] * 10, 0.998, 0.0),
        ([0.3] * 10, 0.8, 1.0),
    ],
)
def test_words_are_merged_by_the_threshold_that_takes_nine_of_ten_typos(
    typos: list[float], words: float, merged: float
):
    answers = answer(Fixed(typos=typos, words=words), TEN, TERMS)
    assert set(answers.merged.tolist()) == {merged}


def test_what_is_no_number_keeps_no_words_apart():
    answers = answer(Fixed(typos=[0.5] * 10, words=float("nan")), TEN, TERMS)
    assert set(answers.merged.tolist()) == {1.0}


def test_look_alikes_are_other_words_and_the_most_similar_ones():
    names = tuple(sorted(BRANDS + MODELS)) * 2
    twice = look_alikes(names)
    assert (twice != np.arange(len(names))).all()
    # Each name stands there twice, so its nearest other one is itself.
    assert [names[at] for at in twice] == list(names)
    few = ("Vitara", "Grand Vitara", "Civic")
    assert look_alikes(few)[:2].tolist() == [1, 0]
