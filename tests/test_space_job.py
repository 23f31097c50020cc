"""Risk: a Space costs money after its job, works twice, or ends without a word to anybody."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from resources.hub_spaces import HubSpaces
from resources.profiles import load_settings
from sambodhan_assets.cli import app
from sambodhan_assets.domain.errors import PermanentError, TransientError
from sambodhan_assets.space import own_space
from sambodhan_assets.space.beacon import answering
from sambodhan_assets.space.examination import examine_spaces
from sambodhan_assets.space.own_space import OwnSpace
from tests.hub_servers import WRITER, lfs_hub  # noqa: F401  (fixture)
from tests.inference_spaces import create_space, restarts
from tests.lane_runs import run
from tests.lane_world import ROOT, World, child_environment
from tests.standins.hubserver import LiveHub
from tests.wandb_files import offline_runs

PREPARE, RETRAIN = "officials/prepare-dataset", "officials/department-retrain"
SAMBODHAN = (sys.executable, "-c", "from sambodhan_assets.cli import main; main()")


@pytest.fixture
def hub(lfs_hub: LiveHub) -> LiveHub:  # noqa: F811
    create_space(lfs_hub, PREPARE)
    create_space(lfs_hub, RETRAIN)
    return lfs_hub


def variables(world: World, hub: LiveHub, **overrides: str) -> dict[str, str]:
    """What the Spaces on the Hub are given; the Hub itself sets SPACE_ID."""
    return {
        **child_environment(world),
        **hub.env(world.home / "hf", token=WRITER),
        "REGISTRY": "hub",
        "DEPARTMENT_DATASET": "officials/department-data",
        "URGENCY_DATASET": "officials/urgency-data",
        "DEPARTMENT_MODEL": "officials/department-model",
        "SPACE_ID": PREPARE,
        **overrides,
    }


def in_folder(world: World, hub: LiveHub, **overrides: str) -> dict[str, str]:
    """The same where versions stand in the world's folder, and only the Spaces are on the Hub."""
    place = {"REGISTRY": "folder", "REGISTRY_URL": str(world.home / "registry")}
    given = variables(world, hub, **place, **overrides)
    named = ("DEPARTMENT_DATASET", "DEPARTMENT_MODEL", "URGENCY_DATASET")
    return {name: value for name, value in given.items() if name not in named}


def start(environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*SAMBODHAN, *arguments],
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=120)
    assert WRITER not in said
    return process.returncode, said


def stage(hub: LiveHub, name: str) -> str:
    return spaces_of(hub).state(name).stage


def spaces_of(hub: LiveHub) -> HubSpaces:
    return HubSpaces(endpoint=hub.endpoint, token=WRITER, poll_seconds=0.02, attempts=1)


def mails(world: World) -> str:
    """All mails, long header lines unfolded."""
    texts = (file.read_text() for file in (world.home / "mail").glob("*.eml"))
    return "\n".join(texts).replace("\n ", " ").replace("  ", " ")


def hardware_requests(hub: LiveHub, name: str) -> int:
    return len(hub.log(f"POST /api/spaces/{name}/hardware"))


# Preparing


def test_preparing_publishes_tells_pauses_and_starts_the_retraining_of_what_is_new(
    first_round: World, hub: LiveHub
):
    given = variables(first_round, hub, AUTO_RETRAIN="1", DEPARTMENT_RETRAIN_SPACE=RETRAIN)
    code, said = end(start(given, "space", "prepare"))
    assert code == 0, said
    assert len(hub.state()["datasets/officials/department-data"]["tags"]) == 1
    assert stage(hub, PREPARE) == "PAUSED"
    assert restarts(hub, RETRAIN) == 1
    assert "urgency has a new dataset version, but no retrain Space is set." in said
    assert "Subject: OK prepare_datasets" in mails(first_round)


def test_what_is_published_already_is_not_retrained_again(first_round: World, hub: LiveHub):
    assert run(first_round, "prepare_datasets").success
    given = in_folder(first_round, hub, AUTO_RETRAIN="1", DEPARTMENT_RETRAIN_SPACE=RETRAIN)
    code, said = end(start(given, "space", "prepare"))
    assert code == 0, said
    assert restarts(hub, RETRAIN) == 0
    assert stage(hub, PREPARE) == "PAUSED"


def test_a_red_run_is_told_and_its_space_rests(first_round: World, hub: LiveHub):
    hub.fault("POST /api/datasets/.*/commit", "status", status=403, times=0)
    given = variables(first_round, hub, AUTO_RETRAIN="1", DEPARTMENT_RETRAIN_SPACE=RETRAIN)
    code, said = end(start(given, "space", "prepare"))
    assert code == 1, said
    assert stage(hub, PREPARE) == "PAUSED"
    assert restarts(hub, RETRAIN) == 0
    assert "Subject: FAILED prepare_datasets" in mails(first_round)


def test_a_stopped_container_lets_its_space_rest(first_round: World, hub: LiveHub):
    hub.fault("POST /api/datasets/.*/commit", "hold")
    process = start(variables(first_round, hub), "space", "prepare")
    hub.wait("POST /api/datasets/.*/commit", held="before")
    process.send_signal(signal.SIGTERM)
    code, said = end(process)
    assert code == 1, said
    assert stage(hub, PREPARE) == "PAUSED", said
    assert "prepare_datasets" in mails(first_round)


