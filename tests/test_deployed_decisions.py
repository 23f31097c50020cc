"""Risk: a version serves that nobody decided on, or a decision deploys twice."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.citizens import live_second_round
from tests.deployments import DEPLOYED_TAG, deploy_another, roll_back
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, ROOT, URGENCY, World, child_environment, keys


def job_execute(world: World, *names: str) -> None:
    """Runs jobs one after the other, each in a process and a Dagster instance of its own."""
    assert "DAGSTER_HOME" not in child_environment(world)
    for name in names:
        command: Sequence[str] = [sys.executable, "-m", "dagster", "job", "execute"]
        ended = subprocess.run(
            [*command, "-m", "sambodhan_assets.definitions", "-j", name],
            cwd=ROOT,
            env=child_environment(world),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr


def test_a_better_candidate_replaces_what_serves(second_round: World):
    first = second_round.serving()
    outcome = run(second_round)
    assert outcome.checks["F1_GATE"].passed
    second = second_round.serving()
    assert second_round.moves() == [("deploy", first), ("deploy", second)]
    assert second != first
    history = second_round.registry.deployments(second_round.lanes.model_repository(DEPARTMENT))
    assert history[-1].replaced == first
    assert history[-1].reason.startswith("PROMOTE: ")
    assert history[-1].traffic_after_id == second_round.store.newest_complaint_id()


def test_a_candidate_on_hold_is_not_deployed_by_materializing_the_tag_alone(deployed: World):
    live_second_round(deployed, share=0.2)
    run(deployed)
    outcome = run(deployed, only=DEPLOYED_TAG)
    assert outcome.success
    assert outcome.made == []
    assert "is HOLD: " in outcome.events
    assert len(deployed.moves()) == 1


def test_materializing_the_tag_twice_after_a_promotion_deploys_once(promotable: World):
    assert run(promotable, only=DEPLOYED_TAG).made == DEPLOYED_TAG
    again = run(promotable, only=DEPLOYED_TAG)
    assert again.success
    assert again.made == []
    assert len(promotable.moves()) == len(promotable.model_tags()) == 2


def test_a_promotion_is_refused_when_the_pointer_has_moved_since(promotable: World, tmp_path: Path):
    newer = deploy_another(promotable, tmp_path)
    outcome = run(promotable, only=DEPLOYED_TAG)
    assert outcome.success
    assert outcome.made == []
    assert "run decide_department to compare again" in outcome.events
    assert promotable.serving() == newer


def test_a_version_that_was_rolled_back_does_not_come_back_by_itself(promotable: World):
    first = promotable.serving()
    run(promotable, only=DEPLOYED_TAG)
    assert roll_back(promotable).success
    assert run(promotable, only=DEPLOYED_TAG).made == []
    whole = run(promotable)
    assert whole.success
    assert promotable.serving() == first
    assert len(promotable.moves()) == 3


def test_deciding_again_compares_with_what_serves_now(promotable: World, tmp_path: Path):
    newer = deploy_another(promotable, tmp_path)
    outcome = run(promotable, "decide_department")
    assert outcome.success
    # The same model under another tag: it still answers as the first one did.
    assert outcome.made == keys(DEPARTMENT, "evaluation", "deployed_tag")
    history = promotable.registry.deployments(promotable.lanes.model_repository(DEPARTMENT))
    assert history[-1].replaced == newer


def test_preparing_and_retraining_work_in_processes_that_share_no_dagster_instance(
    first_round: World,
):
    world = first_round.but(BOOTSTRAP_MIN_F1="0.3")
    job_execute(world, "prepare_datasets", "retrain_urgency")
    assert len(world.dataset_tags(DEPARTMENT)) == len(world.dataset_tags(URGENCY)) == 1
    assert world.moves(DEPARTMENT) == []
    assert [action for action, _ in world.moves(URGENCY)] == ["deploy"]
    assert world.serving_model(URGENCY).labels == URGENCY.labels
