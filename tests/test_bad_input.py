"""Risk: bad rows, a lost database or a full disk end in a wrong dataset instead of a clear red run.

Every failure must say what was found, change nothing that serves, and leave the next run a way.
"""

import resource
from collections.abc import Callable
from contextlib import contextmanager

import pytest

import resources.feedback.snapshot
import resources.postgres.connection
from resources.registry.folder import FolderRegistry
from sambodhan_assets.domain.dataset.files import read_dataset
from tests.databases import execute
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, STAGES, World, keys

PREPARED = keys(DEPARTMENT, *STAGES[:3])
TEN_MEGABYTES = 10_000_000
DEFAULT_FILE_SIZE = resource.getrlimit(resource.RLIMIT_FSIZE)


def prepared_dataset(world: World):
    version = world.registry.newest(world.lanes.dataset_repository(DEPARTMENT))
    assert version is not None
    with world.registry.fetched(version) as folder:
        return read_dataset(folder)


def words_of_failure(outcome) -> str:
    assert not outcome.success
    assert outcome.failure is not None
    return str(outcome.failure.description)


# Rows


def test_unknown_labels_are_an_error_that_names_values_and_complaints(first_round: World):
    changed = execute(
        first_round.url,
        "UPDATE complaints SET department = 'Forestry' WHERE id = 7",
        "DELETE FROM misclassified_complaints WHERE complaint_id = 7",
        "UPDATE misclassified_complaints SET correct_department = 'security' WHERE id ="
        " (SELECT min(id) FROM misclassified_complaints WHERE correct_department IS NOT NULL)"
        " RETURNING complaint_id, id",
    )
    found = words_of_failure(run(first_round, "prepare_department"))
    assert "'Forestry' in 1 rows (complaints 7)" in found
    complaint, review = changed[0]
    assert f"'security' in 1 rows (complaints {complaint} in review {review})" in found
    assert all(repr(label) in found for label in DEPARTMENT.labels)
    assert first_round.dataset_tags() == []


def test_a_complaint_in_the_column_of_a_label_is_not_quoted(first_round: World):
    execute(first_round.url, "UPDATE complaints SET department = message || message WHERE id = 7")
    execute(first_round.url, "DELETE FROM misclassified_complaints WHERE complaint_id = 7")
    outcome = run(first_round, "prepare_department")
    assert " characters in 1 rows (complaints 7)" in words_of_failure(outcome)
    ((message,),) = execute(first_round.url, "SELECT message FROM complaints WHERE id = 7")
    assert message not in outcome.events


FLAGGED = "SELECT complaint_id FROM misclassified_complaints"
CORRECTED = f"{FLAGGED} WHERE correct_department IS NOT NULL"


@pytest.mark.parametrize("chosen", [f"IN ({CORRECTED})", f"NOT IN ({FLAGGED})"])
def test_a_text_of_ten_megabytes_is_left_out_and_counted(first_round: World, chosen: str):
    execute(
        first_round.url,
        f"UPDATE complaints SET message = repeat('वडा ', {TEN_MEGABYTES // 4})"
        f" WHERE id = (SELECT min(id) FROM complaints WHERE id {chosen})",
    )
    outcome = run(first_round, "prepare_department")
    assert outcome.success
    assert outcome.made == PREPARED
    dataset = prepared_dataset(first_round)
    assert dataset.report.excluded["longer than 20000 characters"] == 1
    longest = max(
        len(text)
        for table in (*dataset.splits.values(), dataset.replay, dataset.window)
        for text in table["grievance"].to_pylist()
    )
    assert longest <= 20_000


@pytest.mark.parametrize("message", ["NULL", "''", r"E'<p>\n</p>  <br/>'"])
def test_a_text_without_a_word_is_left_out_and_counted(first_round: World, message: str):
    execute(
        first_round.url,
        f"UPDATE complaints SET message = {message} WHERE id IN"
        f" (SELECT id FROM complaints WHERE id NOT IN ({FLAGGED}) LIMIT 3)",
    )
    assert run(first_round, "prepare_department").success
    assert prepared_dataset(first_round).report.excluded["empty after cleaning"] == 3


def test_empty_tables_are_green_and_amber(first_round: World):
    execute(first_round.url, "TRUNCATE complaints, misclassified_complaints")
    outcome = run(first_round)
    assert outcome.success
    assert outcome.made == keys(DEPARTMENT, "raw_feedback")
    assert outcome.amber("MIN_DATASET_LEN")
    assert outcome.checks["MIN_DATASET_LEN"].description == "0 of 30 rows."


def test_rows_of_one_label_are_an_error_that_names_it(first_round: World):
    only = DEPARTMENT.labels[0]
    execute(
        first_round.url,
        f"UPDATE complaints SET department = '{only}'",
        f"UPDATE misclassified_complaints SET correct_department = '{only}'"
        " WHERE correct_department IS NOT NULL",
        "UPDATE misclassified_complaints SET model_predicted_department ="
        f" '{DEPARTMENT.labels[1]}'",
    )
    found = words_of_failure(run(first_round))
    assert f"rows have the label '{only}'" in found
    assert "review complaints of the other labels" in found
    assert first_round.dataset_tags() == []


