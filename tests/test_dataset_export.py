"""Risk: an export is half there, overwritten, or not what it claims."""

import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sambodhan_assets.domain.export.rows import EXPORT_SCHEMA
from sambodhan_assets.domain.export.verify import verify_export
from tests.export_world import (
    DEPARTMENT,
    URGENCY,
    export,
    export_world,
    exports,
    folder_of,
    letters,
    publish_version,
    published_world,
    rows_of,
)
from tests.lane_runs import run
from tests.lane_world import World

pytestmark = pytest.mark.usefixtures("no_database")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Both tasks have a dataset version."""
    return published_world(tmp_path, DEPARTMENT, URGENCY)


def data_bytes(folder: Path) -> dict[str, bytes]:
    return {path.suffix: path.read_bytes() for path in folder.glob("dataset_v*")}


def test_without_any_configuration_all_tasks_are_exported_and_verified(world: World):
    outcome = run(world, "export_dataset")
    assert outcome.success, outcome.failure
    assert outcome.made == ["dataset_export"]
    folder = folder_of(world)
    assert {path.name for path in folder.iterdir()} >= {
        "dataset_v0.1.0.jsonl",
        "dataset_v0.1.0.parquet",
        "manifest_v0.1.0.json",
        "config_lock.json",
        "qa_report_v0.1.0.json",
        "CHECKSUMS.sha256",
    }
    rows = rows_of(world)
    assert {row["task"] for row in rows} == {"department", "urgency"}
    assert list(rows[0]) == EXPORT_SCHEMA.names
    assert pq.read_table(folder / "dataset_v0.1.0.parquet").to_pylist() == rows
    assert [row["id"] for row in rows] == sorted({str(row["id"]) for row in rows})
    verified = verify_export(folder)
    assert set(verified.rows.values()) == {len(rows)}
    assert outcome.checks["privacy"].passed
    assert outcome.checks["provenance"].passed


def test_sha256sum_accepts_the_checksums(world: World):
    assert export(world, formats=["jsonl", "parquet", "csv"]).success
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "CHECKSUMS.sha256"],
        cwd=folder_of(world),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    named = {line.split(":")[0] for line in done.stdout.splitlines()}
    others = {path.name for path in folder_of(world).iterdir()} - {"CHECKSUMS.sha256"}
    assert named == others


def test_the_same_inputs_and_seed_give_the_same_data_files(world: World):
    assert export(
        world, version="one", target_samples=20, formats=["jsonl", "parquet", "csv"]
    ).success
    assert export(
        world, version="two", target_samples=20, formats=["csv", "parquet", "jsonl"]
    ).success
    assert data_bytes(folder_of(world, "one")) == data_bytes(folder_of(world, "two"))
    other = export(world, version="three", target_samples=20, seed=43)
    assert other.success
    assert rows_of(world, "three") != rows_of(world, "one")


def test_a_second_export_of_the_same_publishes_nothing(world: World):
    assert export(world).made == ["dataset_export"]
    again = export(world)
    assert again.success
    assert again.made == []
    seen = again.observations["dataset_export"].metadata
    assert seen["nothing changed since"].value == "0.1.0"
    assert again.checks["privacy"].passed
    assert exports(world).versions() == ["0.1.0"]


def test_the_next_version_tells_other_data_from_another_way_of_exporting_it(world: World):
    assert export(world).success
    assert export(world, formats=["jsonl", "parquet", "csv"]).success
    publish_version(world, DEPARTMENT, rows=letters(DEPARTMENT, 60))
    assert export(world).success
    assert exports(world).versions() == ["0.1.0", "0.1.1", "0.2.0"]


def test_an_existing_version_is_never_overwritten(world: World):
    assert export(world, version="1.0.0").success
    before = {path.name: path.read_bytes() for path in folder_of(world, "1.0.0").iterdir()}
    same = export(world, version="v1.0.0")
    assert (same.success, same.made) == (True, [])
    other = export(world, version="1.0.0", target_samples=10)
    assert not other.success
    assert other.failure is not None
    assert "never overwritten" in str(other.failure.description)
    assert {p.name: p.read_bytes() for p in folder_of(world, "1.0.0").iterdir()} == before


def test_a_task_without_a_dataset_version_is_left_out_and_said(tmp_path: Path):
    world = export_world(tmp_path)
    publish_version(world, URGENCY)
    outcome = export(world)
    assert outcome.success
    assert "prepare_department makes one" in outcome.events
    assert {row["task"] for row in rows_of(world)} == {"urgency"}


def test_without_any_dataset_version_the_run_says_which_job_makes_one(tmp_path: Path):
    outcome = export(export_world(tmp_path))
    assert not outcome.success
    assert outcome.failure is not None
    assert "Run the job prepare_datasets first." in str(outcome.failure.description)


def test_without_quality_the_manifest_says_so_and_the_checks_are_amber(world: World):
    outcome = export(world, version="test", quality=False)
    assert outcome.success
    manifest = exports(world).manifest("test")
    assert manifest.qa["run"] is False
    assert not list(folder_of(world, "test").glob("qa_report*"))
    for name in ("privacy", "provenance"):
        assert outcome.amber(name)
        assert "Not measured" in str(outcome.checks[name].description)
    assert verify_export(folder_of(world, "test")).manifest == manifest


def test_an_export_without_quality_is_followed_by_one_with_it(world: World):
    assert export(world, quality=False).success
    assert export(world, version="0.1.0").made == []
    assert export(world).made == ["dataset_export"]
    assert exports(world).versions() == ["0.1.0", "0.1.1"]
    assert export(world).made == []


def test_a_threshold_can_be_taken_away_and_more_samples_than_rows_are_all_rows(world: World):
    assert export(world, target_samples=10_000, thresholds={"malformed_share": None}).success
    manifest = exports(world).manifest("0.1.0")
    assert manifest.rows == len(rows_of(world)) < 10_000
    assert "malformed_share" not in manifest.qa["verdicts"]
