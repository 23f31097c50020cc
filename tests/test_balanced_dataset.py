"""Risk: rows vanish without a trace, a wrong label wins, or the same database gives other files."""

import random
from typing import Any

import pytest

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from sambodhan_assets.domain.dataset.snapshot import MAX_MESSAGE_LENGTH
from sambodhan_assets.domain.errors import PermanentError
from tests.dataset_builds import FILLING, build, fate, tables_of
from tests.snapshot_rows import (
    LABELS,
    Row,
    anchor,
    audit,
    correction,
    unflagged,
    unlike,
)


def labelled(dataset: BalancedDataset) -> dict[str, str]:
    tables = [*dataset.splits.values(), dataset.replay, dataset.anchor_test]
    return {row["grievance"]: LABELS[row["label"]] for table in tables for row in table.to_pylist()}


def test_a_row_reaches_a_file_cleaned_and_with_its_label_id():
    dataset = build(correction(1, "<p>No  water</p>\nsince May  https://x.np/1", "URGENT"))
    rows = [row for table in dataset.splits.values() for row in table.to_pylist()]
    assert {"grievance": "No water since May", "label": 1} in rows


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (correction(1, "no water", None), "no label"),
        (correction(1, "no water", "  "), "no label"),
        (correction(1, None), "empty after cleaning"),
        (correction(1, "<b>\n\u2003</b> www.x.np"), "empty after cleaning"),
        (correction(1, "x" * (MAX_MESSAGE_LENGTH + 1)), "longer than 20000 characters"),
        (unflagged(1, "no water", sample_rank=99, in_window=False), "beyond the replay sample"),
    ],
)
def test_a_row_that_cannot_be_used_is_counted_and_listed_with_its_reason(row: Row, reason: str):
    dataset = build(row, replay_max=5)
    assert fate(dataset, 1) == ("excluded", reason)
    assert dataset.report.excluded == {reason: 1}
    assert dataset.report.row_count == len(FILLING)


def test_a_text_of_the_greatest_length_is_kept():
    dataset = build(correction(1, "x" * MAX_MESSAGE_LENGTH))
    assert fate(dataset, 1)[0] == "train"


def test_an_unknown_label_names_the_value_its_count_and_the_rows():
    rows = [correction(i, f"complaint number {i}", "urgent") for i in range(1, 13)]
    with pytest.raises(PermanentError) as error:
        build(*rows, correction(50, "another", "Critical"), anchor("third", "n/a"))
    message = str(error.value)
    shown = ", ".join(f"{n} in review {1000 + n}" for n in range(1, 11))
    assert f"'urgent' in 12 rows (complaints {shown})" in message
    assert "'Critical' in 1 rows (complaints 50 in review 1050)" in message
    assert "'n/a' in 1 rows (complaints anchor row)" in message


def test_rows_of_one_label_are_an_error_unless_they_are_too_few_to_publish():
    rows = [correction(i, f"complaint number {i}", "URGENT") for i in range(3)]
    with pytest.raises(PermanentError, match="all 3 rows have the label 'URGENT'"):
        build(*rows, filling=())
    assert build(*rows, filling=(), min_rows=4).report.row_count == 3


def test_an_empty_database_gives_an_empty_dataset():
    dataset = build(filling=())
    assert dataset.report.row_count == 0
    assert {name: table.num_rows for name, table in dataset.splits.items()} == {
        "train": 0,
        "eval": 0,
        "test": 0,
    }
    assert dataset.window.num_rows == dataset.assignments.num_rows == dataset.lineage.num_rows == 0


def test_an_audit_beats_a_correction_and_that_an_unflagged_row_of_the_same_text():
    dataset = build(
        unflagged(1, "the BRIDGE is closed", "NORMAL", sample_rank=0),
        correction(2, "the bridge is closed", "URGENT"),
        audit(3, "the  bridge is closed", "HIGHLY URGENT"),
    )
    assert labelled(dataset)["the bridge is closed"] == "HIGHLY URGENT"
    assert fate(dataset, 1) == ("excluded", "duplicate of complaint 3, conflicting label")
    assert fate(dataset, 2) == ("excluded", "duplicate of complaint 3, conflicting label")
    assert (dataset.report.duplicates, dataset.report.conflicting_labels) == (2, 2)


