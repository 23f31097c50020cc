"""Risk: a run that was killed leaves a Space behind, or finishing it takes away one that serves."""

from pathlib import Path

import dagster as dg
import pytest

from sambodhan_assets.domain.run_message import plain_text
from sambodhan_assets.space.examination import examine_spaces
from sensors.run_outcome import summarise
from tests.deployments import DEPLOYED_TAG, deploy_another
from tests.hub_servers import lfs_hub  # noqa: F401  (fixture)
from tests.inference_spaces import SPACE, Served, inference_space, restarts
from tests.lane_runs import run, run_job
from tests.lane_world import World
from tests.tracked_runs import MODELS, by_project


@pytest.fixture
def space(deployed: World, lfs_hub):  # noqa: F811
    with inference_space(deployed, lfs_hub) as served:
        yield served


def test_materializing_the_tag_again_finishes_what_a_killed_run_began(
    space: Served, tmp_path: Path
):
    newer = deploy_another(space.world, tmp_path)
    assert space.container.tag != newer
    told = [text for level, text in examine_spaces(space.world.settings) if level == "warning"]
    assert len(told) == 1
    assert f"{newer} is deployed. Materialize department/deployed_tag" in told[0]
    outcome = run(space.world, only=DEPLOYED_TAG)
    assert outcome.success, outcome.failure
    assert outcome.made == DEPLOYED_TAG
    assert space.container.tag == newer
    assert run(space.world, only=DEPLOYED_TAG).made == []
    assert restarts(space.hub) == 1
    assert len(space.world.moves()) == 2


def test_what_cannot_be_finished_is_red_and_moves_nothing(space: Served, tmp_path: Path):
    newer = deploy_another(space.world, tmp_path)
    space.container.stuck = True
    outcome = run(space.world, only=DEPLOYED_TAG)
    assert outcome.failure is not None
    assert "it runs, but says that it serves" in str(outcome.failure.description)
    assert space.world.serving() == newer
    assert len(space.world.moves()) == 2


@pytest.mark.parametrize("stage", ["PAUSED", "RUNNING_BUILDING", "APP_STARTING"])
def test_a_space_that_rests_or_is_about_to_start_is_left_alone(
    space: Served, tmp_path: Path, stage: str
):
    deploy_another(space.world, tmp_path)
    space.hub.call("POST", "/_space", {"repo": SPACE, "stage": stage})
    outcome = run(space.world, only=DEPLOYED_TAG)
    assert outcome.success
    assert outcome.made == []
    assert restarts(space.hub) == 0


# A proxy that loses the question, and an older program that knows none.
@pytest.mark.parametrize("status", [502, 404])
def test_a_space_that_runs_and_names_no_version_is_not_taken_from_its_users(
    space: Served, status: int
):
    space.container.silent = status
    outcome = run(space.world, only=DEPLOYED_TAG)
    assert outcome.success, outcome.failure
    assert outcome.made == []
    assert restarts(space.hub) == 0
    told = [text for level, text in examine_spaces(space.world.settings) if level == "warning"]
    assert [f"does not say whether it serves {space.world.serving()}" in text for text in told]


def test_a_space_that_a_killed_run_left_broken_is_started_anew(space: Served):
    space.hub.call("POST", "/_space", {"repo": SPACE, "stage": "RUNTIME_ERROR"})
    space.container.tag = None
    assert run(space.world, only=DEPLOYED_TAG).made == DEPLOYED_TAG
    assert restarts(space.hub) == 1


def test_a_space_that_was_brought_up_again_is_not_told_as_a_deployment(
    space: Served, tmp_path: Path
):
    older, newer = space.world.serving(), deploy_another(space.world, tmp_path)
    world = space.world.but(WANDB_MODE="offline")
    with dg.DagsterInstance.ephemeral() as instance:
        selection = [dg.AssetKey(DEPLOYED_TAG[0].split("/"))]
        found = run_job(world.definitions, "department_pipeline", instance, None, selection)
        green = instance.get_run_by_id(found.run_id)
        assert green is not None
        told = plain_text(summarise(instance, green))
    assert told.startswith("OK department_pipeline: department brought up again\n")
    assert f"serves now: {newer}\nstarted anew, because: {SPACE} served {older}.\n" in told
    assert "to go back" not in told
    tracked = by_project(world)[MODELS]
    assert [title for _, title, _ in tracked.alerts] == ["Space brought up again"]
    assert tracked.values["served_version"] == newer
    assert tracked.versions == []
