"""Risk: W&B that is away, slow or broken stops a run, or what it does not take is lost."""

import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest

from resources.tracking import wandb_runs
from sambodhan_assets.domain.tracking.preparation import fetched, space_paused, too_few_rows
from sambodhan_assets.domain.tracking.tracked import RunPlace, Table, Tracked, TrackedVersion
from tests.lane_runs import run
from tests.lane_world import World
from tests.services import machine
from tests.standins.wandb_server import wandb_server
from tests.tracked_runs import DATASETS, KEY, tracker
from tests.wandb_files import offline_runs

pytestmark = pytest.mark.usefixtures("one_attempt")
PLACE = RunPlace(project="a-project", run_id="0f3a-1", job="prepare_department")


@pytest.fixture
def silent_port() -> Generator[int]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_an_online_run_reaches_wandb_and_leaves_no_copy(first_round: World):
    with wandb_server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_API_KEY", KEY)
        world = first_round.but(
            WANDB_API_KEY=KEY, WANDB_BASE_URL=server.url, WANDB_ENTITY="somebody"
        )
        outcome = run(world, "prepare_department")
    assert outcome.success
    assert "is not tracked" not in outcome.events
    opened = server.of("UpsertBucket")[0]
    assert (opened["project"], opened["name"]) == (DATASETS, outcome.run_id)
    (row,) = server.history
    assert row["department_push_status"] == "success"
    (alert,) = server.of("NotifyScriptableRunAlert")
    assert (alert["severity"], alert["title"]) == ("INFO", "Dataset updated")
    assert len(server.of("CommitArtifact")) == 1
    assert offline_runs(world.home / "wandb") == []


def test_an_input_is_used_and_alerts_of_one_title_all_arrive(tmp_path: Path):
    version = TrackedVersion(kind="dataset", name="me/d", tag="v1", manifest="{}", facts={})
    with wandb_server() as server:
        online = tracker(tmp_path, mode="online", api_key=KEY, base_url=server.url)
        for task in ("department", "urgency"):
            online.note(PLACE, too_few_rows(task, "2 of 3 rows."))
        online.note(PLACE, Tracked(inputs=(version,)))
        online.hand_over(pytest.fail)
    assert len(server.of("UseArtifact")) == 1
    alerts = server.of("NotifyScriptableRunAlert")
    assert [alert["title"] for alert in alerts] == ["Dataset skipped", "Dataset skipped"]
    # W&B drops an alert whose title it has heard within this many milliseconds.
    assert {alert["waitDuration"] for alert in alerts} == {1}


def test_what_wandb_does_not_take_to_the_end_is_kept_whole(tmp_path: Path):
    warnings: list[str] = []
    with wandb_server() as server:
        server.silent_from = "NotifyScriptableRunAlert"
        online = tracker(
            tmp_path, mode="online", api_key=KEY, base_url=server.url, timeout_seconds=12
        )
        online.note(PLACE, too_few_rows("department", "2 of 3 rows."))
        online.hand_over(warnings.append)
    (warning,) = warnings
    (kept,) = offline_runs(tmp_path)
    assert f"`wandb sync {kept.folder}`" in warning
    assert kept.values["department_push_status"] == "skipped_insufficient_data"
    assert len(kept.alerts) == 1


