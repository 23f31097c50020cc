"""Risk: the pointer names one version and the Space serves another, and nobody is told."""

from pathlib import Path

import dagster as dg
import pytest

from resources.assembly import open_spaces
from resources.hub_spaces import HubSpaces
from resources.rollback import move_back
from resources.rollout import roll_out
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.run_message import plain_text
from sambodhan_assets.domain.run_summary import RunEnd, RunSummary
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask
from sensors.run_outcome import summarise
from sensors.run_registry import with_registry
from tests.command_lines import sambodhan
from tests.deployments import DEPLOYED_TAG, deploy_another, roll_back
from tests.hub_servers import lfs_hub  # noqa: F401  (fixture)
from tests.inference_spaces import SPACE, Served, inference_space, restarts
from tests.lane_runs import run, run_job
from tests.lane_world import DEPARTMENT, World, keys


class AllBut(set):
    """Every tag but one: the tag of a deployment is known only when it has happened."""

    def __init__(self, kept: str | None) -> None:
        super().__init__()
        self.kept = kept

    def __contains__(self, tag: object) -> bool:
        return tag != self.kept


@pytest.fixture
def promotable_space(promotable: World, lfs_hub):  # noqa: F811
    with inference_space(promotable, lfs_hub) as served:
        yield served


@pytest.fixture
def space(deployed: World, lfs_hub):  # noqa: F811
    with inference_space(deployed, lfs_hub) as served:
        yield served


def why(outcome) -> str:
    assert not outcome.success
    assert outcome.failure is not None
    return str(outcome.failure.description)


def test_a_deployment_restarts_the_space_and_waits_until_it_serves(promotable_space: Served):
    world, container = promotable_space.world, promotable_space.container
    first = world.serving()
    outcome = run(world, only=DEPLOYED_TAG)
    assert outcome.success, outcome.failure
    assert outcome.made == DEPLOYED_TAG
    assert world.serving() == container.tag != first
    assert restarts(promotable_space.hub) == 1
    # The token is for the Hub; the address of the setting is another server.
    assert all("authorization" not in {n.lower() for n in h} for h in container.seen)


def test_a_space_that_cannot_be_built_leaves_the_version_before(promotable_space: Served):
    world, hub = promotable_space.world, promotable_space.hub
    first = world.serving()
    promotable_space.container.stuck = True
    hub.call("POST", "/_space", {"repo": SPACE, "outcome": "BUILD_ERROR"})
    told = why(run(world, only=DEPLOYED_TAG))
    assert "it is in the stage BUILD_ERROR." in told
    assert f"{first} serves again." in told
    second = world.model_tags()[-1]
    assert world.moves() == [("deploy", first), ("deploy", second), ("rollback", first)]
    history = world.registry.deployments(world.lanes.model_repository(DEPARTMENT))
    assert history[-1].replaced == second
    assert "BUILD_ERROR" in history[-1].reason
    assert history[-1].traffic_after_id == history[0].traffic_after_id
    # What was put back does not come again by itself.
    hub.call("POST", "/_space", {"repo": SPACE, "outcome": "RUNNING"})
    assert run(world, only=DEPLOYED_TAG).made == []
    assert len(world.moves()) == 3


def test_the_mail_about_a_version_that_was_put_back_names_the_one_before(
    promotable_space: Served,
):
    world = promotable_space.world
    first = world.serving()
    promotable_space.container.stuck = True
    promotable_space.hub.call("POST", "/_space", {"repo": SPACE, "outcome": "RUNTIME_ERROR"})
    with dg.DagsterInstance.ephemeral() as instance:
        selection = [dg.AssetKey(DEPLOYED_TAG[0].split("/"))]
        found = run_job(world.definitions, "department_pipeline", instance, None, selection)
        red = instance.get_run_by_id(found.run_id)
        assert red is not None
        told = with_registry(
            summarise(instance, red), red, (DEPARTMENT,), world.registry, world.lanes
        )
    assert told.serving is not None
    assert [(serving.tag, serving.by_this_run) for serving in told.serving] == [(first, False)]
    assert f"names the version before again: department {first}." in plain_text(told)
    assert "still serves" not in plain_text(told)


def test_a_space_that_serves_another_version_is_brought_back_to_the_one_before(
    promotable_space: Served,
):
    world, container = promotable_space.world, promotable_space.container
    first = world.serving()
    container.broken = AllBut(first)
    told = why(run(world, only=DEPLOYED_TAG))
    assert "it runs, but says that it serves v20000101_000000" in told
    assert f"{first} serves again." in told
    assert world.serving() == container.tag == first
    assert restarts(promotable_space.hub) == 2


