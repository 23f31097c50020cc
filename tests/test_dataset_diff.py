"""Risk: a person compares two versions and is told of other changes than were made."""

from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.dataset.diff import (
    PlacedRow,
    RowChange,
    describe_diff,
    diff_datasets,
)
from tests.dataset_builds import build
from tests.snapshot_rows import anchor, correction, unflagged, unlike


def test_equal_datasets_have_no_differences():
    rows = [correction(i, unlike(i)) for i in range(30)]
    diff = diff_datasets(build(*rows), build(*rows))
    assert diff.added == diff.removed == diff.relabelled == diff.moved == ()
    assert diff.unchanged == 32


def test_added_removed_and_relabelled_rows_are_named():
    before = build(correction(1, "no water", "URGENT"), correction(2, "dark lamp", "URGENT"))
    after = build(
        correction(2, "dark lamp", "NORMAL"),
        correction(3, "open drain", "HIGHLY URGENT"),
        parent=before.assignments,
    )
    diff = diff_datasets(before, after)
    assert diff.added == (PlacedRow(row=3, split="train", label="HIGHLY URGENT"),)
    assert diff.removed == (PlacedRow(row=1, split="train", label="URGENT"),)
    assert diff.relabelled == (RowChange(row=2, before="URGENT", after="NORMAL"),)
    assert (diff.moved, diff.unchanged) == ((), 2)


def test_a_row_that_left_the_replay_for_train_has_moved():
    before = build(unflagged(7, "open drain", "NORMAL", sample_rank=9))
    after = build(correction(7, "open drain", "URGENT"), parent=before.assignments)
    diff = diff_datasets(before, after)
    assert diff.moved == (RowChange(row=7, before="replay", after="train"),)
    assert diff.relabelled == (RowChange(row=7, before="NORMAL", after="URGENT"),)


def test_anchor_rows_are_named_by_their_text_key():
    diff = diff_datasets(build(), build(anchor("old corpus"), anchor_test_share=0.0))
    assert [row.row for row in diff.added] == [text_key("old corpus")]


def test_rows_that_are_left_out_are_in_neither_dataset():
    diff = diff_datasets(build(), build(correction(1, None), unflagged(2, "late")))
    assert diff.added == ()


def test_the_description_counts_by_split_and_shows_the_first_ten_rows():
    after = build(*[correction(i, unlike(i)) for i in range(1, 5)], anchor("old corpus"))
    lines = list(describe_diff(diff_datasets(build(), after)))
    assert lines[:2] == ["added: 5", "  replay: 1 (" + text_key("old corpus") + ")"]
    assert lines[2] == "  train: 4 (1, 2, 3, 4)"
    assert lines[3:] == ["removed: 0", "relabelled: 0", "moved: 0", "unchanged: 2"]
    many = build(*[unflagged(i, unlike(i), sample_rank=i) for i in range(1, 99)])
    lines = list(describe_diff(diff_datasets(build(), many)))
    assert lines[1] == "  replay: 98 (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...)"