def test_a_run_is_green_where_wandb_takes_connections_and_never_answers(
    first_round: World, silent_port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    world = first_round.but(
        WANDB_API_KEY=KEY,
        WANDB_BASE_URL=f"http://127.0.0.1:{silent_port}",
        WANDB_TIMEOUT_SECONDS="8",
    )
    outcome = run(world, "prepare_department")
    assert outcome.success
    (kept,) = offline_runs(world.home / "wandb")
    warning = f"Run {outcome.run_id} is not tracked in the W&B project {DATASETS}: "
    assert warning in outcome.events
    assert f"`wandb sync {kept.folder}` sends it later." in outcome.events
    assert kept.values["department_push_status"] == "success"
    assert services_of_wandb() == []


def services_of_wandb() -> list[int]:
    mine = psutil.Process().children(recursive=True)
    return [child.pid for child in mine if "wandb" in child.name()]


def test_a_program_that_hangs_is_ended_with_its_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As wandb does, the service leads a session of its own."""
    pid_file = tmp_path / "pid"
    hanging = tmp_path / "hanging.py"
    hanging.write_text(
        "import pathlib, subprocess, sys, time\n"
        "service = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
        " start_new_session=True)\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(service.pid))\n"
        "time.sleep(600)\n"
    )
    monkeypatch.setattr(wandb_runs, "_SENDER", hanging)
    warnings: list[str] = []
    slow = tracker(tmp_path / "wandb", timeout_seconds=1.5)
    slow.note(PLACE, fetched("department", records=3))
    slow.hand_over(warnings.append)
    assert len(warnings) == 1
    assert "no end within 1.5 seconds" in warnings[0]
    assert "could not be kept" in warnings[0]
    service = int(pid_file.read_text())
    deadline = time.monotonic() + 10
    while psutil.pid_exists(service) and time.monotonic() < deadline:
        if psutil.Process(service).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    else:
        assert not psutil.pid_exists(service)


def test_nothing_is_handed_over_twice(tmp_path: Path):
    once = tracker(tmp_path)
    once.note(PLACE, fetched("department", records=3))
    once.note(PLACE, space_paused())
    for _ in range(2):
        once.hand_over(pytest.fail)
    (tracked,) = offline_runs(tmp_path)
    assert tracked.values["hf_space_pause"] == "success"
    assert tracked.values["department_records_fetched"] == 3


def test_a_later_process_writes_into_the_same_run(tmp_path: Path):
    last = space_paused(reason="The Hub said 403.") + Tracked(failed=True)
    for part in (fetched("department", records=3), last):
        process = tracker(tmp_path)
        process.note(PLACE, part)
        process.hand_over(pytest.fail)
    first, second = offline_runs(tmp_path)
    assert (first.exit_code, second.exit_code) == (0, 1)
    assert first.id == second.id == PLACE.run_id
    assert first.values["department_records_fetched"] == 3
    assert second.alerts == [("WARN", "Space pause failed", "The Hub said 403.")]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_steps_in_processes_of_their_own_write_into_one_run(first_round: World, tmp_path: Path):
    variables = {**first_round.variables, "EXECUTOR": "multiprocess", "WANDB_MODE": "offline"}
    with machine(variables, tmp_path) as here:
        outcome = here.execute("prepare_department")
        (finished,) = here.runs("prepare_department")
    assert outcome.returncode == 0, outcome.stdout
    segments = offline_runs(first_round.home / "wandb")
    assert {(found.id, found.project) for found in segments} == {(finished.run_id, DATASETS)}
    together = {name: value for found in segments for name, value in found.values.items()}
    assert together["db_connection_status"] == "success"
    assert together["department_push_status"] == "success"


def test_a_transformers_training_is_a_curve(tmp_path: Path):
    steps = ({"train/global_step": 50.0, "train/loss": 0.9, "eval/f1_macro": 0.4},)
    steps += ({"train/global_step": 100.0, "train/loss": 0.5, "eval/f1_macro": 0.7},)
    curve = tracker(tmp_path)
    curve.note(PLACE, Tracked(series=steps, tables={"t": Table(columns=("a",), rows=((1.5,),))}))
    curve.hand_over(pytest.fail)
    (tracked,) = offline_runs(tmp_path)
    shown = [{name: entry.get(name) for name in steps[0]} for entry in tracked.history[:2]]
    assert shown == [dict(step) for step in steps]
    assert tracked.table("t") == {"columns": ["a"], "data": [[1.5]]}


def test_the_tracker_itself_never_loads_wandb(tmp_path: Path):
    """Its threads and exit handlers stay out of the process that trains."""
    program = (
        "import sys\n"
        "from resources.tracking.wandb_runs import WandbTracker\n"
        "from sambodhan_assets.domain.tracking.preparation import fetched\n"
        "from sambodhan_assets.domain.tracking.tracked import RunPlace\n"
        f"t = WandbTracker(dataset_project='d', model_projects={{}}, folder={str(tmp_path)!r},"
        " mode='offline')\n"
        "t.note(RunPlace(project='d', run_id='r', job='j'), fetched('department', records=1))\n"
        "t.hand_over(sys.exit)\n"
        "assert 'wandb' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[1])
    assert len(offline_runs(tmp_path)) == 1
