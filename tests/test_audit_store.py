"""Risk: a label that a person gave is lost, counted twice, or kept where nobody reads it.

Both stores pass the same tests.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from resources.audits.artifacts import ArtifactAudits
from resources.audits.base import AuditStore
from resources.audits.chosen import ChosenAudits
from resources.audits.postgres import PostgresAudits
from sambodhan_assets.domain.errors import PermanentError, TransientError
from sambodhan_assets.domain.labelling.label_tables import VERIFIED_SCHEMA
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.label_tasks import LabelTask
from tests.databases import DEPARTMENT, NOON, URGENCY, execute
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


# PostgreSQL alone


def open_store(url: str) -> PostgresAudits:
    return PostgresAudits(url=url, home="/nonexistent")


def test_the_table_is_created_once_and_grows_with_the_tasks(empty_database: str):
    store = open_store(empty_database)
    assert store.initialise([DEPARTMENT]) == ["created the table complaint_audits"]
    assert store.initialise([DEPARTMENT]) == []
    assert store.initialise([DEPARTMENT, TONE]) == [
        "added the column complaint_audits.verified_tone of voice"
    ]


def test_a_label_that_was_written_by_hand_without_a_time_counts_since_the_draw(
    empty_database: str,
):
    store = open_store(empty_database)
    store.add([audit_row(1)])
    execute(empty_database, "UPDATE complaint_audits SET verified_urgency = 'URGENT'")
    assert store.verified(URGENCY)["verified_at"].to_pylist() == [DRAWN_AT]


def test_an_unknown_purpose_in_the_table_is_named(empty_database: str):
    store = open_store(empty_database)
    store.add([audit_row(1)])
    execute(empty_database, "UPDATE complaint_audits SET purpose = 'fun'")
    with pytest.raises(PermanentError, match="'fun'"):
        store.rows()


# The choice


def chosen(url: str, tmp_path: Path, **overrides: str) -> ChosenAudits:
    defaults = {"postgres_url": url, "home": "/nonexistent", "artifact_url": str(tmp_path)}
    return ChosenAudits(**defaults | overrides)


def read_only(url: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}options=-c%20default_transaction_read_only%3Don"


def test_a_role_that_may_write_keeps_audits_in_the_database(feedback_url: str, tmp_path: Path):
    audits = chosen(feedback_url, tmp_path)
    assert audits.place() == "table complaint_audits in the database of POSTGRES_URL"
    audits.add([audit_row(1)])
    assert open_store(feedback_url).rows() == audits.rows() == [audit_row(1)]
    assert list(tmp_path.iterdir()) == []


def test_a_role_that_may_only_read_keeps_audits_beside_the_artifacts(
    feedback_url: str, tmp_path: Path
):
    audits = chosen(read_only(feedback_url), tmp_path)
    assert "because the role of POSTGRES_URL may only read" in audits.place()
    audits.add([audit_row(1)])
    audits.write_labels([labelling(1)], now=NOON)
    assert audits.verified(DEPARTMENT).num_rows == 1
    assert ArtifactAudits(url=str(tmp_path)).rows() == audits.rows()
    (told,) = audits.initialise([DEPARTMENT])
    assert "left audits in the artifact store" in told


def test_a_role_without_rights_on_the_table_keeps_audits_beside_the_artifacts(
    feedback_url: str, tmp_path: Path
):
    open_store(feedback_url).initialise([DEPARTMENT])
    name = "reader_" + feedback_url.rpartition("test_")[2][:8]
    execute(feedback_url, f"CREATE ROLE {name} LOGIN", f"GRANT USAGE ON SCHEMA public TO {name}")
    as_reader = f"{feedback_url}{'&' if '?' in feedback_url else '?'}options=-c%20role%3D{name}"
    try:
        assert isinstance(chosen(as_reader, tmp_path).chosen(), ArtifactAudits)
        grant = f"GRANT SELECT, INSERT, UPDATE ON complaint_audits TO {name}"
        execute(feedback_url, grant)
        assert isinstance(chosen(as_reader, tmp_path).chosen(), PostgresAudits)
    finally:
        execute(feedback_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_the_platforms_own_database_goes_first_and_is_never_passed_over(
    feedback_url: str, tmp_path: Path
):
    audits = chosen(read_only(feedback_url), tmp_path, platform_url=feedback_url)
    audits.add([audit_row(1)])
    assert "PLATFORM_DB_URL" in audits.place()
    assert open_store(feedback_url).rows() == [audit_row(1)]
    unusable = chosen(feedback_url, tmp_path, platform_url=read_only(feedback_url))
    with pytest.raises(PermanentError):
        unusable.add([audit_row(1, batch="audit-2")])


def test_a_platform_database_that_is_away_is_named_by_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("resources.postgres.connection.FIRST_WAIT_SECONDS", 0.0)
    away = "postgresql://user:geheim@127.0.0.1:1/nothing"
    audits = chosen("", tmp_path, platform_url=away)
    with pytest.raises(TransientError, match="PLATFORM_DB_URL") as error:
        audits.rows()
    assert "geheim" not in str(error.value)
