"""Risk: a linear model that leaks between folds, reads Devanagari wrongly or differs from run to
run."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models import linear_fit
from sambodhan_assets.domain.models.linear import cross_predict_linear, train_linear
from sambodhan_assets.domain.models.text_counts import (
    Vocabulary,
    document_frequency,
    learn_vocabulary,
)
from sambodhan_assets.domain.scores import score
from tests.bilingual_texts import LABELS, bilingual_rows

SEED = 7


def trained(n: int = 120, **changes):
    texts, label_ids = bilingual_rows(n, seed=SEED)
    return train_linear(texts, label_ids, **{"labels": LABELS, "seed": SEED, **changes})


def test_both_languages_are_learned():
    model = trained(300)
    texts, label_ids = bilingual_rows(200, seed=SEED + 1)
    probabilities = model.predict_proba(texts)
    assert probabilities.shape == (200, len(LABELS))
    assert probabilities.dtype == np.float64
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert score(label_ids, probabilities.argmax(axis=1), len(LABELS)).macro_f1 > 0.95


@settings(deadline=None)
@given(st.lists(st.text(alphabet="किा\u200c\u200d् ab.", max_size=12), min_size=1, max_size=6))
def test_counting_known_terms_gives_what_learning_them_gave(texts: list[str]):
    distinct = list(dict.fromkeys([*texts, "किताब ab"]))
    vocabulary, learned = learn_vocabulary(distinct, np.full(len(distinct), 2))
    assert list(vocabulary.terms) == sorted(set(vocabulary.terms))
    assert np.array_equal(vocabulary.count(distinct).toarray(), learned.toarray())


def test_devanagari_words_keep_their_vowel_signs_and_joiners():
    text = "विद्यालयमा श्रीमान्\u200cको गर्\u200dयो"
    vocabulary, _ = learn_vocabulary([text], np.array([2]))
    words = {f"w{word}" for word in text.split()}
    assert len(words) == 3
    assert words < set(vocabulary.terms)
    # Only joiners tell these apart; a tokenizer that strips them could not learn the labels.
    texts = ["गर्\u200dयो", "गर्यो"] * 10
    model = train_linear(texts, [0, 1] * 10, labels=("joined", "plain"), seed=SEED)
    assert model.predict_proba(texts[:2]).argmax(axis=1).tolist() == [0, 1]


@cache
def trained_once():
    return trained(60)


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_text_gets_probabilities(texts: list[str]):
    probabilities = trained_once().predict_proba(texts)
    assert probabilities.shape == (len(texts), len(LABELS))
    assert np.isfinite(probabilities).all()
    assert probabilities.sum(axis=1) == pytest.approx(1)


def test_a_text_is_answered_alike_alone_and_among_others():
    model = trained()
    texts, _ = bilingual_rows(20, seed=SEED + 2)
    alone = np.vstack([model.predict_proba([text]) for text in texts])
    assert np.array_equal(model.predict_proba(texts), alone)


@pytest.mark.parametrize("max_terms", [120_000, 100])
def test_each_fold_equals_a_fresh_training_on_exactly_its_rows(monkeypatch, max_terms: int):
    # With 100 the cut falls among many equally frequent terms.
    monkeypatch.setattr(linear_fit, "MAX_TERMS", max_terms)
    fixed_texts, fixed_labels = bilingual_rows(40, seed=1)
    fold_texts, fold_labels = bilingual_rows(90, seed=2)
    window_texts, _ = bilingual_rows(50, seed=3)
    folds, window_folds = np.arange(90) % 3, np.arange(50) % 3
    done: list[tuple[int, int]] = []
    result = cross_predict_linear(
        fixed_texts, fixed_labels, fold_texts, fold_labels, folds, window_texts, window_folds,
        n_labels=3, n_folds=3, seed=SEED, on_fold=lambda fold, of: done.append((fold, of)),
    )  # fmt: skip
    for fold in range(3):
        rows = np.flatnonzero(folds != fold)
        fresh = train_linear(
            fixed_texts + [fold_texts[row] for row in rows],
            fixed_labels + [fold_labels[row] for row in rows],
            labels=LABELS,
            seed=SEED,
        )
        window = np.flatnonzero(window_folds == fold)
        expected = fresh.predict_proba([window_texts[row] for row in window])
        assert np.array_equal(result[window], expected)
    assert done == [(1, 3), (2, 3), (3, 3)]


def test_a_full_vocabulary_keeps_the_terms_of_most_rows(monkeypatch):
    def rows_with(terms: tuple[str, ...]) -> list[int]:
        counts = Vocabulary.of(terms).count(bilingual_rows(120, seed=SEED)[0])
        return document_frequency(counts).tolist()

    every = trained().weights.vocabulary.terms
    monkeypatch.setattr(linear_fit, "MAX_TERMS", 100)
    kept = trained().weights.vocabulary.terms
    assert len(kept) == 100
    assert sorted(rows_with(kept)) == sorted(rows_with(every))[-100:]


def test_a_row_of_its_own_fold_has_no_influence_on_its_prediction():
    fixed_texts, fixed_labels = bilingual_rows(40, seed=1)
    texts, label_ids = bilingual_rows(60, seed=2)
    folds = np.arange(60) % 2
    poisoned = [2 if fold == 0 else label for label, fold in zip(label_ids, folds, strict=True)]
    clean, other = (
        cross_predict_linear(
            fixed_texts, fixed_labels, texts, labels, folds, texts, folds,
            n_labels=3, n_folds=2, seed=SEED,
        )
        for labels in (label_ids, poisoned)
    )  # fmt: skip
    assert np.array_equal(clean[folds == 0], other[folds == 0])
    assert not np.array_equal(clean[folds == 1], other[folds == 1])


def test_a_label_that_a_fold_lacks_gets_probability_zero_in_its_own_column():
    texts, label_ids = bilingual_rows(90, seed=4)
    # Every row of label 1 is in fold 0, so the model of fold 0 never sees it.
    folds = np.array([0 if label == 1 else 1 + row % 2 for row, label in enumerate(label_ids)])
    result = cross_predict_linear(
        [], [], texts, label_ids, folds, texts, folds, n_labels=3, n_folds=3, seed=SEED
    )
    assert (result[folds == 0][:, 1] == 0).all()
    assert result.sum(axis=1) == pytest.approx(1)
    others = folds != 0
    right = result[others].argmax(axis=1) == np.array(label_ids)[others]
    assert right.mean() > 0.9


@pytest.mark.parametrize(
    ("texts", "label_ids", "found"),
    [
        (["pani chaina", "pani chaina"], [1, 1], "1 different labels"),
        ([], [], "0 training rows"),
        (["abc", "xyz"], [0, 1], "no word or character sequence"),
        (["abc", "abc"], [0], "1 label ids for 2 texts"),
        (["abc", "abc"], [0, 5], r"outside 0..2: \[5\]"),
    ],
)
def test_rows_that_cannot_train_a_model_are_a_permanent_error(texts, label_ids, found):
    with pytest.raises(PermanentError, match=found):
        train_linear(texts, label_ids, labels=LABELS, seed=SEED)


PRINT_WEIGHTS = """
import hashlib
from sambodhan_assets.domain.models.linear import train_linear
from tests.bilingual_texts import LABELS, bilingual_rows
texts, label_ids = bilingual_rows(120, seed=7)
weights = train_linear(texts, label_ids, labels=LABELS, seed=7).weights
parts = (str(weights.vocabulary.terms).encode(), weights.idf, weights.coefficients)
print(hashlib.sha256(b"".join(bytes(part) for part in parts)).hexdigest())
"""


def test_two_processes_train_the_same_weights():
    root = Path(__file__).parent.parent
    digests = [
        subprocess.run(
            [sys.executable, "-c", PRINT_WEIGHTS],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert digests[0] == digests[1]
    assert len(digests[0].strip()) == 64