def test_an_exception_lets_its_space_rest(first_round: World, hub: LiveHub):
    given = variables(first_round, hub, DAGSTER_HOME="/nonexistent")
    code, said = end(start(given, "space", "prepare"))
    assert code == 1, said
    assert stage(hub, PREPARE) == "PAUSED", said
    assert "Subject: FAILED prepare_datasets" in mails(first_round)


def test_a_pause_that_fails_is_a_warning_and_the_hardware_is_left(first_round: World, hub: LiveHub):
    hub.fault("POST .*/pause", "status", status=403, times=0)
    code, said = end(start(variables(first_round, hub), "space", "prepare"))
    assert code == 0, said
    assert f"Warning: Pausing the Space {PREPARE}: this token may not do that (403)." in said
    assert stage(hub, PREPARE) == "RUNNING"


def test_a_restart_and_a_pause_that_fail_are_told_and_tracked(first_round: World, hub: LiveHub):
    hub.fault("POST .*/pause", "status", status=403, times=0)
    given = variables(
        first_round,
        hub,
        AUTO_RETRAIN="1",
        DEPARTMENT_RETRAIN_SPACE="officials/none",
        WANDB_MODE="offline",
    )
    code, said = end(start(given, "space", "prepare"))
    assert code == 1
    assert "Error: Restarting the Space officials/none: the Hub has nothing there" in said
    found = offline_runs(first_round.home / "wandb")
    last = next(run for run in found if "hf_space_pause" in run.values)
    assert last.values["hf_space_pause"] == "failed"
    assert {run.id for run in found} == {last.id}
    assert [(title, level) for level, title, _ in last.alerts] == [
        ("Space pause failed", "WARN"),
        ("Space restart failed", "WARN"),
    ]


# Retraining


@pytest.fixture
def retrain_space(second_round: World, hub: LiveHub) -> dict[str, str]:
    return in_folder(
        second_round,
        hub,
        LABEL="department",
        RETRAIN_SPACE_ID=RETRAIN,
        SPACE_HARDWARE="t4-small",
        PREPARE_DATASET_SPACE_ID=PREPARE,
    )


def test_a_container_without_its_hardware_asks_for_it_and_leaves_the_job_to_the_next(
    second_round: World, retrain_space: dict[str, str], hub: LiveHub
):
    code, said = end(start(retrain_space, "space", "retrain"))
    assert code == 0, said
    assert "The Hub starts another container for the job; this one ends." in said
    assert (stage(hub, RETRAIN), hardware_requests(hub, RETRAIN)) == ("RUNNING", 1)
    assert not (second_round.home / "mail").exists()


def test_a_red_retraining_gives_its_hardware_back(
    first_round: World, hub: LiveHub, retrain_space: dict[str, str]
):
    spaces_of(hub).request_hardware(RETRAIN, "t4-small")
    nothing = str(first_round.home / "registry")
    code, said = end(start({**retrain_space, "REGISTRY_URL": nothing}, "space", "retrain"))
    assert code == 1, said
    assert stage(hub, RETRAIN) == "PAUSED"
    assert spaces_of(hub).state(RETRAIN).requested_hardware == "cpu-basic"


@pytest.mark.slow
def test_retraining_gives_its_hardware_back_at_the_end(
    second_round: World, retrain_space: dict[str, str], hub: LiveHub
):
    spaces_of(hub).request_hardware(RETRAIN, "t4-small")
    code, said = end(start(retrain_space, "space", "retrain"))
    assert code == 0, said
    assert stage(hub, RETRAIN) == "PAUSED"
    assert spaces_of(hub).state(RETRAIN).requested_hardware == "cpu-basic"
    assert hardware_requests(hub, RETRAIN) == 2
    assert stage(hub, PREPARE) == "RUNNING"
    assert "retrain_department" in mails(second_round)


def test_all_missing_settings_are_named_at_once_and_the_space_rests(hub: LiveHub, tmp_path: Path):
    kept = {"PATH": "/usr/bin", "HOME": str(tmp_path), "SAMBODHAN_HOME": str(tmp_path)}
    given = {**kept, **hub.env(tmp_path / "hf", token=WRITER), "SPACE_ID": RETRAIN}
    code, said = end(start(given, "space", "retrain"))
    assert code == 1
    (line,) = [line for line in said.splitlines() if line.startswith("Error")]
    assert all(name in line for name in ("POSTGRES_URL", "REGISTRY=hub", "LABEL"))
    assert "HF_TOKEN" not in line
    assert stage(hub, RETRAIN) == "PAUSED"


# The Space itself


def own(hub: LiveHub, said: list[str], **overrides) -> OwnSpace:
    fields = {
        "name": RETRAIN,
        "hardware": "t4-small",
        "spaces": spaces_of(hub),
        "wait_seconds": 0.05,
        "say": said.append,
    }
    return OwnSpace(**{**fields, **overrides})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_space, "POLL_SECONDS", 0.02)


