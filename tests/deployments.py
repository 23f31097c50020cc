"""Versions that serve one after the other, and the way back."""

import shutil
from pathlib import Path

from resources.registry.base import Deployment, Publication
from tests.lane_runs import Outcome, run
from tests.lane_world import DEPARTMENT, World, keys

DEPLOYED_TAG = keys(DEPARTMENT, "deployed_tag")


def deploy_another(world: World, folder: Path) -> str:
    """A version whose bytes differ from the one that serves, deployed over it; returns its tag."""
    repository = world.lanes.model_repository(DEPARTMENT)
    serving = world.registry.version(repository, str(world.serving()))
    moves = world.registry.deployments(repository)
    with world.registry.fetched(serving) as model:
        copy = folder / f"model-{len(moves)}"
        shutil.copytree(model, copy)
    (copy / "manifest.json").unlink()
    (copy / "notes.txt").write_text(f"version {len(moves) + 1}\n")
    publication = Publication(run_id="test", details=serving.manifest.details)
    version = world.registry.publish(repository, copy, publication)
    move = Deployment(
        sequence=len(moves) + 1,
        tag=version.tag,
        action="deploy",
        replaced=serving.tag,
        deployed_at="2025-08-01T00:00:00+00:00",
        run_id="test",
        reason="a test",
        traffic_after_id=moves[-1].traffic_after_id,
    )
    world.registry.move_pointer(repository, move)
    return version.tag


def roll_back(world: World, to: str | None = None) -> Outcome:
    """Runs the job that goes back."""
    config = {"to": to} if to else {}
    return run(
        world,
        "rollback_department",
        run_config={"ops": {"roll_back_department": {"config": config}}},
    )
