"""Risk: the snapshot misses corrections, counts wrong ones, or calls flagged complaints right."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from sambodhan_assets.domain.dataset.snapshot import MAX_MESSAGE_LENGTH, SNAPSHOT_SCHEMA
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask
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


@pytest.fixture
def store(feedback_url):
    return feedback_store(feedback_url)


def rows(taken, source):
    return [row for row in taken.rows.to_pylist() if row["source"] == source]


def corrected(store, task=DEPARTMENT):
    return {row["complaint_id"]: row["label"] for row in rows(snapshot(store, task), "correction")}


def test_an_empty_database_gives_an_empty_snapshot(store):
    taken = snapshot(store)
    assert taken.rows.schema == SNAPSHOT_SCHEMA
    assert taken.rows.num_rows == 0
    assert taken.report.stratum_sizes == {"correction": 0}
    assert taken.report.newest_complaint_id is None
    assert taken.report.newest_reviewed_at is None
    assert store.newest_complaint_id() is None
    assert store.corrections(DEPARTMENT).num_rows == 0
    assert store.reviewed_since(None).counts == {"department": 0, "urgency": 0}


def test_a_snapshot_holds_all_corrections_then_the_sample_then_the_anchor(store):
    store.upsert_complaints([complaint(i) for i in range(1, 101)])
    store.upsert_corrections([correction(i) for i in range(20, 0, -1)])
    anchor = pa.table({"text": ["road"], "department": ["x"], "urgency": ["URGENT"]})
    taken = snapshot(store, URGENCY, replay_max=5, anchor=anchor)
    found = taken.rows.to_pylist()
    assert [row["complaint_id"] for row in found[:20]] == list(range(1, 21))
    assert [row["sample_rank"] for row in found[20:35]] == list(range(15))
    assert {row["source"] for row in found[20:35]} == {"unflagged"}
    assert found[35]["source"] == found[35]["stratum"] == "anchor"
    assert (found[35]["message"], found[35]["label"]) == ("road", "URGENT")
    assert not found[35]["in_window"]
    assert taken.report.stratum_sizes == {"correction": 20, "unflagged:NORMAL": 80}
    assert taken.report.unflagged_count == taken.report.window_unflagged_count == 80
    assert taken.report.newest_complaint_id == 100
    assert taken.report.newest_reviewed_at == "2025-06-01T12:00:00+00:00"


def test_a_correction_carries_the_answer_that_was_given_and_its_review(store):
    store.upsert_complaints([complaint(1, urgency="URGENT")])
    store.upsert_corrections([correction(1, id=9, correct_urgency="HIGHLY URGENT")])
    row = rows(snapshot(store, URGENCY), "correction")[0]
    assert (row["answer"], row["label"], row["review_id"]) == ("URGENT", "HIGHLY URGENT", 9)
    assert row["reviewed_at"] == NOON


@pytest.mark.parametrize(
    "review",
    [
        {"reviewed": False, "reviewed_at": None},
        {"correct_department": None},
        {"correct_department": DEPARTMENT.labels[0]},
    ],
)
def test_what_corrects_nothing_is_neither_a_correction_nor_unflagged(store, review):
    store.upsert_complaints([complaint(1)])
    store.upsert_corrections([correction(1, **review)])
    assert snapshot(store, replay_max=9).rows.num_rows == 0
    assert store.corrections(DEPARTMENT).num_rows == 0


def test_a_review_without_a_prediction_counts(feedback_url, store):
    store.upsert_complaints([complaint(1, department=None)])
    store.upsert_corrections([correction(1, model_predicted_department=None)])
    assert corrected(store) == {1: DEPARTMENT.labels[1]}


def test_the_newest_review_of_a_complaint_wins_and_the_others_are_counted(store):
    store.upsert_complaints([complaint(1), complaint(2), complaint(3)])
    reviews = [
        correction(1, id=1, correct_department=DEPARTMENT.labels[3], reviewed_at=NOON),
        correction(
            1,
            id=2,
            correct_department=DEPARTMENT.labels[2],
            reviewed_at=NOON - timedelta(days=1),
        ),
        correction(2, id=3, correct_department=DEPARTMENT.labels[1]),
        correction(2, id=4, correct_department=DEPARTMENT.labels[2]),
        correction(3, id=5, correct_department=DEPARTMENT.labels[1]),
        correction(
            3,
            id=6,
            correct_department=DEPARTMENT.labels[0],
            reviewed_at=NOON + timedelta(days=1),
        ),
    ]
    store.upsert_corrections(reviews)
    # 1: by time; 2: same time, by id; 3: the newest says that the model was right.
    assert corrected(store) == {1: DEPARTMENT.labels[3], 2: DEPARTMENT.labels[2]}
    assert store.corrections(DEPARTMENT)["review_id"].to_pylist() == [1, 4]
    assert snapshot(store).report.superseded_reviews == 3


def test_only_accepted_reviews_count_where_the_table_tells_them_apart(feedback_url, store):
    store.upsert_complaints([complaint(i) for i in (1, 2, 3)])
    store.upsert_corrections([correction(i, id=i) for i in (1, 2, 3)])
    execute(
        feedback_url,
        "ALTER TABLE misclassified_complaints ADD COLUMN outcome text",
        "UPDATE misclassified_complaints SET outcome = 'Accepted' WHERE id = 1",
        "UPDATE misclassified_complaints SET outcome = 'dismissed' WHERE id = 2",
    )
    assert list(corrected(store)) == [1]
    assert store.corrections(DEPARTMENT)["review_id"].to_pylist() == [1]
    assert store.reviewed_since(None).counts["department"] == 1


def test_a_report_without_a_complaint_does_not_hide_all_unflagged_ones(feedback_url, store):
    store.upsert_complaints([complaint(1)])
    execute(
        feedback_url,
        "INSERT INTO misclassified_complaints (complaint_id, correct_department, reviewed,"
        " reviewed_at) VALUES (NULL, 'x', true, now())",
    )
    taken = snapshot(store, replay_max=9)
    assert [row["complaint_id"] for row in taken.rows.to_pylist()] == [1]
    assert taken.report.unflagged_count == 1


def test_complaints_without_a_label_are_no_sample_and_long_texts_are_cut(store):
    long = "म" * (MAX_MESSAGE_LENGTH + 500)
    store.upsert_complaints(
        [complaint(1, department=None), complaint(2, message=long), complaint(3, message=None)]
    )
    found = rows(snapshot(store, replay_max=9), "unflagged")
    messages = {row["complaint_id"]: row["message"] for row in found}
    assert messages == {2: long[: MAX_MESSAGE_LENGTH + 1], 3: None}


def test_texts_come_back_as_they_are_stored(store):
    texts = [
        "",
        " ",
        'say "no", twice',
        "a\r\nb\n\nc",
        "\\N",
        "\\.",
        '"',
        "\ufeffक\u200dष",
        "NULL",
        None,
    ]
    store.upsert_complaints([complaint(n, message=text) for n, text in enumerate(texts)])
    rows = snapshot(store, replay_max=100).rows.sort_by("complaint_id")
    assert rows["message"].to_pylist() == texts


def test_labels_are_handed_over_as_stored_for_the_dataset_builder_to_judge(store):
    store.upsert_complaints([complaint(1, department=""), complaint(2, department="Wardd")])
    taken = snapshot(store, replay_max=9)
    assert taken.report.stratum_sizes == {
        "correction": 0,
        "unflagged:": 1,
        "unflagged:Wardd": 1,
    }
    assert {row["label"] for row in taken.rows.to_pylist()} == {"", "Wardd"}


def test_a_third_task_reads_its_own_three_columns(feedback_url):
    channel = LabelTask(name="channel", column="channel", labels=("phone", "web"))
    store = feedback_store(feedback_url)
    with pytest.raises(PermanentError, match=r"complaints\.channel.*correct_channel"):
        snapshot(store, channel)
    tasks = [*LABEL_TASKS, channel]
    assert len(store.initialise(tasks)) == 3
    store.upsert_complaints([complaint(1, channel="web"), complaint(2, channel="web")], tasks)
    store.upsert_corrections([correction(1, correct_channel="phone")], tasks)
    assert corrected(store, channel) == {1: "phone"}
    assert store.reviewed_since(None, tasks=tasks).counts["channel"] == 1


def test_the_poll_sees_reviews_that_were_committed_late_or_without_a_time(feedback_url, store):
    store.upsert_complaints([complaint(i) for i in range(1, 6)])
    times = [NOON - timedelta(minutes=m) for m in (0, 10, 16)]
    store.upsert_corrections([correction(i, reviewed_at=t) for i, t in enumerate(times, 1)])
    assert store.reviewed_since(NOON).counts == {"department": 2, "urgency": 2}
    assert store.reviewed_since(NOON, overlap=timedelta()).counts["department"] == 0
    execute(
        feedback_url,
        "ALTER TABLE misclassified_complaints DROP CONSTRAINT ck_mc_reviewed_at",
        "INSERT INTO misclassified_complaints (complaint_id, correct_urgency, reviewed)"
        " VALUES (4, 'URGENT', true)",
    )
    poll = store.reviewed_since(NOON)
    assert poll.counts == {"department": 2, "urgency": 3}
    assert poll.newest_reviewed_at == NOON


def test_times_without_a_zone_are_read_in_the_zone_of_the_database(feedback_url):
    store = feedback_store(feedback_url, db_timezone="Asia/Kathmandu")
    execute(
        feedback_url,
        "ALTER TABLE misclassified_complaints ALTER reviewed_at TYPE timestamp",
    )
    store.upsert_complaints([complaint(1)])
    store.upsert_corrections([correction(1)])
    assert execute(feedback_url, "SELECT reviewed_at FROM misclassified_complaints") == [
        (datetime(2025, 6, 1, 17, 45),)  # noqa: DTZ001
    ]
    assert rows(snapshot(store), "correction")[0]["reviewed_at"] == NOON
    assert store.reviewed_since(NOON, overlap=timedelta()).counts["department"] == 0
    just_before = datetime(2025, 6, 1, 11, 59, tzinfo=UTC)
    assert store.reviewed_since(just_before, overlap=timedelta()).newest_reviewed_at == NOON


def test_ids_that_are_no_integers_are_refused(feedback_url, store):
    execute(feedback_url, "ALTER TABLE misclassified_complaints DROP COLUMN complaint_id")
    execute(feedback_url, "ALTER TABLE complaints ALTER id TYPE text")
    execute(feedback_url, "ALTER TABLE misclassified_complaints ADD COLUMN complaint_id text")
    with pytest.raises(PermanentError, match=r"complaints\.id is text"):
        snapshot(store)