def test_a_space_that_answers_otherwise_than_its_model_is_brought_back(promotable_space: Served):
    world, container = promotable_space.world, promotable_space.container
    first = world.serving()
    container.strange = AllBut(first)
    told = why(run(world, only=DEPLOYED_TAG))
    assert "and the model itself " in told
    assert f"{first} serves again." in told
    assert world.serving() == container.tag == first


def test_a_space_that_the_token_may_not_restart_leaves_all_as_it_was(
    promotable_space: Served, monkeypatch: pytest.MonkeyPatch
):
    world = promotable_space.world
    first = world.serving()
    monkeypatch.setenv("HF_TOKEN", "hf_officials_read")
    told = why(run(world, only=DEPLOYED_TAG))
    assert "403" in told
    assert f"{first} serves again." in told
    assert world.serving() == promotable_space.container.tag == first


def test_a_busy_hub_is_asked_again(promotable_space: Served):
    promotable_space.hub.fault("POST .*/restart", "status", status=503)
    assert run(promotable_space.world, only=DEPLOYED_TAG).success
    assert restarts(promotable_space.hub) == 1


def test_where_both_versions_fail_it_is_told_what_serves(promotable_space: Served):
    world, container = promotable_space.world, promotable_space.container
    first = world.serving()
    container.broken = AllBut(None)
    told = why(run(world, only=DEPLOYED_TAG))
    assert f"The pointer names {first} again, but the Space could not be brought back" in told
    assert "the Space serves v20000101_000000 now" in told


def test_a_rollback_during_a_rollout_is_told_and_not_to_be_repeated(
    promotable_space: Served, monkeypatch: pytest.MonkeyPatch
):
    world = promotable_space.world
    first = world.serving()
    wait = HubSpaces.wait_until_served

    def roll_back_and_wait(spaces: HubSpaces, task: LabelTask, tag: str) -> None:
        if tag != first and world.serving() != first:
            move_back(
                task, world.lanes, world.registry, to=None, traffic_after_id=0, run_id="somebody"
            )
            promotable_space.container.tag = first
        wait(spaces, task, tag)

    monkeypatch.setattr(HubSpaces, "wait_until_served", roll_back_and_wait)
    promotable_space.container.stuck = True
    told = why(run(world, only=DEPLOYED_TAG))
    assert f"Meanwhile somebody has moved the pointer to {first} (rolled back from " in told
    assert "sambodhan rollback" not in told
    assert len(world.moves()) == 3


def test_a_first_version_that_cannot_serve_has_none_to_go_back_to(space: Served):
    space.container.stuck, space.container.tag = True, "v20000101_000000"
    (first,) = space.world.registry.deployments(space.world.lanes.model_repository(DEPARTMENT))
    spaces = open_spaces(space.world.settings, LABEL_TASKS)
    with pytest.raises(PermanentError, match="It is the first version") as caught:
        roll_out(DEPARTMENT, first, space.world.lanes, space.world.registry, spaces)
    assert "the Space serves v20000101_000000 now" in str(caught.value)
    assert len(space.world.moves()) == 1


def test_the_mail_about_a_first_version_that_cannot_serve_does_not_say_that_it_serves(
    space: Served,
):
    world = space.world
    (first,) = world.registry.deployments(world.lanes.model_repository(DEPARTMENT))
    run_of_it = dg.DagsterRun(job_name="department_pipeline", run_id=first.run_id)
    red = RunSummary(run_id=first.run_id, job="department_pipeline", end=RunEnd.FAILED)
    told = plain_text(with_registry(red, run_of_it, (DEPARTMENT,), world.registry, world.lanes))
    assert f"The registry names department {first.tag} since this run; if a Space serves it" in told
    assert f"department: {first.tag} by the registry, since this run" in told
    assert "version serve" not in told


# Going back


def test_the_job_and_the_command_line_go_back_with_the_space(
    space: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = space.world.serving()
    second = deploy_another(space.world, tmp_path)
    assert roll_back(space.world).success
    assert space.container.tag == first
    result = sambodhan(space.world, monkeypatch, "rollback", "department", "--to", second)
    assert result.exit_code == 0, result.output
    assert space.container.tag == second


def test_a_version_that_cannot_serve_again_leaves_the_one_that_serves(
    space: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = str(space.world.serving())
    second = deploy_another(space.world, tmp_path)
    assert run(space.world, only=keys(DEPARTMENT, "deployed_tag")).success
    space.container.broken = {first}
    result = sambodhan(space.world, monkeypatch, "rollback", "department")
    assert isinstance(result.exception, PermanentError)
    assert f"{second} serves again." in str(result.exception)
    assert space.world.serving() == space.container.tag == second
