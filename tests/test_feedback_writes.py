"""Risk: half a load stays in the database, or creating the tables harms those that exist."""

import pytest

from resources.feedback.health import tls_warnings
from resources.feedback_store import FeedbackStore
from resources.postgres.url import database_url
from sambodhan_assets.domain.errors import PermanentError
from tests.databases import (
    DEPARTMENT,
    complaint,
    correction,
    execute,
    feedback_store,
    open_folder,
    snapshot,
    text_of,
)

COUNTS = "SELECT (SELECT count(*) FROM complaints), (SELECT count(*) FROM misclassified_complaints)"


@pytest.fixture
def store(feedback_url):
    return feedback_store(feedback_url)


def test_a_row_with_a_known_id_replaces_the_old_one(feedback_url, store):
    assert store.upsert_complaints([complaint(1), complaint(2)]) == 2
    assert store.upsert_complaints([complaint(2, message="new"), complaint(3)]) == 2
    query = "SELECT id, message = 'new' FROM complaints ORDER BY id"
    assert execute(feedback_url, query) == [(1, False), (2, True), (3, False)]
    store.upsert_corrections([correction(1, id=5)])
    store.upsert_corrections([correction(1, id=5, correct_department=DEPARTMENT.labels[3])])
    assert store.corrections(DEPARTMENT)["label"].to_pylist() == [DEPARTMENT.labels[3]]


def test_missing_values_of_a_correction_get_their_defaults(feedback_url, store):
    store.upsert_complaints([complaint(1, urgency="URGENT")])
    store.upsert_corrections([{"complaint_id": 1, "correct_urgency": "NORMAL"}])
    query = (
        "SELECT model_predicted_urgency, correct_urgency, correct_department, reviewed,"
        " reviewed_at > now() - interval '1 minute' FROM misclassified_complaints"
    )
    assert execute(feedback_url, query) == [("URGENT", "NORMAL", None, True, True)]


def test_new_ids_continue_behind_those_that_were_given(feedback_url, store):
    store.upsert_complaints([complaint(1)])
    store.upsert_corrections([correction(1, id=50), correction(1), correction(1)])
    store.upsert_corrections([correction(1), correction(1, id=7)])
    query = "SELECT array_agg(id ORDER BY id) FROM misclassified_complaints"
    given = execute(feedback_url, query)[0][0]
    assert given[:2] == [7, 50]
    assert len(set(given)) == 5
    assert min(given[2:]) > 50


def broken_rows():
    yield complaint(1)
    raise RuntimeError("the file ended")


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (broken_rows, RuntimeError, "the file ended"),
        (lambda: [complaint(1), complaint(1)], PermanentError, "more than once: 1"),
        (lambda: [complaint(1), complaint(2, message="a\0b")], PermanentError, "NUL"),
        (lambda: [complaint(1), complaint("two")], PermanentError, "invalid input syntax"),
    ],
)
def test_if_any_complaint_fails_none_is_written(feedback_url, store, rows, error, message):
    with pytest.raises(error, match=message):
        store.upsert_complaints(rows())
    assert execute(feedback_url, COUNTS) == [(0, 0)]


def test_corrections_of_unknown_complaints_are_named_and_none_is_written(feedback_url, store):
    store.upsert_complaints([complaint(1)])
    with pytest.raises(PermanentError, match="ids: 8, 9"):
        store.upsert_corrections([correction(1), correction(8), correction(9)])
    assert execute(feedback_url, COUNTS) == [(1, 0)]


def test_tables_are_created_once_and_words_tell_what_was_done(empty_database):
    store = feedback_store(empty_database)
    with pytest.raises(PermanentError, match=r"complaints\.id.*sambodhan db init"):
        snapshot(store)
    assert store.initialise() == [
        "created the table complaints",
        "created the table misclassified_complaints",
        "created the index ix_mc_complaint",
        "created the index ix_mc_reviewed_at",
    ]
    assert store.initialise() == []
    health = store.health()
    assert health.reachable
    assert health.problems == health.warnings == health.missing == health.missing_indexes == ()
    assert health.read_only is False


def test_an_index_of_another_name_that_serves_is_not_built_again(feedback_url, store):
    execute(
        feedback_url,
        "DROP INDEX ix_mc_complaint",
        "DROP INDEX ix_mc_reviewed_at",
        "CREATE INDEX theirs ON misclassified_complaints (complaint_id, id)",
    )
    assert store.health().missing_indexes == ("ix_mc_reviewed_at",)
    assert "reads the whole table" in store.health().warnings[0]
    execute(feedback_url, "CREATE INDEX also ON misclassified_complaints (reviewed, reviewed_at)")
    assert store.initialise() == []


def test_who_may_not_create_is_given_the_statements(empty_database):
    execute(empty_database, "DROP ROLE IF EXISTS visitor", "CREATE ROLE visitor LOGIN")
    store = feedback_store(text_of(database_url(empty_database).set(username="visitor")))
    with pytest.raises(PermanentError, match="Ask an administrator to run: CREATE TABLE") as error:
        store.initialise()
    execute(empty_database, *filter(None, str(error.value).split("run: ")[1].split(";")))
    execute(empty_database, "GRANT SELECT ON complaints, misclassified_complaints TO visitor")
    assert store.initialise() == []
    assert snapshot(store).rows.num_rows == 0
    execute(empty_database, "DROP OWNED BY visitor", "DROP ROLE visitor")


def test_health_tells_what_is_wrong_instead_of_raising(feedback_url, store):
    unreachable = feedback_store("nonsense").health()
    assert not unreachable.reachable
    assert "POSTGRES_URL" in unreachable.problems[0]
    assert unreachable.read_only is None
    execute(
        feedback_url,
        "ALTER TABLE complaints DROP COLUMN urgency",
        "ALTER TABLE misclassified_complaints ALTER reviewed_at TYPE text",
    )
    problems = " ".join(store.health().problems)
    assert "complaints.urgency is missing" in problems
    assert "reviewed_at is text" in problems


def test_an_embedded_store_needs_nothing_but_a_folder():
    with open_folder() as folder:
        store = FeedbackStore(home=str(folder))
        assert "created the table complaints" in store.initialise()
        assert store.newest_complaint_id() is None
        store.upsert_complaints([complaint(1)])
        assert snapshot(store, replay_max=1).rows.num_rows == 1
        assert store.health().embedded
        assert (folder / "postgres" / "PG_VERSION").exists()
        store.embedded_server().stop()


def test_an_encrypted_connection_is_recommended_for_another_host():
    remote = database_url("postgresql://u:secret@db.example/feedback")
    assert "sslmode=verify-full" in tls_warnings(remote, encrypted=False)[0]
    assert "secret" not in tls_warnings(remote, encrypted=False)[0]
    safe = database_url("postgresql://u@db.example/feedback?sslmode=require")
    assert tls_warnings(safe, encrypted=True) == []
    assert tls_warnings(database_url("postgresql://u@localhost/db"), encrypted=False) == []
