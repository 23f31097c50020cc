"""Risk: a workflow of the repository is red at its first run, or shows what it did not check."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sambodhan_assets.definitions import defs
from sambodhan_assets.domain.export.verify import verify_export
from tests.checkouts import checkout, environment_of  # noqa: F401  (fixture)

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
EXPORT = ROOT / ".github/workflows/dataset-export.yml"


def workflow(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text())


def steps(path: Path) -> list[dict[str, Any]]:
    (job,) = workflow(path)["jobs"].values()
    return job["steps"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_ends_in_time_and_gives_way_to_a_newer_one(path: Path):
    parsed = workflow(path)
    assert parsed["permissions"] == {"contents": "read"}
    assert parsed["concurrency"]["cancel-in-progress"] is True
    (job,) = parsed["jobs"].values()
    assert job["timeout-minutes"] <= 30
    assert all(re.search(r"@v\d+$", step["uses"]) for step in job["steps"] if "uses" in step)
    # What GitHub fills in could be words of a stranger's pull request.
    assert all("${{" not in step.get("run", "") for step in job["steps"])


def test_the_checks_are_those_of_every_machine():
    (only,) = [step["run"] for step in steps(ROOT / ".github/workflows/ci.yml") if "run" in step]
    assert only == ".ci/run"
    assert os.access(ROOT / only, os.X_OK)


def test_every_file_job_and_program_of_the_export_exists():
    shown = "\n".join(step["run"] for step in steps(EXPORT) if "run" in step)
    assert {defs.resolve_job_def(job).name for job in re.findall(r" -j (\w+)", shown)}
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert set(re.findall(r"^make (\S+)$", shown, flags=re.MULTILINE)) <= set(targets)
    programs = set(re.findall(r"\.venv/bin/(\w+)", shown))
    assert programs == {"dagster", "sambodhan"}
    assert [name for name in programs if not (BIN / name).exists()] == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_step_of_the_export_runs_and_leaves_a_whole_export(
    checkout: Path,  # noqa: F811
    tmp_path: Path,
):
    runner_temp = tmp_path / "runner"
    runner_temp.mkdir()
    given = environment_of(checkout, RUNNER_TEMP=str(runner_temp))
    for step in steps(EXPORT):
        if "run" in step:
            folder = step.get("working-directory", str(checkout))
            done = subprocess.run(
                ["bash", "-eo", "pipefail", "-c", step["run"]],
                cwd=folder.replace("${{ runner.temp }}", str(runner_temp)),
                env=given,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, (step["name"], (done.stdout + done.stderr)[-3000:])
    (uploaded,) = [step for step in steps(EXPORT) if "upload-artifact" in step.get("uses", "")]
    folder = Path(uploaded["with"]["path"].replace("${{ runner.temp }}", str(runner_temp)))
    manifest = verify_export(folder).manifest
    assert (manifest.version, manifest.rows, manifest.git_dirty) == ("test", 200, False)
    assert manifest.qa["run"] is True
    assert list(folder.glob("qa_report_v*.html"))
