"""Risk: the way back is closed or leads astray."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

import resources.postgres.connection
from resources.feedback_store import FeedbackStore
from resources.registry.base import Deployment
from sambodhan_assets.domain.errors import PermanentError, TransientError
from sambodhan_assets.domain.models.classifier import load_classifier
from tests.command_lines import sambodhan
from tests.deployments import DEPLOYED_TAG, deploy_another, roll_back
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, World


@pytest.fixture
def third_version(deployed: World, tmp_path: Path) -> World:
    """Three versions were deployed one after the other."""
    deploy_another(deployed, tmp_path)
    deploy_another(deployed, tmp_path)
    return deployed


def test_rolling_back_twice_goes_back_two_versions(third_version: World):
    first, second, third = third_version.model_tags()
    outcome = roll_back(third_version)
    assert outcome.success
    assert outcome.made == DEPLOYED_TAG
    assert third_version.serving() == second
    assert roll_back(third_version).success
    assert third_version.serving() == first
    assert third_version.moves()[3:] == [("rollback", second), ("rollback", first)]
    assert third in third_version.model_tags()


def test_the_first_version_has_nothing_to_go_back_to(deployed: World):
    outcome = roll_back(deployed)
    assert not outcome.success
    assert outcome.failure is not None
    assert "was the first version" in str(outcome.failure.description)
    assert len(deployed.moves()) == 1


def test_nothing_deployed_is_nothing_to_go_back_from(first_round: World):
    outcome = roll_back(first_round)
    assert not outcome.success
    assert outcome.failure is not None
    assert "nothing is deployed" in str(outcome.failure.description)


def test_the_command_line_goes_back_to_a_named_version(
    third_version: World, monkeypatch: pytest.MonkeyPatch
):
    first, _, third = third_version.model_tags()
    result = sambodhan(third_version, monkeypatch, "rollback", "department", "--to", first)
    assert result.exit_code == 0, result.output
    assert result.output == f"department: {first} serves again; it was {third}.\n"
    assert third_version.serving() == first
    assert (
        sambodhan(third_version, monkeypatch, "rollback", "department", "--to", third).exit_code
        == 0
    )
    assert third_version.serving() == third


@pytest.mark.parametrize("tag", ["v20200101_000000", "nonsense", "../../etc"])
def test_an_unknown_version_is_refused_and_the_known_ones_are_named(
    third_version: World, monkeypatch: pytest.MonkeyPatch, tag: str
):
    result = sambodhan(third_version, monkeypatch, "rollback", "department", "--to", tag)
    assert isinstance(result.exception, PermanentError)
    assert "there is no such version" in str(result.exception)
    assert all(known in str(result.exception) for known in third_version.model_tags())
    assert len(third_version.moves()) == 3


def test_the_serving_version_is_not_rolled_back_to_itself(third_version: World):
    serving = third_version.serving()
    outcome = roll_back(third_version, to=serving)
    assert not outcome.success
    assert outcome.failure is not None
    assert f"{serving} serves already" in str(outcome.failure.description)
    assert len(third_version.moves()) == 3


def test_a_damaged_version_does_not_serve_again(third_version: World):
    _, second, third = third_version.model_tags()
    (damaged,) = third_version.home.glob(f"registry/models/*/versions/{second}/linear.skops")
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    outcome = roll_back(third_version)
    assert not outcome.success
    assert outcome.failure is not None
    assert "linear.skops has changed" in str(outcome.failure.description)
    assert third_version.serving() == third


def test_the_next_window_begins_with_the_move_back(third_version: World):
    roll_back(third_version)
    history = third_version.registry.deployments(third_version.lanes.model_repository(DEPARTMENT))
    assert history[-1].action == "rollback"
    assert history[-1].traffic_after_id == third_version.store.newest_complaint_id()


@pytest.fixture
def database_is_down(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address where nobody answers."""
    monkeypatch.setattr(resources.postgres.connection, "FIRST_WAIT_SECONDS", 0.01)
    url = "postgresql://user:geheim@127.0.0.1:1/feedback"
    monkeypatch.setenv("POSTGRES_URL", url)
    return url


def last_move(world: World) -> Deployment:
    return world.registry.deployments(world.lanes.model_repository(DEPARTMENT))[-1]


def test_the_command_line_goes_back_while_the_database_is_down_and_says_so(
    third_version: World, monkeypatch: pytest.MonkeyPatch, database_is_down: str
):
    known = last_move(third_version).traffic_after_id
    second, third = third_version.model_tags()[1:]
    world = replace(third_version, url=database_is_down)
    result = sambodhan(world, monkeypatch, "rollback", "department")
    assert result.exit_code == 0, result.output
    assert "no connection to PostgreSQL" in result.stderr
    assert "geheim" not in result.output
    assert result.stdout.splitlines()[-2:] == [
        f"department: {second} serves again; it was {third}.",
        f"department: rolled back from {third} while the database was down; its window begins "
        f"after complaint {known}.",
    ]
    assert last_move(world).traffic_after_id == known > 0


def test_the_job_goes_back_while_the_database_is_down(third_version: World, database_is_down: str):
    assert os.environ["POSTGRES_URL"] == database_is_down
    known = last_move(third_version).traffic_after_id
    outcome = roll_back(third_version)
    assert outcome.success
    assert last_move(third_version).tag == third_version.model_tags()[1]
    assert last_move(third_version).traffic_after_id == known
    assert "while the database was down" in last_move(third_version).reason
    assert "no connection to PostgreSQL" in outcome.events


def test_a_window_that_begins_too_early_leaves_out_what_another_version_answered(
    second_round: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # The first version answered everything; a second one is put over it and taken back blindly.
    deploy_another(second_round, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(FeedbackStore, "newest_complaint_id", _gives_no_answer)
        assert roll_back(second_round).success
    outcome = run(second_round)
    assert outcome.success
    assert outcome.checks["F1_GATE"].passed


def _gives_no_answer(_: FeedbackStore) -> int:
    raise TransientError(tried="Asking", found="nobody answers.", todo="Wait.")


def test_what_is_rolled_back_to_still_answers(third_version: World):
    roll_back(third_version)
    repository = third_version.lanes.model_repository(DEPARTMENT)
    version = third_version.registry.version(repository, str(third_version.serving()))
    with third_version.registry.fetched(version) as folder:
        answer = load_classifier(folder).predict_proba(["धाराको पानी फोहोर छ"])
    assert answer.shape == (1, len(DEPARTMENT.labels))
