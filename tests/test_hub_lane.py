"""Risk: the lane works with folders only, or other programs cannot read what it put on the Hub."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from resources.registry.base import Repository
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask
from tests.hub_servers import WRITER, hub_registry, lfs_hub, xet_hub  # noqa: F401  (fixtures)
from tests.lane_world import ROOT, World, child_environment
from tests.standins.hubserver import LiveHub

PIPELINE = """
import sys
import dagster as dg
from sambodhan_assets.definitions import defs
with dg.DagsterInstance.ephemeral() as instance:
    for name in sys.argv[1:]:
        job = defs.resolve_job_def(f"{name}_pipeline")
        if not job.execute_in_process(instance=instance, raise_on_error=False).success:
            sys.exit(1)
"""

# A program that knows nothing of this platform.
READER = """
import json, sys
from datasets import load_dataset
for repository, tag in zip(sys.argv[1::2], sys.argv[2::2]):
    splits = load_dataset(repository, revision=tag)
    rows = {name: split.num_rows for name, split in splits.items()}
    columns = sorted(splits["train"].column_names)
    print(json.dumps([rows, columns, splits["train"].features["label"].names]))
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
def test_both_lanes_run_on_the_hub_by_environment_alone_and_other_programs_read_it(
    first_round: World, request: pytest.FixtureRequest, tmp_path: Path, kind: str
):
    hub = request.getfixturevalue(kind)
    environment = {
        **child_environment(first_round),
        **hub.env(tmp_path / "writer", token=WRITER, xet=kind == "xet_hub"),
        "REGISTRY": "hub",
        "DATASET_LICENSE": "cc-by-4.0",
        "MODEL_LICENSE": "mit",
        "BOOTSTRAP_MIN_F1": "0.3",
    }
    for task in LABEL_TASKS:
        environment[f"{task.name.upper()}_DATASET"] = f"officials/{task.name}-complaints"
        environment[f"{task.name.upper()}_MODEL"] = f"officials/{task.name}-classifier"
    done = run(PIPELINE, *(task.name for task in LABEL_TASKS), environment=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert WRITER not in done.stdout + done.stderr
    published = [check_repositories(hub, task) for task in LABEL_TASKS]
    told = said_by("status", environment)
    assert all(served in told for *_, served in published)
    assert "the Hub knows HF_TOKEN as the account alice" in said_by("doctor", environment)
    named = [name for repository, tag, _ in published for name in (repository, tag)]
    home = {"HF_HOME": str(tmp_path / "reader")}
    read = run(READER, *named, environment={**environment, **home})
    assert read.returncode == 0, read.stderr[-3000:]
    for task, line in zip(LABEL_TASKS, read.stdout.splitlines()[-len(LABEL_TASKS) :], strict=True):
        rows, columns, labels = json.loads(line)
        assert set(rows) == {"train", "eval", "test"}
        assert columns == ["grievance", "label"]
        assert labels == list(task.labels)


def check_repositories(hub: LiveHub, task: LabelTask) -> tuple[str, str, str]:
    """One dataset version, and one model that serves and whose card names it."""
    state = hub.state()
    dataset = state[f"datasets/officials/{task.name}-complaints"]
    model = state[f"models/officials/{task.name}-classifier"]
    (tag,), (served,) = dataset["tags"], model["tags"]
    assert dataset["tags"][tag] == dataset["refs"]["main"]
    head = next(c for c in model["commits"] if c["oid"] == model["refs"]["main"])
    assert head["title"] == f"Serve {served} (deploy 1)"
    assert {"manifest.json", "deployments.json", "metadata.json", "README.md"} < set(head["files"])
    card = card_of(hub, f"officials/{task.name}-classifier")
    source = Repository(kind="dataset", name=f"officials/{task.name}-complaints")
    assert "\nlicense: cc-by-4.0\n" in str(hub_registry(hub)._open(source).text("README.md", tag))
    f1, accuracy = card.data.eval_results
    assert f1.dataset_type == f"officials/{task.name}-complaints"
    assert (f1.dataset_revision, f1.dataset_args) == (tag, {"commit": dataset["tags"][tag]})
    assert 0 < f1.metric_value <= 1
    assert (accuracy.metric_type, card.data.license) == ("accuracy", "mit")
    assert f"# officials/{task.name}-classifier" in card.text
    return f"officials/{task.name}-complaints", tag, served


def card_of(hub: LiveHub, name: str) -> ModelCard:
    """The card on main, as the Hub's own library reads it."""
    repository = Repository(kind="model", name=name)
    text = hub_registry(hub)._open(repository).text("README.md", "main")
    return ModelCard(str(text), ignore_metadata_errors=False)
