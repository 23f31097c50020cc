"""Risk: the page that leads to a running loop on the Hub contains a command that fails."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.hub_servers import WRITER, lfs_hub  # noqa: F401  (fixture)
from tests.lane_world import ROOT, World, child_environment
from tests.standins.hubserver import LiveHub

TASKS = ("DEPARTMENT", "URGENCY")
PAGE = (ROOT / "docs/deploy-huggingface.md").read_text()


def values(variables: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: variable["value"] for name, variable in variables.items()}


def check_repositories(spaces: Mapping[str, Any]) -> None:
    """Every Space that writes datasets is told where they go."""
    given = {name: values(repo["space"]["variables"]) for name, repo in spaces.items()}
    prepare, retrain = (
        f"spaces/officials/{name}" for name in ("prepare-dataset", "department-retrain")
    )
    # It prepares every task, so no dataset may go to a repository that nobody named.
    assert "LABEL" not in given[prepare]
    datasets = {f"{task}_DATASET": f"officials/{task.lower()}-dataset" for task in TASKS}
    assert datasets.items() <= given[prepare].items()
    assert given[retrain]["DATASET_REPO_ID"] == datasets["DEPARTMENT_DATASET"]
    assert given[retrain]["LABEL"] == "department"


@pytest.mark.slow
def test_every_command_of_the_page_works_in_its_order(first_round: World, lfs_hub: LiveHub):  # noqa: F811
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE))
    script = script.replace(" spaces/$2", f" {first_round.home}/spaces/$2")
    given = child_environment(first_round)
    given |= lfs_hub.env(first_round.home / "hf", token=WRITER)
    given["PATH"] = f"{Path(sys.executable).parent}:{given['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-3000:]
    assert WRITER not in told
    state = lfs_hub.state()
    assert state["models/officials/department-classifier"]["tags"]
    spaces = {name: repo for name, repo in state.items() if name.startswith("spaces/")}
    assert len(spaces) == 3
    for repo in spaces.values():
        assert repo["visibility"] == "private"
        assert repo["space"]["secrets"]["HF_TOKEN"]["value"] == WRITER
        assert "project/pyproject.toml" in repo["commits"][-1]["files"]
    serving = spaces["spaces/officials/department-inference"]["space"]
    assert "POSTGRES_URL" not in serving["secrets"]
    check_repositories(spaces)
    restarted = [entry["path"] for entry in lfs_hub.log("POST .*/restart")]
    assert restarted == [
        f"/api/spaces/officials/{name}/restart"
        for name in ("prepare-dataset", "department-retrain")
    ]
    assert "The Space officials/department-inference may be managed; it is RUNNING." in told
