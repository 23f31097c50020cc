"""Risk: a Space costs money after its job, works twice, or ends without a word to anybody."""

import json
import signal
import urllib.request
from pathlib import Path

import pytest

from sambodhan_assets.space.beacon import answering
from tests.hub_servers import WRITER, lfs_hub  # noqa: F401  (fixture)
from tests.inference_spaces import restarts
from tests.lane_runs import run
from tests.lane_world import World
from tests.space_jobs import (
    PREPARE,
    RETRAIN,
    end,
    in_folder,
    mails,
    own,
    spaces_of,
    stage,
    start,
    variables,
    with_job_spaces,
)
from tests.standins.hubserver import LiveHub
from tests.wandb_files import offline_runs


@pytest.fixture
def hub(lfs_hub: LiveHub) -> LiveHub:  # noqa: F811
    return with_job_spaces(lfs_hub)


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
    assert "If it was not retrained, run `sambodhan trigger department`." in said
    assert stage(hub, PREPARE) == "PAUSED"


def with_decisions(world: World, hub: LiveHub) -> dict[str, str]:
    """What the prepare Space is given where it sees the decisions of the retrain Space."""
    store = str(world.home / "artifacts")
    return in_folder(
        world, hub, AUTO_RETRAIN="1", DEPARTMENT_RETRAIN_SPACE=RETRAIN, ARTIFACT_STORE=store
    )


def test_a_version_that_missed_its_restart_is_retrained_by_the_next_run(
    first_round: World, hub: LiveHub
):
    hub.fault("POST .*/restart", "status", status=403)
    given = with_decisions(first_round, hub)
    code, said = end(start(given, "space", "prepare"))
    assert code == 1, said
    code, said = end(start(given, "space", "prepare"))
    assert code == 0, said
    assert f"{RETRAIN} is at work and left alone." in said
    spaces_of(hub).pause(RETRAIN)
    code, said = end(start(given, "space", "prepare"))
    assert code == 0, said
    assert restarts(hub, RETRAIN) == 1


def test_a_version_that_was_decided_about_is_not_retrained_again(deployed: World, hub: LiveHub):
    code, said = end(start(with_decisions(deployed, hub), "space", "prepare"))
    assert code == 0, said
    assert restarts(hub, RETRAIN) == 0
    assert "department has a new dataset version" not in said


def test_a_red_run_is_told_and_its_space_rests(first_round: World, hub: LiveHub):
    hub.fault("POST /api/datasets/.*/commit", "status", status=403, times=0)
    given = variables(first_round, hub, AUTO_RETRAIN="1", DEPARTMENT_RETRAIN_SPACE=RETRAIN)
    code, said = end(start(given, "space", "prepare"))
    assert code == 1, said
    assert stage(hub, PREPARE) == "PAUSED"
    assert restarts(hub, RETRAIN) == 0
    assert "Subject: FAILED prepare_datasets" in mails(first_round)


def test_a_container_that_a_restart_ends_leaves_its_space_to_the_next_one(
    first_round: World, hub: LiveHub
):
    hub.fault("POST /api/datasets/.*/commit", "hold")
    process = start(variables(first_round, hub), "space", "prepare")
    hub.wait("POST /api/datasets/.*/commit", held="before")
    spaces_of(hub).restart(PREPARE)
    process.send_signal(signal.SIGTERM)
    code, said = end(process)
    assert code == 1, said
    assert "whoever did that decides whether its Space rests" in said
    assert hub.log("/pause") == []
    assert stage(hub, PREPARE) != "PAUSED"
    assert "FAILED prepare_datasets" in mails(first_round)


def test_a_restart_between_the_job_and_the_pause_is_not_undone(first_round: World, hub: LiveHub):
    held = hub.fault(f"POST /api/spaces/{RETRAIN}/restart", "hold")
    given = variables(first_round, hub, AUTO_RETRAIN="1", DEPARTMENT_RETRAIN_SPACE=RETRAIN)
    process = start(given, "space", "prepare")
    hub.wait(f"POST /api/spaces/{RETRAIN}/restart", held="before")
    process.send_signal(signal.SIGTERM)
    hub.release(held)
    code, said = end(process)
    assert code == 0, said
    assert restarts(hub, RETRAIN) == 1
    assert hub.log("/pause") == []


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


def test_all_missing_settings_are_named_at_once_and_the_space_rests(hub: LiveHub, tmp_path: Path):
    kept = {"PATH": "/usr/bin", "HOME": str(tmp_path), "SAMBODHAN_HOME": str(tmp_path)}
    given = {**kept, **hub.env(tmp_path / "hf", token=WRITER), "SPACE_ID": RETRAIN}
    code, said = end(start(given, "space", "retrain"))
    assert code == 1
    (line,) = [line for line in said.splitlines() if line.startswith("Error")]
    assert all(name in line for name in ("POSTGRES_URL", "REGISTRY=hub", "LABEL"))
    assert "HF_TOKEN" not in line
    assert stage(hub, RETRAIN) == "PAUSED"


def test_a_wrong_setting_is_told_and_the_space_rests(hub: LiveHub, tmp_path: Path):
    kept = {"PATH": "/usr/bin", "HOME": str(tmp_path), "MIN_DATASET_LEN": "many"}
    given = {**kept, **hub.env(tmp_path / "hf", token=WRITER), "SPACE_ID": RETRAIN}
    code, said = end(start(given, "space", "retrain"))
    assert code == 1
    assert "Error Reading the settings: MIN_DATASET_LEN: " in said
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
