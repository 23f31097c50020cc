"""Risk: pairs teach a model something wrong, or a word of the test is learned in training."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.embedding.dataset import (
    build_dataset,
    read_embedding_dataset,
    write_embedding_dataset,
)
from sambodhan_assets.domain.embedding.domains import DEFAULT_TEMPLATES, query_text, word_key
from sambodhan_assets.domain.embedding.pairs import (
    PAIRS_SCHEMA,
    Disposition,
    left_out_by_split,
    listed_rows,
    prepare_pairs,
)
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


def rows_of(table: pa.Table) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in PAIRS_SCHEMA.names) for row in table.to_pylist()]


@given(st.lists(st.tuples(words, words, st.sampled_from(["brand", "model"])), max_size=40))
def test_no_word_of_the_test_is_trained_and_no_pair_is_lost(rows: list[Row]):
    prepared = prepare_pairs(table(*rows), DEFAULT_TEMPLATES)
    assert sum(prepared.counts.values()) == len(rows)
    split = split_pairs(prepared.pairs, None)
    found = [row for part in (*split.tables.values(), split.left_out) for row in rows_of(part)]
    assert sorted(found) == sorted(rows_of(prepared.pairs))
    trained = {row["corrected"].casefold() for row in split.tables["train"].to_pylist()}
    for name in ("eval", "test"):
        for row in split.tables[name].to_pylist():
            assert row["seen"] == (row["corrected"].casefold() in trained)


spellings = st.sampled_from(["X-Trail", "x trail", "XTrail", "Wagon R", "WagonR", "Rio", "Rioo"])
typos = st.text("abc", min_size=1, max_size=3)
versions = st.lists(
    st.lists(st.tuples(typos, spellings, st.sampled_from(["brand", "model"])), max_size=30),
    min_size=2,
    max_size=4,
)


@given(versions)
def test_what_was_ever_trained_is_tested_by_no_later_version(versions: list[list[Row]]):
    parent, trained, learned = None, set[str](), set[str]()
    for rows in versions:
        split = split_pairs(prepare_pairs(table(*rows), DEFAULT_TEMPLATES).pairs, parent)
        parent = split.assignments
        for typo, term, _ in rows_of(split.tables["train"]):
            trained.add(word_key(typo))
            learned.add(word_key(term))
        for name in ("eval", "test"):
            for row in split.tables[name].to_pylist():
                assert word_key(row["typo"]) not in trained
                assert row["seen"] == (word_key(row["corrected"]) in learned)


def test_what_was_in_a_split_stays_there_when_more_pairs_come():
    pairs = generate_pairs(500, seed=3)
    first = split_pairs(prepare_pairs(pairs.slice(0, 250), DEFAULT_TEMPLATES).pairs, None)
    whole = prepare_pairs(pairs, DEFAULT_TEMPLATES).pairs
    second = split_pairs(whole, first.assignments)
    for split, before in first.tables.items():
        after = {tuple(row.values()) for row in second.tables[split].to_pylist()}
        assert {tuple(row.values()) for row in before.to_pylist()} <= after


def test_a_word_that_is_spelt_anew_stays_where_its_typos_are():
    pairs = prepare_pairs(generate_pairs(500, seed=3), DEFAULT_TEMPLATES).pairs
    first = split_pairs(pairs, None)
    renamed = [(row["typo"], f"{row['corrected']} SE", row["domain"]) for row in pairs.to_pylist()]
    second = split_pairs(table(*renamed), first.assignments)
    for split, before in first.tables.items():
        after = second.tables[split]
        assert sorted(before["typo"].to_pylist()) == sorted(after["typo"].to_pylist())
        seen = {row["typo"]: row["seen"] for row in before.to_pylist()}
        assert {row["typo"]: row["seen"] for row in after.to_pylist()} == seen


def test_a_trained_typo_of_a_word_that_is_held_out_is_left_out_and_counted():
    first = prepare_pairs(generate_pairs(500, seed=3), DEFAULT_TEMPLATES)
    dataset = build_dataset(first, templates=DEFAULT_TEMPLATES, parent=None)
    moved = dataset.splits["train"].to_pylist()[0]
    held_out = next(row for row in dataset.splits["test"].to_pylist() if not row["seen"])
    corrected = [
        (row["typo"], held_out["corrected"], held_out["domain"])
        if row["typo"] == moved["typo"]
        else (row["typo"], row["corrected"], row["domain"])
        for row in first.pairs.to_pylist()
    ]
    again = build_dataset(
        prepare_pairs(table(*corrected), DEFAULT_TEMPLATES),
        templates=DEFAULT_TEMPLATES,
        parent=dataset.assignments,
    )
    assert again.counts[Disposition.LEARNED] == 1
    (listed,) = listed_rows(again.lineage, most=5)
    assert (listed["typo"], listed["corrected"]) == (moved["typo"], held_out["corrected"])
    assert rows_of(left_out_by_split(again.lineage)) == [
        (moved["typo"], held_out["corrected"], held_out["domain"])
    ]
    assert again.row_count == dataset.row_count - 1


def test_a_pair_in_two_domains_stands_in_one_split():
    rows = [(f"toyta{at}", "Toyota", domain) for at in range(40) for domain in DEFAULT_TEMPLATES]
    split = split_pairs(prepare_pairs(table(*rows), DEFAULT_TEMPLATES).pairs, None)
    places = [set(part["typo"].to_pylist()) for part in split.tables.values()]
    assert sum(map(len, places)) == 40


def test_a_word_whose_trained_typos_are_gone_is_still_seen():
    typos = [(f"toyta{at}", "Toyota", "brand") for at in range(40)]
    first = split_pairs(prepare_pairs(table(*typos), DEFAULT_TEMPLATES).pairs, None)
    assert first.tables["train"].num_rows > 0
    left = first.tables["test"].select(PAIRS_SCHEMA.names)
    second = split_pairs(left, first.assignments)
    assert second.tables["train"].num_rows == 0
    assert {row["seen"] for row in second.tables["test"].to_pylist()} == {True}


def test_a_parent_goes_before_the_hash():
    pairs = prepare_pairs(generate_pairs(200, seed=3), DEFAULT_TEMPLATES).pairs
    assignments = split_pairs(pairs, None).assignments
    moved = assignments.set_column(2, "split", pa.array(["train"] * assignments.num_rows))
    assert split_pairs(pairs, moved).tables["train"].num_rows == pairs.num_rows


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
