"""Risk: a label given on request is lost, doubled, or speaks for the wrong complaints."""

from collections.abc import Mapping
from datetime import timedelta

import pyarrow as pa
import pytest

from resources.feedback.audit_draw import AuditDraw, AuditFrame
from sambodhan_assets.domain.dataset.snapshot import DRAWN_AT_RANDOM
from sambodhan_assets.domain.labelling.audit_rows import (
    AuditRow,
    not_to_audit,
)
from sambodhan_assets.domain.labelling.label_tables import verified_table
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.databases import (
    DEPARTMENT,
    NOON,
    URGENCY,
    complaint,
    correction,
    execute,
    feedback_store,
    snapshot,
)
from tests.sheets import audit_row

OFFICE, SCHOOL, ROADS, POLICE = DEPARTMENT.labels


@pytest.fixture
def store(feedback_url):
    made = feedback_store(feedback_url)
    made.upsert_complaints([complaint(i) for i in range(1, 101)])
    return made


def audited(complaint_id: int, label: str = SCHOOL, **overrides) -> AuditRow:
    defaults = {"labels": {"department": label}, "verified_at": NOON}
    return audit_row(complaint_id, **defaults | overrides)


def verified(*rows: AuditRow) -> pa.Table:
    return verified_table(rows, "department")


def rows_of(taken, source: str) -> list[dict]:
    return [row for row in taken.rows.to_pylist() if row["source"] == source]


def ids_of(taken, source: str) -> list[int]:
    return [row["complaint_id"] for row in rows_of(taken, source)]


def test_an_audited_complaint_is_a_row_of_its_own_with_its_label_and_the_answer_given(store):
    taken = snapshot(store, audited=verified(audited(7)), window_after_id=5, replay_max=99)
    (row,) = rows_of(taken, "audit")
    assert row == {
        "complaint_id": 7,
        "review_id": None,
        "message": "Complaint number 7",
        "label": SCHOOL,
        "answer": OFFICE,
        "source": "audit",
        "stratum": "audit",
        "reviewed_at": NOON,
        "sample_rank": None,
        "in_window": True,
    }


@pytest.mark.parametrize("after", [None, 50])
def test_an_audited_complaint_is_in_no_sample_and_no_other_row_changes(store, after):
    store.upsert_corrections([correction(i) for i in range(1, 11)])
    request = {"replay_max": 20, "window_max": 30, "window_after_id": after}
    before = snapshot(store, **request)
    drawn = ids_of(before, "unflagged")
    chosen = [drawn[0], drawn[7], drawn[-1]]
    taken = snapshot(store, **request, audited=verified(*map(audited, chosen)))
    assert sorted(ids_of(taken, "audit")) == sorted(chosen)
    assert not set(chosen) & set(ids_of(taken, "unflagged"))
    assert set(drawn) - set(chosen) <= set(ids_of(taken, "unflagged"))
    ranks = [row["sample_rank"] for row in rows_of(taken, "unflagged")]
    assert [rank for rank in ranks if rank is not None] == list(range(25))
    in_window = [row for row in rows_of(taken, "unflagged") if row["in_window"]]
    assert len(in_window) >= 30


def test_corrections_and_audits_come_first_by_complaint(store):
    store.upsert_corrections([correction(i) for i in (2, 9)])
    taken = snapshot(store, audited=verified(audited(30), audited(5)))
    assert taken.rows["complaint_id"].to_pylist()[:4] == [2, 5, 9, 30]


def test_counts_tell_where_an_audit_went(store):
    store.upsert_complaints([complaint(101, department=POLICE)])
    labels = verified(
        audited(7), audited(101), audited(8, purpose=Purpose.REVIEW, batch="review-1")
    )
    report = snapshot(store, audited=labels).report
    assert report.stratum_sizes == {
        "correction": 0,
        "audit": 2,
        "review": 1,
        f"unflagged:{OFFICE}": 98,
        f"unflagged:{POLICE}": 0,
    }
    # Nobody flagged them.
    assert report.unflagged_count == report.window_unflagged_count == 101


@pytest.mark.parametrize("review", [{}, {"reviewed": False, "reviewed_at": None}])
def test_a_complaint_that_was_reported_is_left_to_its_review(store, review):
    store.upsert_corrections([correction(7, **review)])
    taken = snapshot(store, audited=verified(audited(7), audited(8)), replay_max=100)
    assert ids_of(taken, "audit") == [8]
    assert 7 not in ids_of(taken, "unflagged")


def test_a_complaint_that_is_gone_or_was_never_answered_is_left_out(store):
    store.upsert_complaints([complaint(101, department=None)])
    taken = snapshot(store, audited=verified(audited(101), audited(999), audited(8)))
    assert ids_of(taken, "audit") == [8]


def test_of_several_labels_the_newest_counts(store):
    later = {"batch": "audit-2", "verified_at": NOON + timedelta(days=1)}
    taken = snapshot(store, audited=verified(audited(7, POLICE, **later), audited(7, SCHOOL)))
    (row,) = rows_of(taken, "audit")
    assert (row["label"], row["stratum"]) == (POLICE, "audit")


