"""Risk: the snapshot misses corrections, counts wrong ones, or differs from run to run."""

from tests.databases import (
    DEPARTMENT,
    complaint,
    correction,
    feedback_store,
)


def snapshot(store, **overrides):
    defaults = {
        "correct_ratio": 0.5,
        "replay_max": 0,
        "window_after_id": None,
        "window_max": 0,
        "seed": 42,
    }
    return store.snapshot(DEPARTMENT, **defaults | overrides)


def test_an_empty_table_gives_an_empty_snapshot(feedback_url):
    taken = snapshot(feedback_store(feedback_url))
    assert taken.rows.num_rows == 0
    assert taken.report.newest_complaint_id is None


def test_corrections_and_half_as_many_unflagged_complaints_are_read(feedback_url):
    store = feedback_store(feedback_url)
    store.upsert_complaints([complaint(i) for i in range(1, 101)])
    store.upsert_corrections([correction(i) for i in range(1, 21)])
    taken = snapshot(store)
    rows = taken.rows.to_pylist()
    assert [r["complaint_id"] for r in rows[:20]] == list(range(1, 21))
    assert {r["source"] for r in rows[20:]} == {"unflagged"}
    assert [r["sample_rank"] for r in rows[20:]] == list(range(10))
    assert taken.report.unflagged_count == 80
    assert store.corrections(DEPARTMENT).num_rows == 20
    assert store.reviewed_since(None).counts == {"department": 20, "urgency": 20}
