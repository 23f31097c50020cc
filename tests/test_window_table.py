"""Risk: the gate judges on rows that the candidate trained on, or counts a complaint twice."""

from sambodhan_assets.domain.dataset.cleaning import text_key
from tests.dataset_builds import build
from tests.snapshot_rows import anchor, audit, correction, unflagged, unlike


def test_the_window_repeats_texts_and_tells_where_each_stands():
    dataset = build(
        correction(3, "no water", "URGENT", answer="NORMAL"),
        unflagged(1, "No  water", "NORMAL", sample_rank=0),
        unflagged(2, "the lamp is dark", "NORMAL", sample_rank=8),
        unflagged(4, "a late complaint", "NORMAL"),
        correction(5, "unknown answer", "URGENT", answer="urgent!"),
        correction(6, "before the window", "URGENT", in_window=False),
        correction(7, "<br>", "URGENT"),
        anchor("anchor text", "NORMAL"),
        filling=(),
        min_rows=9,
    )
    rows = dataset.window.to_pylist()
    assert [row["complaint_id"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["answer"] for row in rows] == [0, 0, 0, 0, None]
    assert [row["correct"] for row in rows] == [None, None, 1, None, 1]
    assert [row["split"] for row in rows] == ["train", "replay", "train", "none", "train"]
    assert rows[0]["grievance"] == "No water"
    assert rows[0]["text_key"] == rows[2]["text_key"] == text_key("no water")
    assert (dataset.report.window_rows, dataset.report.window_unflagged_rows) == (5, 3)
    assert dataset.report.window_unflagged_count == 3


def test_a_complaint_that_is_audited_and_unflagged_counts_once_in_the_window():
    rows = (unflagged(1, "no water", "NORMAL", sample_rank=0), audit(1, "no water", "URGENT"))
    dataset = build(*rows, filling=(), min_rows=9)
    assert [(row["source"], row["correct"]) for row in dataset.window.to_pylist()] == [("audit", 1)]
    reasons = {row["source"]: row["reason"] for row in dataset.lineage.to_pylist()}
    assert reasons["audit"] is None
    assert reasons["unflagged"] == "presumed answer of a complaint that has a label"
    # Two rows of one complaint are no two opinions.
    assert (dataset.report.duplicates, dataset.report.conflicting_labels) == (0, 0)


def test_a_label_is_certain_unless_it_was_drawn_at_random():
    dataset = build(
        unflagged(1, "no water", "NORMAL", sample_rank=0),
        audit(2, "no light", "NORMAL"),
        audit(3, "no road", stratum="disagreement"),
        audit(4, "no school", stratum="review"),
        correction(5, "no doctor"),
        audit(6, "before the window", in_window=False),
        filling=(),
    )
    rows = dataset.window.to_pylist()
    assert [row["certain"] for row in rows] == [False, False, True, True, True]
    assert [row["correct"] for row in rows] == [None, 0, 1, 1, 1]
    report = dataset.report
    assert (report.window_random_audits, report.window_other_audits) == (1, 2)
    assert report.window_unflagged_rows == 1
    # Five audits and corrections and half an unflagged row per correction, rounded up.
    assert report.row_count == 6


def test_an_audit_stands_for_its_text_before_a_correction_and_presumed_answers():
    dataset = build(
        audit(1, "no water", "HIGHLY URGENT", stratum="disagreement"),
        correction(2, "No water", "URGENT"),
        unflagged(3, "no  water", "NORMAL", sample_rank=0),
        filling=(),
        min_rows=9,
    )
    assert dataset.report.row_count == 1
    assert dataset.splits["train"].to_pylist() == [{"grievance": "no water", "label": 2}]
    assert (dataset.report.duplicates, dataset.report.conflicting_labels) == (2, 2)
    # Each complaint keeps its own label in the window, whatever stands for the text.
    assert [row["correct"] for row in dataset.window.to_pylist()] == [2, 1, None]


def test_a_holdout_keeps_a_share_of_the_windows_groups_out_of_training():
    rows = [unflagged(i, unlike(i), sample_rank=i) for i in range(1000)]
    dataset = build(*rows, holdout_share=0.2)
    held = {row["text_key"] for row in dataset.window.to_pylist() if row["split"] == "holdout"}
    trained = {text_key(text) for text in dataset.replay["grievance"].to_pylist()}
    assert 160 < len(held) < 240
    assert not held & trained
    assert not held & set(dataset.assignments["text_key"].to_pylist())
    assert dataset.report.rows_by_split["holdout"] == len(held)


def test_near_duplicates_are_held_out_together():
    text = "the drain before ward office {} is open since the monsoon, and children fall into it"
    rows = [unflagged(i, text.format(i), sample_rank=i + 1) for i in range(200)]
    rows += [unflagged(i, text.format(i)) for i in range(200, 300)]
    splits = {
        row["split"]
        for row in build(*rows, holdout_share=0.5).window.to_pylist()
        if row["source"] == "unflagged"
    }
    assert splits in ({"holdout"}, {"replay", "none"})


def test_corrections_and_earlier_training_texts_are_never_held_out():
    corrections = [correction(i, unlike(i)) for i in range(50)]
    rows = [unflagged(i, unlike(i), sample_rank=i - 50) for i in range(50, 250)]
    first = build(*corrections, *rows)
    second = build(*corrections, *rows, parent=first.assignments, holdout_share=0.9)
    assert second.window.equals(first.window)


def test_a_row_outside_the_window_is_never_held_out():
    rows = [unflagged(i, unlike(i), sample_rank=i, in_window=False) for i in range(100)]
    dataset = build(*rows, holdout_share=0.9)
    assert dataset.report.rows_by_split["holdout"] == 0
    assert dataset.report.rows_by_split["replay"] == 99


def test_the_same_rows_are_held_out_in_the_next_version():
    rows = [unflagged(i, unlike(i), sample_rank=i) for i in range(300)]
    first = build(*rows, holdout_share=0.3)
    later = [unflagged(i, unlike(i), sample_rank=i) for i in range(300, 400)]
    second = build(*rows, *later, parent=first.assignments, holdout_share=0.3)

    def held(dataset):
        return {r["complaint_id"] for r in dataset.window.to_pylist() if r["split"] == "holdout"}

    assert held(first) == {i for i in held(second) if i < 300}
