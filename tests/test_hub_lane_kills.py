"""Risk: a whole run that is killed while it deploys to the Hub makes the next one train, publish or
deploy the same model a second time."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub_scenes import DATASET, DEPLOY_FIRST, MODEL, PUBLISH_FIRST
from tests.hub_servers import WRITER, lfs_hub  # noqa: F401  (fixture)
from tests.hub_world import World as Hub
from tests.lane_world import ROOT, World, child_environment

JOB = """
import sys
import dagster as dg
from sambodhan_assets.definitions import defs
with dg.DagsterInstance.ephemeral() as instance:
    job = defs.resolve_job_def(sys.argv[1])
    result = job.execute_in_process(instance=instance, raise_on_error=False)
sys.exit(0 if result.success else 1)
"""
# Seconds that a run may take to reach the request, on a machine with other work.
PATIENCE = 200.0
MODELS = f"models/{MODEL}/"
# Where runs are killed one after the other, and whether the server has done what was asked.
COMMIT = (f"POST /api/{MODELS}commit/versions", "after")
TAG = (f"POST /api/{MODELS}tag/", "before")
TAGGED = (f"POST /api/{MODELS}tag/", "after")
MOVE = (f"POST /api/{MODELS}commit/main", "before")
MOVED = (f"POST /api/{MODELS}commit/main", "after")
DATASET_COMMIT = (f"POST /api/datasets/{DATASET}/commit/main", "after")
DATASET_TAG = (f"POST /api/datasets/{DATASET}/tag/", "after")


def start(job: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", JOB, job], cwd=ROOT, env=environment)


# tests/test_hub_kills.py kills the same steps without a run around them, in seconds.
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("kills", "then"),
    [
        ([COMMIT, MOVE], "retrain_department"),
        ([TAGGED, MOVED], "retrain_department"),
        ([DATASET_COMMIT, DATASET_TAG, TAG], "department_pipeline"),
        ([MOVED], "department_pipeline"),
    ],
)
def test_runs_killed_one_after_the_other_end_in_one_deployment(
    first_round: World,
    lfs_hub,  # noqa: F811
    tmp_path: Path,
    kills: list[tuple[str, str]],
    then: str,
):
    hub = Hub(hub=lfs_hub, folder=tmp_path, environment={})
    environment = {
        **child_environment(first_round),
        **lfs_hub.env(tmp_path / "hf", token=WRITER, xet=False),
        "REGISTRY": "hub",
        "DEPARTMENT_DATASET": DATASET,
        "DEPARTMENT_MODEL": MODEL,
    }
    for match, when in kills:
        held = hub.hold(0, when, match)
        run = start("department_pipeline", environment)
        try:
            hub.wait_held(held, patience=PATIENCE)
        finally:
            run.kill()
            run.wait()
        hub.let_go(held, drop=when == "before")
        hub.check_readers(PUBLISH_FIRST)
        hub.check_readers(DEPLOY_FIRST)
    assert start(then, environment).wait() == 0
    hub.check_finished(PUBLISH_FIRST)
    hub.check_finished(DEPLOY_FIRST)