def test_the_newest_review_of_a_text_wins_and_then_the_lowest_complaint():
    text = "the bridge is closed"
    newest = correction(5, text)["reviewed_at"]
    dataset = build(
        correction(9, text, "URGENT", reviewed_at=newest),
        correction(5, text, "NORMAL", reviewed_at=newest),
        correction(1, text, "HIGHLY URGENT"),
    )
    assert labelled(dataset)[text] == "NORMAL"
    assert fate(dataset, 9)[1] == "duplicate of complaint 5, conflicting label"


def test_half_as_many_unflagged_rows_as_corrections_are_balanced_and_the_next_ones_replayed():
    rows = [unflagged(i, unlike(i), sample_rank=i) for i in range(9)]
    dataset = build(*rows, correction(100, "a third correction"), replay_max=4)
    replayed = [i for i in range(9) if fate(dataset, i)[0] == "replay"]
    balanced = [i for i in range(9) if fate(dataset, i)[0] in ("train", "eval", "test")]
    assert (balanced, replayed) == ([0, 1], [2, 3, 4, 5])
    assert fate(dataset, 6) == ("window", None)
    assert dataset.report.row_count == 5


def test_anchor_rows_are_replayed_and_not_counted_and_give_way_to_balanced_rows():
    dataset = build(
        anchor("the dam leaks at night", "URGENT"),
        anchor("no water", "URGENT"),
        correction(1, "no water", "NORMAL"),
        unflagged(2, "the dam LEAKS at night", "NORMAL", sample_rank=9),
        anchor_test_share=0.0,
    )
    assert dataset.replay.to_pylist() == [
        {"grievance": "the dam leaks at night", "label": 1, "source": "anchor"}
    ]
    assert fate(dataset, 2)[1] == "duplicate of an anchor row, conflicting label"
    assert dataset.report.row_count == 3
    assert dataset.report.replay_by_source == {"anchor": 1, "unflagged": 0}


def test_every_snapshot_row_stands_in_the_lineage_once():
    rows = mixed_rows(60)
    dataset = build(*rows)
    assert dataset.lineage.num_rows == len(rows) + len(FILLING)
    excluded = [row for row in dataset.lineage.to_pylist() if row["disposition"] == "excluded"]
    assert all(row["reason"] for row in excluded)
    assert sum(dataset.report.excluded.values()) == len(excluded)


def test_the_report_adds_up():
    report = build(*mixed_rows(90)).report
    balanced = sum(report.rows_by_split[split] for split in ("train", "eval", "test"))
    assert balanced == report.row_count - report.left_out_across_splits
    for split, counts in report.labels_by_split.items():
        assert sum(counts.values()) == report.rows_by_split[split]
    assert sum(report.replay_by_source.values()) == report.rows_by_split["replay"]
    assert sum(report.rows_read.values()) == 92


def test_the_order_of_the_snapshot_does_not_matter():
    rows = mixed_rows(80)
    expected = build(*rows)
    random.Random(3).shuffle(rows)
    found = build(*rows)
    for name, table in tables_of(expected).items():
        assert tables_of(found)[name].equals(table), name
    assert found.report == expected.report


def test_a_label_without_rows_in_every_split_is_named():
    report = build(*[correction(i, unlike(i)) for i in range(40)]).report
    assert report.thin_labels == {"NORMAL": 1, "HIGHLY URGENT": 1}
    assert report.labels_by_split["train"]["NORMAL"] == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"test_share": 0.6, "eval_share": 0.4}, "test_share=0.6 and eval_share=0.4"),
        ({"holdout_share": 1.0}, "holdout_share=1.0"),
        ({"near_duplicate_threshold": 0.3}, "near_duplicate_threshold=0.3"),
        ({"replay_max": -1}, "replay_max=-1"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(wrong: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        PreparationSettings(**wrong)


def mixed_rows(count: int) -> list[Row]:
    """Rows of all sources with duplicates, near-duplicates, empty texts and missing labels."""
    rng = random.Random(count)
    rows = list[Row]()
    for number in range(count):
        thing, ward = rng.choice(["lamp", "drain", "school"]), rng.randrange(9)
        text = f"{thing} {rng.randrange(9)} broken in ward {ward}"
        text = rng.choice([text, text, text.upper(), "<b></b>"])
        label = rng.choice([*LABELS, None]) if number % 7 == 0 else rng.choice(LABELS)
        kind = rng.randrange(4)
        if kind == 0:
            rows.append(unflagged(number, text, label or "NORMAL", sample_rank=number))
        elif kind == 1:
            rows.append(anchor(text, label))
        else:
            rows.append((audit if kind == 2 else correction)(number, text, label))
    return rows
