"""Risk: tracking misnames what a run did, or leaks a secret or a complaint."""

import json
import socket
from collections.abc import Generator
from pathlib import Path

import pytest

from resources.assembly import open_tracker
from resources.tracking.base import NullTracker
from sambodhan_assets.assets import tracking
from sambodhan_assets.domain.tracking.tracked import Tracked, TrackedVersion
from tests.databases import execute
from tests.lane_runs import Outcome, run
from tests.lane_states import Worlds
from tests.lane_world import LABEL_TASKS, World
from tests.tracked_runs import DATASETS, KEY, MODELS, by_project
from tests.wandb_files import offline_runs

pytestmark = pytest.mark.usefixtures("one_attempt")


@pytest.fixture
def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


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


def test_a_version_that_an_earlier_run_published_is_tracked_as_unchanged(first_round: World):
    run(first_round, "prepare_department")
    run(first_round.but(WANDB_MODE="offline"), "prepare_department")
    (tracked,) = by_project(first_round).values()
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


def test_every_project_that_is_not_tracked_is_named(lane: tuple[World, Outcome]):
    world, outcome = lane
    for project, kept in by_project(world).items():
        assert f"is not tracked in the W&B project {project}: CommError" in outcome.events
        assert f"`wandb sync {kept.folder}` sends it later." in outcome.events


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


def test_without_settings_nothing_is_collected(first_round: World):
    null = open_tracker(first_round.settings, LABEL_TASKS)
    assert isinstance(null, NullTracker)
    assert not null.is_on
    assert run(first_round, "prepare_department").success
    assert not (first_round.home / "wandb").exists()


def test_equal_inputs_of_two_stages_are_one():
    version = TrackedVersion(kind="dataset", name="d", tag="v1", manifest="{}", facts={})
    both = Tracked(inputs=(version,)) + Tracked(inputs=(version,), values={"a": 1})
    assert both.inputs == (version,)
    assert both.values == {"a": 1}