@pytest.mark.usefixtures("impatient")
def test_a_container_that_comes_while_the_hardware_is_pending_asks_for_none(hub: LiveHub):
    spaces_of(hub).request_hardware(RETRAIN, "t4-small")
    hub.call("POST", "/_space", {"repo": RETRAIN, "stage": "APP_STARTING"})
    with pytest.raises(TransientError, match="stage APP_STARTING on nothing yet"):
        own(hub, []).has_hardware()
    hub.call("POST", "/_space", {"repo": RETRAIN, "stage": "RUNNING"})
    assert own(hub, []).has_hardware()
    assert hardware_requests(hub, RETRAIN) == 1


def test_a_container_that_is_ended_while_it_waits_leaves_the_job_to_the_next(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch
):
    def end_it(_seconds: float) -> None:
        raise KeyboardInterrupt

    hub.call("POST", "/_space", {"repo": RETRAIN, "stage": "BUILDING"})
    monkeypatch.setattr(own_space.time, "sleep", end_it)
    assert not own(hub, [], wait_seconds=60).has_hardware()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("problem", [402, 403])
def test_hardware_that_the_hub_refuses_is_an_error(hub: LiveHub, problem: int):
    hub.fault("POST .*/hardware", "status", status=problem)
    with pytest.raises(Exception, match=str(problem)):
        own(hub, []).has_hardware()


def test_a_job_without_hardware_of_its_own_asks_for_none(hub: LiveHub):
    assert own(hub, [], hardware=None).has_hardware()
    assert own(hub, [], hardware=None).rest().paused
    assert hardware_requests(hub, RETRAIN) == 0


def test_hardware_is_given_back_only_by_a_space_that_rests(hub: LiveHub):
    said: list[str] = []
    hub.fault("POST .*/pause", "status", status=403)
    rest = own(hub, said).rest()
    assert not rest.paused
    assert hardware_requests(hub, RETRAIN) == 0
    assert [line for line in said if line.startswith("Warning: Pausing")] == said
    hub.clear()
    hub.fault("POST .*/hardware", "status", status=403)
    rest = own(hub, said).rest()
    assert rest.paused
    assert "403" in rest.problems[0]
    assert stage(hub, RETRAIN) == "PAUSED"


def test_a_space_that_does_not_know_its_name_says_that_nobody_pauses_it(hub: LiveHub):
    said: list[str] = []
    assert not own(hub, said, name=None).rest().paused
    assert said == [
        "Warning: Nobody pauses this Space: it does not know its name (SPACE_ID is not set)."
    ]


def test_the_port_of_a_space_answers_while_its_job_runs():
    with answering(0, "retrain_department") as port:
        address = f"http://127.0.0.1:{port}/"
        with urllib.request.urlopen(address) as answer:
            assert json.load(answer)["job"] == "retrain_department"
        asked = urllib.request.Request(address, method="HEAD")
        with urllib.request.urlopen(asked) as answer:
            assert answer.status == 200
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address)


# Triggering


@pytest.fixture
def command_line(hub: LiveHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    given = {
        "SAMBODHAN_HOME": str(tmp_path),
        "HF_TOKEN": WRITER,
        "HF_ENDPOINT": hub.endpoint,
        "PREPARE_DATASET_SPACE_ID": PREPARE,
        "DEPARTMENT_RETRAIN_SPACE": RETRAIN,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(("which", "name"), [("prepare", PREPARE), ("department", RETRAIN)])
def test_a_trigger_starts_the_space_of_what_it_names(
    command_line, hub: LiveHub, which: str, name: str
):
    spaces_of(hub).pause(name)
    assert command_line("trigger", which).output == f"{name} starts; it was PAUSED.\n"
    assert stage(hub, name) != "PAUSED"
    hub.call("POST", "/_space", {"repo": name, "stage": "RUNNING"})
    assert "what it did is interrupted" in command_line("trigger", which).output


@pytest.mark.parametrize(
    ("which", "told"), [("urgency", "URGENCY_RETRAIN_SPACE"), ("tone", "there is no such task")]
)
def test_a_trigger_without_a_space_says_what_to_set(command_line, which: str, told: str):
    result = command_line("trigger", which)
    assert isinstance(result.exception, PermanentError)
    assert told in str(result.exception)


def test_the_doctor_looks_at_every_space(command_line, monkeypatch: pytest.MonkeyPatch):
    found = [(level, text.rpartition(" is ")) for level, text in examine_spaces(load_settings())]
    assert {(level, *told[:2]) for level, told in found} == {
        ("ok", f"The Space {name} may be managed; it", " is ") for name in (PREPARE, RETRAIN)
    }
    # Both were made a moment ago.
    assert {told[2] for _, told in found} <= {"APP_STARTING.", "RUNNING."}
    monkeypatch.setenv("URGENCY_SPACE", "officials/none")
    monkeypatch.setenv("HF_TOKEN", "hf_officials_read")
    told = [text for level, text in examine_spaces(load_settings()) if level == "error"]
    assert [("403" in text, "404" in text) for text in told] == [
        (True, False),
        (True, False),
        (False, True),
    ]