@pytest.mark.parametrize("days", [-1, 1])
def test_a_complaint_that_was_ever_chosen_speaks_for_itself_only(store, days: int):
    chosen = {"batch": "review-1", "purpose": Purpose.REVIEW}
    other = audited(7, POLICE, verified_at=NOON + timedelta(days=days), **chosen)
    taken = snapshot(store, audited=verified(other, audited(7, SCHOOL)))
    (row,) = rows_of(taken, "audit")
    assert row["stratum"] == "review"
    assert row["label"] == (POLICE if days > 0 else SCHOOL)


def test_no_audits_and_an_empty_table_of_audits_give_the_same_snapshot(store):
    store.upsert_corrections([correction(i) for i in range(1, 11)])
    request: Mapping = {"replay_max": 20, "window_max": 30, "window_after_id": 50}
    before = snapshot(store, **request)
    taken = snapshot(store, **request, audited=verified())
    assert taken.rows.equals(before.rows)
    assert taken.report == before.report


def test_the_dataset_knows_random_audits_by_the_name_of_their_purpose():
    assert Purpose.AUDIT.value == DRAWN_AT_RANDOM


# The draw


def draw(store, quota: int, after: int | None = None, excluded=(), seed: int = 1) -> AuditDraw:
    frame = AuditFrame(after_id=after, excluded=set(excluded))
    return store.draw_complaints(frame, quota=quota, seed=seed, tasks=LABEL_TASKS)


def test_a_draw_takes_unflagged_answered_complaints_of_the_window_that_nobody_audited(store):
    store.upsert_corrections([correction(i) for i in range(60, 70)])
    nothing = {"department": None, "urgency": None}
    store.upsert_complaints([complaint(101, **nothing), complaint(102, department=None)])
    drawn = draw(store, 1000, after=50, excluded=[51, 52, 60, 999])
    frame = {*range(53, 60), *range(70, 101), 102}
    assert set(drawn.rows["complaint_id"].to_pylist()) == frame
    assert drawn.frame_size == len(frame)


def test_a_draw_takes_the_quota_and_tells_the_frame(store):
    drawn = draw(store, 10)
    assert drawn.rows.num_rows == 10
    assert drawn.frame_size == 100
    numbers = drawn.rows["complaint_id"].to_pylist()
    assert drawn.rows["message"].to_pylist() == [f"Complaint number {n}" for n in numbers]
    assert numbers != sorted(numbers)


def test_excluded_complaints_leave_room_for_others_in_the_same_order(store):
    first = draw(store, 10).rows["complaint_id"].to_pylist()
    rest = draw(store, 10, excluded=first[:4]).rows["complaint_id"].to_pylist()
    assert rest[:6] == first[4:]
    assert len(rest) == 10


def test_a_draw_is_the_same_again_and_another_with_another_seed(store):
    assert draw(store, 20).rows.equals(draw(store, 20).rows)
    execute(store.url, "UPDATE complaints SET message = message", "VACUUM FULL complaints")
    again = draw(store, 20).rows
    assert again.equals(draw(store, 20).rows)
    assert not again.equals(draw(store, 20, seed=2).rows)


def test_every_complaint_is_drawn_about_equally_often(store):
    counts = dict.fromkeys(range(1, 101), 0)
    for seed in range(100):
        for number in draw(store, 20, seed=seed).rows["complaint_id"].to_pylist():
            counts[number] += 1
    # 100 draws of 20 of 100: mean 20, standard deviation 4.
    assert min(counts.values()) > 4
    assert max(counts.values()) < 40


def test_an_empty_frame_gives_an_empty_draw(store):
    drawn = draw(store, 10, after=100)
    assert (drawn.rows.num_rows, drawn.frame_size) == (0, 0)


def test_a_draw_from_a_large_table_reads_few_rows_and_the_right_ones(store):
    store.upsert_complaints([complaint(i) for i in range(1, 4001)])
    everything = draw(store, 4000, seed=3).rows["complaint_id"].to_pylist()
    few = draw(store, 25, seed=3, excluded=everything[:5]).rows["complaint_id"].to_pylist()
    assert few == everything[5:30]


def test_messages_come_by_id(store):
    assert store.messages([3, 999]) == {3: "Complaint number 3", 999: ""}


def test_an_audit_is_not_drawn_again_and_other_sheets_do_not_touch_the_frame():
    columns = [task.column for task in (DEPARTMENT, URGENCY)]
    chosen = {"batch": "review-1", "purpose": Purpose.REVIEW}
    both = {"department": SCHOOL, "urgency": "URGENT"}
    rows = [
        audit_row(1),
        audit_row(2, **chosen),
        audited(3, **chosen),
        audit_row(4, labels=both, **chosen),
        audit_row(5, labels={"urgency": "URGENT"}, **chosen),
        audited(5, batch="review-2", purpose=Purpose.REVIEW),
    ]
    assert not_to_audit(rows, columns) == {1, 4, 5}
