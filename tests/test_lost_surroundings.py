"""Risk: a lost database or a full disk ends in half a version, or a password in a log.

Every failure must say what was found, change nothing that serves, and leave the next run a way.
"""

import resource
from collections.abc import Callable
from contextlib import contextmanager

import pytest

import resources.feedback.snapshot
import resources.postgres.connection
from resources.registry.folder import FolderRegistry
from tests.databases import execute
from tests.lane_runs import run, words_of_failure
from tests.lane_world import DEPARTMENT, STAGES, World, keys

PREPARED = keys(DEPARTMENT, *STAGES[:3])
DEFAULT_FILE_SIZE = resource.getrlimit(resource.RLIMIT_FSIZE)


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
