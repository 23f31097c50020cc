"""Risk: loading the code location needs an account or a network, or takes seconds of every step.

Every step of a multiprocess run, every sensor tick in a fresh server, and every command loads it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CPU_SECONDS = 2.0
HEAVY = (
    "torch",
    "transformers",
    "datasets",
    "sentence_transformers",
    "sklearn",
    "skops",
    "scipy",
    "pandas",
    "matplotlib",
    "wandb",
    "huggingface_hub",
)

# Connections, programs and new folders are recorded as they happen, but those of Dagster itself.
LOADING = """
import json, resource, sys
before = resource.getrusage(resource.RUSAGE_SELF)
import dagster
opened = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "os.mkdir"):
        opened.append(f"{event} {arguments[-1]}")
    if event == "subprocess.Popen":
        opened.append(f"{event} {arguments[0]}")
sys.addaudithook(watch)
from sambodhan_assets.definitions import defs
after = resource.getrusage(resource.RUSAGE_SELF)
repository = defs.get_repository_def()
print(json.dumps({
    "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    "jobs": sorted(repository.job_names),
    "heavy": sorted({name.partition(".")[0] for name in sys.modules}),
    "opened": opened,
}))
"""


def load(folder: Path) -> dict:
    """Loads the code location in a fresh process without a single variable, in another folder."""
    ended = subprocess.run(
        [sys.executable, "-c", LOADING],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("elsewhere")
    found = load(folder)
    found["left behind"] = [path.name for path in folder.iterdir()]
    return found


def test_it_loads_with_an_empty_environment(loaded: dict):
    assert {"prepare_datasets", "department_pipeline", "urgency_pipeline"} <= set(loaded["jobs"])


def test_loading_opens_no_connection_starts_no_program_and_makes_no_folder(loaded: dict):
    assert loaded["opened"] == []
    assert loaded["left behind"] == []


def test_loading_imports_no_heavy_library(loaded: dict):
    assert set(loaded["heavy"]) & set(HEAVY) == set()


def test_loading_takes_less_than_two_cpu_seconds(tmp_path: Path):
    """A stated requirement. CPU time does not count waiting; the least of three is the cost."""
    load(tmp_path)  # compiles what has changed
    seconds = []
    while len(seconds) < 3 and min(seconds, default=CPU_SECONDS) >= CPU_SECONDS:
        seconds.append(load(tmp_path)["cpu"])
    assert min(seconds) < CPU_SECONDS


def test_the_location_validates_as_workspace_yaml_names_it(tmp_path: Path):
    """From another folder, as a server's working folder is."""
    ended = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", ROOT / "workspace.yaml"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Validation successful for code location sambodhan" in ended.stdout + ended.stderr
