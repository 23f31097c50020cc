"""Risk: a label that a person gave is lost, counted twice, or given to another complaint.

Both stores pass the same tests.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from resources.audits.artifacts import ArtifactAudits
from resources.audits.base import AuditStore
from resources.audits.postgres import PostgresAudits
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.labelling.label_tables import VERIFIED_SCHEMA
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.label_tasks import LabelTask
from tests.databases import DEPARTMENT, NOON, URGENCY, audit_store, execute
from tests.sheets import DRAWN_AT, audit_row, labelling

TONE = LabelTask(name="tone", column="tone of voice", labels=("CALM", "ANGRY"))
LATER = NOON + timedelta(days=30)
OFFICE, SCHOOL = DEPARTMENT.labels[0], DEPARTMENT.labels[1]
Opener = Callable[[], AuditStore]


@pytest.fixture(params=["postgres", "artifacts"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> AuditStore:
    if request.param == "artifacts":
        return ArtifactAudits(url=str(tmp_path))
    return PostgresAudits(url=request.getfixturevalue("empty_database"), home="/nonexistent")


def test_an_empty_store_has_no_batches_and_no_labels(store: AuditStore):
    assert store.rows() == []
    assert store.open_batches() == []
    assert store.verified(DEPARTMENT).equals(VERIFIED_SCHEMA.empty_table())


def test_a_batch_comes_back_as_it_was_registered_in_its_order(store: AuditStore):
    batch = [audit_row(3), audit_row(1, inclusion_probability=None), audit_row(2**62)]
    assert store.add(batch)
    assert store.rows() == batch
    assert store.rows([batch[0].batch]) == batch
    assert store.rows(["another"]) == []


def test_a_batch_that_is_registered_twice_is_there_once(store: AuditStore):
    batch = [audit_row(3), audit_row(1)]
    assert store.add(batch)
    assert not store.add(batch)
    store.write_labels([labelling(1)], now=NOON)
    assert not store.add(batch)
    assert len(store.rows()) == 2
    assert store.verified(DEPARTMENT).num_rows == 1


def test_another_batch_of_the_same_name_is_refused(store: AuditStore):
    store.add([audit_row(3)])
    with pytest.raises(PermanentError, match="other complaints"):
        store.add([audit_row(4)])
    assert [row.complaint_id for row in store.rows()] == [3]


def test_a_label_is_written_with_who_and_when(store: AuditStore):
    store.add([audit_row(3), audit_row(1)])
    given = labelling(1, labels={"urgency": "URGENT"}, verifier="Sita", verified_at=NOON)
    assert store.write_labels([given], now=LATER) == 1
    (row,) = store.verified(URGENCY).to_pylist()
    assert row == {
        "batch": "audit-20250602-030000",
        "complaint_id": 1,
        "purpose": "audit",
        "stratum": "unflagged",
        "inclusion_probability": 0.25,
        "label": "URGENT",
        "verifier": "Sita",
        "verified_at": NOON,
    }
    assert store.verified(DEPARTMENT).num_rows == 0


def test_a_label_without_a_time_counts_from_now(store: AuditStore):
    store.add([audit_row(1)])
    store.write_labels([labelling(1)], now=LATER)
    assert store.verified(DEPARTMENT)["verified_at"].to_pylist() == [LATER]


def test_writing_the_same_labels_again_changes_nothing(store: AuditStore):
    store.add([audit_row(1), audit_row(2)])
    given = [labelling(1), labelling(2, labels={"urgency": "URGENT"}, verifier="Hari")]
    assert store.write_labels(given, now=NOON) == 2
    before = store.rows()
    assert store.write_labels(given, now=LATER) == 0
    assert store.rows() == before


def test_a_changed_label_replaces_the_earlier_one_and_others_stay(store: AuditStore):
    store.add([audit_row(1)])
    store.write_labels([labelling(1, labels={"department": OFFICE, "urgency": "URGENT"})], now=NOON)
    store.write_labels([labelling(1, labels={"department": SCHOOL})], now=LATER)
    (row,) = store.rows()
    assert row.labels == {"department": SCHOOL, "urgency": "URGENT"}
    assert row.verified_at == LATER


def test_cells_left_empty_take_no_label_away(store: AuditStore):
    store.add([audit_row(1)])
    store.write_labels([labelling(1)], now=NOON)
    assert store.write_labels([labelling(1, labels={}, verifier="Hari")], now=LATER) == 0
    assert store.rows()[0].labels == labelling(1).labels


def test_a_label_for_a_complaint_that_was_not_drawn_is_refused_and_nothing_is_written(
    store: AuditStore,
):
    store.add([audit_row(1)])
    with pytest.raises(PermanentError, match="7 of audit-20250602-030000"):
        store.write_labels([labelling(1), labelling(7)], now=NOON)
    assert store.verified(DEPARTMENT).num_rows == 0


def test_one_complaint_in_two_batches_has_both_labels_from_old_to_new(store: AuditStore):
    again = {"batch": "review-department-1", "purpose": Purpose.REVIEW, "asked": ("department",)}
    store.add([audit_row(1)])
    store.add([audit_row(1, drawn_at=LATER, inclusion_probability=None, **again)])
    newer = labelling(1, batch="review-department-1", labels={"department": SCHOOL})
    store.write_labels([replace(newer, verified_at=LATER)], now=LATER)
    store.write_labels([labelling(1, labels={"department": OFFICE})], now=NOON)
    assert store.verified(DEPARTMENT)["label"].to_pylist() == [OFFICE, SCHOOL]
    assert store.verified(DEPARTMENT)["purpose"].to_pylist() == ["audit", "review"]


def test_a_batch_is_open_until_every_label_that_it_asks_for_is_given(store: AuditStore):
    store.add([audit_row(1), audit_row(2)])
    other = {"batch": "disagreement-department-x-1", "asked": ("department",)}
    store.add([audit_row(1, purpose=Purpose.DISAGREEMENT, drawn_at=LATER, **other)])
    assert [(b.name, b.rows, b.unfilled) for b in store.open_batches()] == [
        ("audit-20250602-030000", 2, 2),
        ("disagreement-department-x-1", 1, 1),
    ]
    both = {"department": OFFICE, "urgency": "URGENT"}
    store.write_labels([labelling(1, labels=both), labelling(2)], now=NOON)
    store.write_labels([labelling(1, batch=other["batch"])], now=NOON)
    (left,) = store.open_batches()
    assert (left.name, left.unfilled, left.purpose) == ("audit-20250602-030000", 1, Purpose.AUDIT)
    assert (left.drawn_at, left.asked) == (DRAWN_AT, ("department", "urgency"))


def test_a_third_task_needs_no_more_than_its_entry(store: AuditStore):
    store.add([audit_row(1)])
    store.add([audit_row(2, batch="audit-2", asked=("department", TONE.column))])
    given = labelling(2, batch="audit-2", labels={TONE.column: "ANGRY"})
    assert store.write_labels([given], now=NOON) == 1
    assert store.verified(TONE)["label"].to_pylist() == ["ANGRY"]
    assert store.verified(DEPARTMENT).num_rows == 0


def test_the_table_is_created_once_and_grows_with_the_tasks(empty_database: str):
    store = audit_store(empty_database)
    assert store.initialise([DEPARTMENT]) == ["created the table complaint_audits"]
    assert store.initialise([DEPARTMENT]) == []
    assert store.initialise([DEPARTMENT, TONE]) == [
        "added the column complaint_audits.verified_tone of voice"
    ]


def test_a_label_that_was_written_by_hand_without_a_time_counts_since_the_draw(
    empty_database: str,
):
    store = audit_store(empty_database)
    store.add([audit_row(1)])
    execute(empty_database, "UPDATE complaint_audits SET verified_urgency = 'URGENT'")
    assert store.verified(URGENCY)["verified_at"].to_pylist() == [DRAWN_AT]


def test_an_unknown_purpose_in_the_table_is_named(empty_database: str):
    store = audit_store(empty_database)
    store.add([audit_row(1)])
    execute(empty_database, "UPDATE complaint_audits SET purpose = 'fun'")
    with pytest.raises(PermanentError, match="'fun'"):
        store.rows()
