"""Risk: pairs teach a model something wrong, or a word of the test is learned in training."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.embedding.dataset import (
    build_dataset,
    read_embedding_dataset,
    write_embedding_dataset,
)
from sambodhan_assets.domain.embedding.domains import DEFAULT_TEMPLATES, query_text
from sambodhan_assets.domain.embedding.pairs import PAIRS_SCHEMA, prepare_pairs
from sambodhan_assets.domain.embedding.retrieval import answer, summarise, terms_by_domain
from sambodhan_assets.domain.embedding.rivals import CharacterTfidf, EditSimilarity
from sambodhan_assets.domain.embedding.split import split_pairs
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.sample.typos import generate_pairs

Row = tuple[str | None, str | None, str]


def table(*rows: Row) -> pa.Table:
    named = [dict(zip(PAIRS_SCHEMA.names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(named, schema=PAIRS_SCHEMA)


def dispositions(*rows: Row) -> list[str]:
    return prepare_pairs(table(*rows), DEFAULT_TEMPLATES).lineage["disposition"].to_pylist()


@pytest.mark.parametrize(
    ("row", "disposition"),
    [
        (("toyta", "Toyota", "brand"), "kept"),
        (("Toyota", "Toyota", "brand"), "typo equals the correction"),
        ((" TOYOTA ", "Toyota", "brand"), "typo equals the correction"),
        (("", "Toyota", "brand"), "empty"),
        (("toyta", None, "brand"), "empty"),
        (("NA", "Nano", "model"), "kept"),
        (("null", "Nul", "model"), "kept"),
    ],
)
def test_every_row_is_kept_or_has_a_reason(row: Row, disposition: str):
    assert dispositions(row) == [disposition]


def test_a_pair_that_comes_twice_counts_once():
    row = ("toyta", "Toyota", "brand")
    assert dispositions(row, row) == ["kept", "duplicate"]


def test_one_typo_with_two_corrections_is_left_out_with_both():
    found = dispositions(("sea", "Seat", "brand"), ("sea", "Sega", "brand"))
    assert found == ["one typo with several corrections"] * 2


def test_the_same_typo_may_mean_other_words_in_other_domains():
    assert dispositions(("kia", "Kiaa", "brand"), ("kia", "Kona", "model")) == ["kept", "kept"]


def test_a_typo_that_is_a_correct_word_is_left_out():
    found = dispositions(("Seat", "Fiat", "brand"), ("seta", "Seat", "brand"))
    assert found == ["the typo is a correct word itself", "kept"]


def test_an_unknown_domain_is_an_error_that_lists_the_known_ones():
    with pytest.raises(PermanentError, match="'colour' in row 2") as error:
        prepare_pairs(table(("a", "b", "brand"), ("rde", "red", "colour")), DEFAULT_TEMPLATES)
    assert "brand, model" in error.value.todo


def test_a_new_domain_is_one_more_template():
    templates = {**DEFAULT_TEMPLATES, "colour": "car colour: {}"}
    assert prepare_pairs(table(("rde", "red", "colour")), templates).pairs.num_rows == 1
    assert query_text(templates, "colour", "r{}d") == "car colour: r{}d"


words = st.text(min_size=1, max_size=12)


@given(st.lists(st.tuples(words, words, st.sampled_from(["brand", "model"])), max_size=40))
def test_no_word_of_the_test_is_trained_and_no_pair_is_lost(rows: list[Row]):
    prepared = prepare_pairs(table(*rows), DEFAULT_TEMPLATES)
    assert sum(prepared.counts.values()) == len(rows)
    splits, _ = split_pairs(prepared.pairs, None)
    assert sum(split.num_rows for split in splits.values()) == prepared.pairs.num_rows
    trained = {row["corrected"].casefold() for row in splits["train"].to_pylist()}
    for row in [*splits["eval"].to_pylist(), *splits["test"].to_pylist()]:
        assert row["seen"] == (row["corrected"].casefold() in trained)


def test_what_was_in_a_split_stays_there_when_more_pairs_come():
    pairs = generate_pairs(500, seed=3)
    first, assignments = split_pairs(
        prepare_pairs(pairs.slice(0, 250), DEFAULT_TEMPLATES).pairs, None
    )
    second, _ = split_pairs(prepare_pairs(pairs, DEFAULT_TEMPLATES).pairs, assignments)
    for split, before in first.items():
        after = {tuple(row.values()) for row in second[split].to_pylist()}
        assert {tuple(row.values()) for row in before.to_pylist()} <= after


def test_a_word_whose_trained_typos_are_gone_is_not_seen_any_more():
    typos = [(f"toyta{at}", "Toyota", "brand") for at in range(40)]
    pairs = prepare_pairs(table(*typos), DEFAULT_TEMPLATES).pairs
    _, assignments = split_pairs(pairs, None)
    place = dict(
        zip(assignments["kind"].to_pylist(), assignments["split"].to_pylist(), strict=True)
    )
    assert place["term"] == "train"
    splits, _ = split_pairs(pairs, assignments)
    assert {row["seen"] for row in splits["test"].to_pylist()} == {True}
    left, _ = split_pairs(splits["test"].select(PAIRS_SCHEMA.names), assignments)
    assert left["train"].num_rows == 0
    assert {row["seen"] for row in left["test"].to_pylist()} == {False}


def test_a_parent_goes_before_the_hash():
    pairs = prepare_pairs(generate_pairs(200, seed=3), DEFAULT_TEMPLATES).pairs
    _, assignments = split_pairs(pairs, None)
    moved = assignments.set_column(2, "split", pa.array(["train"] * assignments.num_rows))
    splits, _ = split_pairs(pairs, moved)
    assert splits["train"].num_rows > 0
    assert {row["seen"] for row in splits["test"].to_pylist()} <= {True}


def test_a_dataset_is_the_same_after_writing_and_reading(tmp_path):
    prepared = prepare_pairs(generate_pairs(200, seed=3), DEFAULT_TEMPLATES)
    dataset = build_dataset(prepared, templates=DEFAULT_TEMPLATES, parent=None)
    write_embedding_dataset(dataset, tmp_path)
    found = read_embedding_dataset(tmp_path)
    assert found.splits == dataset.splits
    assert found.terms == dataset.terms
    assert found.templates == dict(DEFAULT_TEMPLATES)


def test_generated_pairs_are_all_usable_and_repeatable():
    pairs = generate_pairs(400, seed=1)
    assert prepare_pairs(pairs, DEFAULT_TEMPLATES).counts["kept"] == 400
    assert pairs == generate_pairs(400, seed=1)
    assert pairs != generate_pairs(400, seed=2)


class Constant:
    """Finds everything alike."""

    def scores(self, domain, texts, terms):
        return np.ones((len(texts), len(terms)))

    def alike(self, domain, left, right):
        return np.ones(len(left))


QUERIES = table(("toyta", "Toyota", "brand"), ("hnda", "Honda", "brand"))
TERMS = {"brand": ["Honda", "Hyundai", "Toyota"]}


def test_a_scorer_that_finds_everything_alike_has_found_nothing():
    score = summarise(answer(Constant(), QUERIES, TERMS), np.array([True, True]))
    assert score is not None
    assert (score.accuracy_at_1, score.over_merging) == (0.0, 1.0)
    assert score.mrr_at_10 == pytest.approx(1 / 3)


@pytest.mark.parametrize("rival", [CharacterTfidf(TERMS["brand"]), EditSimilarity()])
def test_a_rival_puts_simple_typos_right(rival):
    score = summarise(answer(rival, QUERIES, TERMS), np.array([True, True]))
    assert score is not None
    assert (score.accuracy_at_1, score.mrr_at_10, score.over_merging) == (1.0, 1.0, 0.0)


def test_what_nobody_was_asked_is_not_measured():
    assert summarise(answer(EditSimilarity(), QUERIES, TERMS), np.array([False, False])) is None
    alone = terms_by_domain(pa.table({"domain": ["brand"], "term": ["Toyota"]}))
    score = summarise(answer(EditSimilarity(), QUERIES.slice(0, 1), alone), np.array([True]))
    assert score is not None
    assert score.over_merging is None
