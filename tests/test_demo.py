"""Risk: the first command that anybody types floods the screen, stops, or destroys data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from resources.profiles import Settings
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.databases import open_folder

ROOT = Path(__file__).parents[1]


def demo(home: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    names = {name.upper() for name in Settings.model_fields} | {"DAGSTER_HOME"}
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    return subprocess.run(
        [sys.executable, "-c", "from sambodhan_assets.cli import main; main()", "demo"],
        cwd=ROOT,
        env=inherited | {"SAMBODHAN_HOME": str(home)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_store_of_somebody_is_refused_before_anything_is_written(tmp_path: Path):
    refused = demo(tmp_path / "home", REGISTRY_URL=str(tmp_path / "registry"))
    assert refused.returncode == 1
    assert "REGISTRY_URL" in refused.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_demo_prints_its_own_lines_and_can_be_run_again():
    with open_folder() as folder:
        first = demo(folder)
        assert first.returncode == 0, first.stdout + first.stderr
        assert first.stderr == ""
        lines = first.stdout.splitlines()
        assert len(lines) < 30
        for task in LABEL_TASKS:
            assert sum(f"{task.name}_pipeline: dataset v" in line for line in lines) == 2
            assert any(line.split()[:1] == [task.name] for line in lines)
        # Every HOLD is followed by a filled sheet and a second decision.
        held = [line for line in lines if line.startswith("Round") and ", HOLD, " in line]
        answered = [line for line in lines if "officials labelled" in line]
        assert len(answered) >= 1
        assert len(held) <= 2 * len(answered)
        assert sum(": decide_" in line for line in lines) == len(answered)
        assert lines[-1].endswith("make ui")
        assert "RUN_SUCCESS" in (folder / "demo/dagster.log").read_text()
        assert (folder / "dagster/dagster.yaml").resolve() == ROOT / "dagster.yaml"
        again = demo(folder)
        assert again.returncode == 0, again.stdout + again.stderr
        assert again.stdout.startswith("Replacing the state of an earlier demo")
