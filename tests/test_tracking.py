"""Risk: tracking misnames what a run did, leaks a secret or a complaint, or stops the run."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest
import stamina

from resources.assembly import open_tracker
from resources.tracking import wandb_runs
from resources.tracking.base import NullTracker
from resources.tracking.wandb_runs import WandbTracker
from sambodhan_assets.assets import tracking
from sambodhan_assets.domain.tracking.preparation import fetched, space_paused, too_few_rows
from sambodhan_assets.domain.tracking.tracked import RunPlace, Table, Tracked, TrackedVersion
from tests.databases import execute
from tests.lane_runs import Outcome, run
from tests.lane_states import Worlds
from tests.lane_world import LABEL_TASKS, World
from tests.services import machine
from tests.standins.wandb_server import wandb_server
from tests.wandb_files import OfflineRun, offline_runs

KEY = "a1b2c3d4e5" * 4
DATASETS, MODELS = "sambodhan-dataset-pipeline", "sambodhan-department-classifier"
PLACE = RunPlace(project="a-project", run_id="0f3a-1", job="prepare_department")


@pytest.fixture(autouse=True)
def _no_waiting() -> Generator[None]:
    stamina.set_testing(True, attempts=1)
    yield
    stamina.set_testing(False)


@pytest.fixture
def silent_port() -> Generator[int]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def tracker(folder: Path, **fields: object) -> WandbTracker:
    names = {"dataset_project": DATASETS, "model_projects": {"department": MODELS}}
    return WandbTracker(**{"folder": str(folder), "mode": "offline", **names, **fields})  # pyright: ignore[reportArgumentType]


def by_project(world: World) -> dict[str, OfflineRun]:
    """The offline runs, of which each project has one."""
    found = offline_runs(world.home / "wandb")
    assert len({run.project for run in found}) == len(found)
    return {run.project: run for run in found}


@pytest.fixture(scope="module")
def lane(worlds: Worlds) -> Generator[tuple[World, Outcome]]:
    """A whole lane; W&B refuses every connection, so that everything is written."""
    world = worlds.copy("first_round")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    online = world.but(
        WANDB_API_KEY=KEY, WANDB_BASE_URL=f"http://127.0.0.1:{port}", WANDB_TIMEOUT_SECONDS="8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POSTGRES_URL", world.url)
        patch.setenv("WANDB_API_KEY", KEY)
        patch.setenv("HF_TOKEN", "hf_plantedplanted")
        outcome = run(online)
    yield world, outcome
    worlds.drop(world)


def test_a_whole_lane_is_tracked_under_the_known_names(lane: tuple[World, Outcome]):
    world, outcome = lane
    assert outcome.success
    tracked = by_project(world)
    assert set(tracked) == {DATASETS, MODELS}
    assert {found.id for found in tracked.values()} == {outcome.run_id}
    (dataset,), (model,) = world.dataset_tags(), world.model_tags()

    preparation = tracked[DATASETS]
    expected = {
        "db_connection_status": "success",
        "department_records_fetched": 260,
        "department_push_status": "success",
        "department_dataset_version": dataset,
    }
    assert expected.items() <= preparation.values.items()
    metadata = preparation.config["department_dataset_metadata"]
    assert metadata["version_tag"] == dataset
    assert metadata["rows_by_split"]["train"] == 30
    assert [(level, title) for level, title, _ in preparation.alerts] == [
        ("INFO", "Dataset updated")
    ]

    retraining = tracked[MODELS]
    assert retraining.values["decision"] == "BOOTSTRAP"
    assert retraining.values["decision_reason"].startswith("Nothing is deployed yet")
    assert 0.6 < retraining.values["new_f1_macro"] <= 1
    assert "deployed_f1_macro" not in retraining.values
    assert retraining.values["served_version"] == model
    assert retraining.values["train/rows"] == 247
    assert retraining.config["training_args"]["loss"] == "log_loss"
    assert retraining.config["dataset_metadata"]["version_tag"] == dataset
    assert [(level, title) for level, title, _ in retraining.alerts] == [("INFO", "Model deployed")]


def test_lineage_reads_dataset_version_training_run_model_version(lane: tuple[World, Outcome]):
    world, _ = lane
    tracked = by_project(world)
    (dataset,), (model,) = world.dataset_tags(), world.model_tags()
    made = tracked[DATASETS].versions
    assert [(v.role, v.kind, v.name) for v in made] == [
        ("output", "dataset", "sambodhan-department-dataset")
    ]
    assert dataset in made[0].aliases
    used, deployed = tracked[MODELS].versions
    assert (used.role, used.kind, deployed.role, deployed.kind) == (
        "input",
        "dataset",
        "output",
        "model",
    )
    # W&B joins the two runs because the bytes are the same.
    assert used.digest == made[0].digest
    assert model in deployed.aliases
    files = [file for version in (*made, used, deployed) for file in version.files]
    assert {Path(file).name for file in files} == {"manifest.json"}


def test_tables_hold_label_names_and_numbers(held: World):
    run(held.but(WANDB_MODE="offline"), "decide_department")
    tracked = by_project(held)[MODELS]
    report = tracked.table("classification_report")
    assert report["columns"] == ["model", "label", "precision", "recall", "f1-score", "support"]
    assert {row[1] for row in report["data"]} == set(LABEL_TASKS[0].labels)
    assert {row[0] for row in report["data"]} == {"candidate", "deployed version"}
    for model in ("candidate", "deployed_version"):
        matrix = tracked.table(f"confusion_matrix_{model}_table")
        assert matrix["columns"] == ["Actual", "Predicted", "nPredictions"]
        assert len(matrix["data"]) == 16
    assert tracked.values["decision"] == "HOLD"
    assert tracked.values["gain"] < 0 < tracked.values["deployed_f1_macro"]
    assert [(level, title) for level, title, _ in tracked.alerts] == [("WARN", "Candidate on hold")]


def test_too_few_rows_are_a_warning(first_round: World):
    outcome = run(first_round.but(WANDB_MODE="offline", MIN_DATASET_LEN="1000"))
    assert outcome.success
    (tracked,) = by_project(first_round).values()
    assert tracked.values["department_push_status"] == "skipped_insufficient_data"
    assert tracked.alerts == [
        ("WARN", "Dataset skipped", "department: 38 of 1000 rows. Nothing was published.")
    ]
    assert tracked.exit_code == 0


def test_unchanged_content_alerts_nobody(deployed: World):
    run(deployed.but(WANDB_MODE="offline"))
    (tracked,) = by_project(deployed).values()
    assert tracked.values["department_push_status"] == "skipped_unchanged"
    assert tracked.alerts == []


def test_a_database_that_is_away_is_an_error(
    first_round: World, refused_port: int, monkeypatch: pytest.MonkeyPatch
):
    url = f"postgresql://someone:geheim-4711@127.0.0.1:{refused_port}/feedback"
    monkeypatch.setenv("POSTGRES_URL", url)
    outcome = run(first_round.but(WANDB_MODE="offline", POSTGRES_URL=url))
    assert not outcome.success
    (tracked,) = by_project(first_round).values()
    assert tracked.values["db_connection_status"] == "failed"
    assert tracked.values["department_push_status"] == "failed"
    ((level, title, text),) = tracked.alerts
    assert (level, title) == ("ERROR", "Database connection failed")
    assert "no connection to PostgreSQL" in text
    assert tracked.exit_code == 1
    assert b"geheim-4711" not in everything_in(first_round.home / "wandb")


def test_a_failed_preparation_is_an_error_of_another_kind(first_round: World):
    (first_round.home / "anchor.csv").write_text("text,nothing\nx,y\n")
    anchor = str(first_round.home / "anchor.csv")
    outcome = run(first_round.but(WANDB_MODE="offline", ANCHOR_DATASET=anchor))
    assert not outcome.success
    (tracked,) = by_project(first_round).values()
    assert "db_connection_status" not in tracked.values
    assert tracked.values["department_push_status"] == "failed"
    assert [(level, title) for level, title, _ in tracked.alerts] == [
        ("ERROR", "Dataset preparation failed")
    ]


def test_a_failed_training_is_an_error(deployed: World):
    world = deployed.but(WANDB_MODE="offline")
    for file in (world.home / "registry").rglob("train-*.parquet"):
        file.write_bytes(b"damaged")
    outcome = run(world, "retrain_department")
    assert not outcome.success
    (tracked,) = by_project(world).values()
    assert [(level, title) for level, title, _ in tracked.alerts] == [("ERROR", "Training failed")]
    assert tracked.exit_code == 1


def everything_in(folder: Path) -> bytes:
    return b"\n".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def complaints(world: World) -> list[str]:
    rows = execute(world.url, "SELECT message FROM complaints")
    return [text for (text,) in rows if len(text) > 20]


def test_no_secret_and_no_complaint_is_written(lane: tuple[World, Outcome]):
    world, outcome = lane
    written = everything_in(world.home / "wandb")
    assert len(written) > 10_000
    assert KEY.encode() not in written
    assert b"hf_planted" not in written
    texts = complaints(world)
    assert len(texts) == 300
    for text in texts:
        forms = (text.encode(), json.dumps(text)[1:-1].encode(), text.encode("utf-16-le"))
        assert not any(form in written for form in forms)
    assert KEY not in outcome.events
    assert {found.of("run")[0].host for found in offline_runs(world.home / "wandb")} == {""}


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


def test_every_project_that_is_not_tracked_is_named(lane: tuple[World, Outcome]):
    world, outcome = lane
    for project, kept in by_project(world).items():
        assert f"is not tracked in the W&B project {project}: CommError" in outcome.events
        assert f"`wandb sync {kept.folder}` sends it later." in outcome.events


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


def test_a_hook_that_breaks_leaves_the_run_green(
    first_round: World, monkeypatch: pytest.MonkeyPatch
):
    def broken(shelf: tracking.Shelf, step: tracking.Step) -> Tracked:
        raise KeyError("something that nobody thought of")

    monkeypatch.setitem(tracking._TELLERS, "balanced_dataset", broken)
    outcome = run(first_round.but(WANDB_MODE="offline"), "prepare_department")
    assert outcome.success
    (tracked,) = by_project(first_round).values()
    assert tracked.values["department_push_status"] == "success"


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


def test_without_settings_nothing_is_collected(first_round: World):
    null = open_tracker(first_round.settings, LABEL_TASKS)
    assert isinstance(null, NullTracker)
    assert not null.is_on
    assert run(first_round, "prepare_department").success
    assert not (first_round.home / "wandb").exists()


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


def test_equal_inputs_of_two_stages_are_one():
    version = TrackedVersion(kind="dataset", name="d", tag="v1", manifest="{}", facts={})
    both = Tracked(inputs=(version,)) + Tracked(inputs=(version,), values={"a": 1})
    assert both.inputs == (version,)
    assert both.values == {"a": 1}
