"""Risk: a text that one version trained on is tested on by a later one."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.dataset.leakage import find_leakage
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.sample.grievances import generate_grievances
from tests.dataset_builds import assigned, assignments, build, fate, tables_of, variant
from tests.snapshot_rows import LABELS, Row, anchor, correction, unflagged, unlike


def test_a_new_text_joins_its_near_duplicate():
    parent = assignments(s0_0_0="test")
    dataset = build(correction(1, variant(0, 0, 1)), correction(2, variant(0, 2, 1)), parent=parent)
    # The second row is near the first one only.
    assert [fate(dataset, i)[0] for i in (1, 2)] == ["train", "train"]
    dataset = build(
        correction(0, variant(0, 0, 0)), correction(1, variant(0, 0, 1)),
        correction(2, variant(0, 2, 1)), parent=parent,
    )  # fmt: skip
    assert [fate(dataset, i)[0] for i in (0, 1, 2)] == ["test"] * 3
    groups = {r["group_key"] for r in dataset.assignments.to_pylist() if r["split"] == "test"}
    assert groups == {text_key(variant(0, 0, 0))}


def test_a_new_text_near_two_splits_is_left_out_and_its_other_neighbours_stay():
    parent = assignments(s0_0_0="test", s0_1_1="train")
    dataset = build(
        correction(0, variant(0, 0, 0)),
        correction(1, variant(0, 1, 1)),
        correction(2, variant(0, 0, 1)),
        correction(3, variant(0, 0, 2)),
        parent=parent,
    )
    assert fate(dataset, 2) == ("excluded", "near-duplicates in two splits")
    assert [fate(dataset, i)[0] for i in (0, 1, 3)] == ["test", "train", "test"]
    assert dataset.report.left_out_across_splits == 1
    assert text_key(variant(0, 0, 1)) not in assigned(dataset.assignments)


def test_a_chain_of_new_texts_between_two_splits_is_left_out():
    parent = assignments(s0_0_0="eval", s0_2_2="train")
    dataset = build(
        correction(0, variant(0, 0, 0)),
        correction(1, variant(0, 0, 1)),
        correction(2, variant(0, 2, 1)),
        correction(3, variant(0, 2, 2)),
        parent=parent,
    )
    assert [fate(dataset, i)[0] for i in (0, 1, 2, 3)] == ["eval", "excluded", "excluded", "train"]


@pytest.mark.parametrize(
    ("first", "second", "left_out"),
    [("test", "train", 1), ("eval", "train", 1), ("eval", "test", 0), ("train", "eval", 0)],
)
def test_of_two_known_near_duplicates_the_one_in_the_weaker_split_leaves(
    first: str, second: str, left_out: int
):
    parent = assignments(s0_0_0=first, s0_0_1=second)
    rows = [correction(0, variant(0, 0, 0)), correction(1, variant(0, 0, 1))]
    dataset = build(*rows, parent=parent)
    assert fate(dataset, left_out) == ("excluded", "near-duplicates in two splits")
    assert fate(dataset, 1 - left_out)[0] == (first, second)[1 - left_out]
    # What a model once trained on stays on record.
    assert assigned(parent).items() <= assigned(dataset.assignments).items()


def test_a_known_text_leaves_only_for_a_text_that_stays():
    parent = assignments(s0_0_0="test", s0_0_1="eval", s0_1_1="train")
    texts = [variant(0, 0, 0), variant(0, 0, 1), variant(0, 1, 1)]
    dataset = build(*[correction(i, text) for i, text in enumerate(texts)], parent=parent)
    assert [fate(dataset, i)[0] for i in range(3)] == ["test", "excluded", "train"]


def test_an_anchor_test_row_stays_when_a_correction_resembles_it():
    parent = assignments(s0_0_0="test")
    dataset = build(anchor(variant(0, 0, 0)), correction(1, variant(0, 0, 1)), parent=parent)
    assert dataset.anchor_test["grievance"].to_pylist() == [variant(0, 0, 0)]
    assert fate(dataset, 1)[0] == "test"
    assert find_leakage(dataset).clean


def test_a_new_anchor_row_joins_the_anchor_test_rows_it_resembles():
    rows = [anchor(variant(0, 0, 0)), anchor(variant(0, 0, 1))]
    dataset = build(*rows, parent=assignments(s0_0_0="test"))
    assert dataset.anchor_test.num_rows == 2


def test_assignments_of_another_program_are_refused():
    with pytest.raises(PermanentError, match="validation"):
        build(parent=assignments(s0_0_0="validation"))


ROW = st.tuples(
    st.integers(0, 1), st.integers(0, 3), st.integers(0, 3), st.integers(0, 2), st.integers(0, 3)
)


def rows_of(drawn: list[tuple[int, int, int, int, int]]) -> list[Row]:
    rows = list[Row]()
    for number, (stem, first, second, label, kind) in enumerate(drawn):
        text = variant(stem, first, second)
        if kind == 0:
            rows.append(anchor(text, LABELS[label]))
        elif kind == 1:
            rows.append(unflagged(number, text, LABELS[label], sample_rank=number))
        elif kind == 2:
            rows.append(unflagged(number, text, LABELS[label]))
        else:
            rows.append(correction(number, text, LABELS[label]))
    # Enough balanced rows that eval and test get some of the groups above.
    return rows + [correction(500 + i, unlike(i), LABELS[i % 3]) for i in range(12)]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(ROW, max_size=25), min_size=2, max_size=4), st.sampled_from([0.0, 0.4]))
def test_whatever_comes_and_goes_no_version_leaks_and_no_text_moves(
    versions: list[list[tuple[int, int, int, int, int]]], holdout: float
):
    parent = None
    options = {"holdout_share": holdout, "test_share": 0.3, "eval_share": 0.3}
    for drawn in versions:
        rows = rows_of(drawn)
        dataset = build(*rows, parent=parent, **options)
        assert find_leakage(dataset).clean, find_leakage(dataset).sentence
        again = build(*rows, parent=dataset.assignments, **options)
        for name, table in tables_of(dataset).items():
            assert tables_of(again)[name].equals(table), name
        if parent is not None:
            assert assigned(parent).items() <= assigned(dataset.assignments).items()
        parent = dataset.assignments


def test_in_a_growing_database_no_text_moves_and_quotas_are_kept():
    rng = random.Random(4)
    grievances = generate_grievances(3000, seed=9)
    rows = [
        correction(row.id, row.grievance, LABELS[row.id % 3]) if rng.random() < 0.5
        else unflagged(row.id, row.grievance, LABELS[row.id % 3], sample_rank=row.id)
        for row in grievances
    ]  # fmt: skip
    parent, trained, size = None, set[str](), 1500
    while size <= len(rows):
        dataset = build(*rows[:size], parent=parent)
        now = assigned(dataset.assignments)
        tested = {key for key, split in now.items() if split == "test"}
        assert not tested & trained
        assert find_leakage(dataset).clean
        trained |= {key for key, split in now.items() if split == "train"}
        counts = dataset.report.rows_by_split
        assert abs(counts["test"] / dataset.report.row_count - 0.1) < 0.02
        parent, size = dataset.assignments, int(size * 1.1)
    assert np.isclose(size, 3000, atol=400)
