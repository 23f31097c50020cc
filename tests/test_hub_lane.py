"""Risk: the lane works with folders only, or other programs cannot read what it put on the Hub."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub_servers import WRITER, lfs_hub, xet_hub  # noqa: F401  (fixtures)
from tests.lane_world import DEPARTMENT, ROOT, World, child_environment

PIPELINE = """
import sys
import dagster as dg
from sambodhan_assets.definitions import defs
with dg.DagsterInstance.ephemeral() as instance:
    job = defs.resolve_job_def("department_pipeline")
    result = job.execute_in_process(instance=instance, raise_on_error=False)
sys.exit(0 if result.success else 1)
"""

READER = """
import json, sys
from datasets import load_dataset
splits = load_dataset(sys.argv[1], revision=sys.argv[2])
print(json.dumps({name: split.num_rows for name, split in splits.items()}))
print(json.dumps(sorted(splits["train"].column_names)))
print(json.dumps(splits["train"].features["label"].names))
"""


def run(script: str, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        check=False,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )


def said_by(command: str, environment: dict[str, str]) -> str:
    """Output of `sambodhan`, in which no token stands."""
    script = "import sys; from sambodhan_assets.cli import main; main()"
    told = run(script, command, environment={**environment, "COLUMNS": "200"})
    assert WRITER not in told.stdout + told.stderr
    return told.stdout


@pytest.mark.parametrize("kind", ["xet_hub", pytest.param("lfs_hub", marks=pytest.mark.slow)])
def test_the_lane_runs_on_the_hub_by_environment_alone_and_datasets_reads_it(
    first_round: World, request: pytest.FixtureRequest, tmp_path: Path, kind: str
):
    hub = request.getfixturevalue(kind)
    environment = {
        **child_environment(first_round),
        **hub.env(tmp_path / "writer", token=WRITER, xet=kind == "xet_hub"),
        "REGISTRY": "hub",
        "DEPARTMENT_DATASET": "officials/complaints-by-department",
        "DEPARTMENT_MODEL": "officials/department-classifier",
    }
    done = run(PIPELINE, environment=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert WRITER not in done.stdout + done.stderr
    state = hub.state()
    dataset = state["datasets/officials/complaints-by-department"]
    model = state["models/officials/department-classifier"]
    (tag,), (served,) = dataset["tags"], model["tags"]
    assert dataset["tags"][tag] == dataset["refs"]["main"]
    head = next(c for c in model["commits"] if c["oid"] == model["refs"]["main"])
    assert head["title"] == f"Serve {served} (deploy 1)"
    assert {"manifest.json", "deployments.json", "metadata.json"} < set(head["files"])
    assert served in said_by("status", environment)
    assert "the Hub knows HF_TOKEN as the account alice" in said_by("doctor", environment)
    read = run(
        READER,
        "officials/complaints-by-department",
        tag,
        environment={**environment, "HF_HOME": str(tmp_path / "reader")},
    )
    assert read.returncode == 0, read.stderr[-3000:]
    rows, columns, labels = map(json.loads, read.stdout.splitlines()[-3:])
    assert set(rows) == {"train", "eval", "test"}
    assert columns == ["grievance", "label"]
    assert labels == list(DEPARTMENT.labels)