def test_a_label_with_two_rows_is_prepared_trained_on_and_reported(first_round: World):
    rare, common = DEPARTMENT.labels[3], DEPARTMENT.labels[0]
    execute(
        first_round.url,
        f"UPDATE complaints SET department = '{common}' WHERE department = '{rare}'",
        f"UPDATE misclassified_complaints SET correct_department = '{common}'"
        f" WHERE correct_department = '{rare}'",
        f"UPDATE misclassified_complaints SET correct_department = '{rare}',"
        f" model_predicted_department = '{common}' WHERE id IN (SELECT id FROM"
        f" misclassified_complaints WHERE correct_department = '{common}' ORDER BY id LIMIT 2)",
        "UPDATE complaints c SET message = 'A word for each of two: ' || repeat(c.id || ' ', 9)"
        " FROM misclassified_complaints m"
        f" WHERE m.complaint_id = c.id AND m.correct_department = '{rare}'",
    )
    outcome = run(first_round)
    assert outcome.success
    assert outcome.made[:5] == keys(DEPARTMENT, *STAGES[:5])
    dataset = prepared_dataset(first_round)
    assert dataset.report.thin_labels[rare] == 2
    counts = dataset.report.labels_by_split
    assert sum(counts[split][rare] for split in ("train", "eval", "test")) == 2


# Surroundings


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts to connect follow each other at once."""
    monkeypatch.setattr(resources.postgres.connection, "FIRST_WAIT_SECONDS", 0.01)


@pytest.mark.usefixtures("impatient")
def test_a_database_that_is_down_is_a_failure_that_a_retry_may_cure(
    deployed: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("POSTGRES_URL", "postgresql://user:geheim@127.0.0.1:1/feedback")
    outcome = run(deployed)
    found = words_of_failure(outcome)
    assert "no connection to PostgreSQL in 3 attempts" in found
    assert outcome.failure is not None
    assert outcome.failure.allow_retries
    assert deployed.serving() is not None
    assert outcome.made == []


@pytest.mark.usefixtures("impatient")
def test_a_database_that_goes_away_while_it_is_read_publishes_nothing(
    second_round: World, monkeypatch: pytest.MonkeyPatch
):
    count = resources.feedback.snapshot.count_unflagged

    def count_after_the_server_hung_up(*arguments):
        execute(
            second_round.url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        return count(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(
            resources.feedback.snapshot, "count_unflagged", count_after_the_server_hung_up
        )
        outcome = run(second_round)
    assert "the connection was lost" in words_of_failure(outcome)
    assert outcome.made == []
    assert len(second_round.dataset_tags()) == 1
    assert run(second_round, "prepare_department").made == PREPARED


@contextmanager
def full_disk():
    """No file may grow beyond some bytes: writing fails as it does on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, DEFAULT_FILE_SIZE[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, DEFAULT_FILE_SIZE)


def publish_on_a_full_disk(kind: str) -> Callable:
    publish = FolderRegistry.publish

    def publish_or_fail(self, repository, folder, publication):
        if repository.kind != kind:
            return publish(self, repository, folder, publication)
        with full_disk():
            return publish(self, repository, folder, publication)

    return publish_or_fail


@pytest.mark.parametrize("kind", ["snapshot", "dataset", "model"])
def test_a_full_disk_leaves_no_half_version_and_the_next_run_finishes(
    second_round: World, monkeypatch: pytest.MonkeyPatch, kind: str
):
    first = second_round.serving()
    with monkeypatch.context() as patch:
        patch.setattr(FolderRegistry, "publish", publish_on_a_full_disk(kind))
        outcome = run(second_round)
    found = words_of_failure(outcome)
    assert "the storage refuses" in found
    assert "nothing was half-published" in found
    assert second_round.serving() == first
    assert len(second_round.dataset_tags()) == (2 if kind == "model" else 1)
    assert len(second_round.model_tags()) == 1
    if kind == "model":
        assert run(second_round).success
        assert second_round.moves() == [("deploy", first), ("deploy", second_round.model_tags()[1])]
    else:
        assert run(second_round, "prepare_department").made == PREPARED
        assert len(second_round.dataset_tags()) == 2


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("broken", ["host", "label", "nothing"])
def test_the_password_is_in_no_event_and_in_no_output(
    first_round: World,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    broken: str,
):
    secret = "s3cr%40t-geheim"
    # The embedded server trusts its socket, so any password opens it.
    url = first_round.url.replace("//postgres@", f"//postgres:{secret}@")
    if broken == "host":
        url = f"postgresql://user:{secret}@127.0.0.1:1/feedback"
    if broken == "label":
        execute(first_round.url, "UPDATE complaints SET department = 'Forestry'")
    assert secret in url
    monkeypatch.setenv("POSTGRES_URL", url)
    world = first_round.but(POSTGRES_URL=url)
    outcome = run(world, "prepare_department")
    assert outcome.success == (broken == "nothing")
    printed = capfd.readouterr()
    seen = (outcome.events, printed.out, printed.err, caplog.text, repr(world.definitions))
    for text in seen:
        assert "geheim" not in text
    assert "geheim" not in str(world.settings)
    for path in world.home.rglob("*"):
        assert not path.is_file() or b"geheim" not in path.read_bytes(), path
