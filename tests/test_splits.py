"""Risk: a near-copy of a test text is trained on, or a label is missing from a split."""

from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.dataset.leakage import find_leakage
from sambodhan_assets.domain.sample.grievances import generate_grievances
from tests.dataset_builds import assignments, build, fate, variant
from tests.snapshot_rows import LABELS, anchor, correction, unflagged, unlike


def test_each_label_is_split_80_10_10():
    rows = [correction(i, unlike(i), LABELS[i % 3 and 1 + i % 2]) for i in range(600)]
    counts = build(*rows).report.labels_by_split
    for label in LABELS:
        total = sum(counts[split][label] for split in ("train", "eval", "test"))
        assert counts["test"][label] == counts["eval"][label] == int(0.1 * total + 0.5)


def test_a_group_is_never_in_two_splits():
    rows = [
        correction(i, row.grievance, LABELS[row.id % 3])
        for i, row in enumerate(generate_grievances(1500, seed=2))
    ]
    dataset = build(*rows)
    assert dataset.report.near_duplicate_groups > 20
    assert find_leakage(dataset).clean
    lines = dataset.assignments.to_pylist()
    places = {(line["group_key"], line["split"]) for line in lines}
    assert len(places) == len({line["group_key"] for line in lines})


def test_the_group_key_is_the_smallest_text_key_of_the_group():
    texts = [variant(0, 0, second) for second in range(4)]
    rows = build(*[correction(i, text) for i, text in enumerate(texts)]).assignments.to_pylist()
    keys = {text_key(text) for text in texts}
    assert {row["group_key"] for row in rows if row["text_key"] in keys} == {min(keys)}


def test_a_group_that_is_larger_than_the_test_quota_goes_to_train():
    group = [correction(i, f"{variant(0, 0, 0)} {i}") for i in range(30)]
    single = [correction(i, unlike(i)) for i in range(100, 200)]
    dataset = build(*group, *single)
    assert {fate(dataset, i)[0] for i in range(30)} == {"train"}
    assert dataset.report.labels_by_split["test"]["URGENT"] == 13


def test_replay_rows_near_eval_or_test_are_not_trained_on():
    parent = assignments(s0_0_0="test", s1_0_0="eval")
    dataset = build(
        correction(0, variant(0, 0, 0)),
        correction(1, variant(1, 0, 0)),
        unflagged(2, variant(0, 0, 1), sample_rank=50),
        anchor(variant(1, 0, 1)),
        unflagged(3, unlike(3), sample_rank=51),
        parent=parent,
    )
    assert dataset.replay["grievance"].to_pylist() == [unlike(3)]
    assert dataset.report.excluded == {"replay row near a row of eval or test": 2}


def test_an_unflagged_row_that_was_replayed_is_never_tested_later():
    rows = [unflagged(i, unlike(i), sample_rank=i) for i in range(300)]
    first = build(*rows)
    corrected = [correction(i, unlike(i)) for i in range(1, 300)]
    second = build(*corrected, parent=first.assignments)
    assert second.report.rows_by_split["train"] >= 298
    assert second.report.rows_by_split["eval"] == second.report.rows_by_split["test"] == 0


def test_a_tenth_of_the_groups_with_anchor_rows_only_guards_against_forgetting():
    dataset = build(*[anchor(unlike(i)) for i in range(1000)])
    assert 60 < dataset.anchor_test.num_rows < 140
    assert dataset.replay.num_rows == 1000 - dataset.anchor_test.num_rows
    again = build(*[anchor(unlike(i)) for i in range(1500)], parent=dataset.assignments)
    assert set(dataset.anchor_test["grievance"].to_pylist()) <= set(
        again.anchor_test["grievance"].to_pylist()
    )


def test_anchor_rows_near_unflagged_rows_are_replayed():
    rows = [anchor(f"{unlike(i)} north") for i in range(100)]
    rows += [unflagged(i, f"{unlike(i)} south", sample_rank=i + 1) for i in range(100)]
    dataset = build(*rows)
    assert dataset.report.replay_by_source == {"anchor": 100, "unflagged": 100}
