"""A home with published dataset versions and no database, for tests of exports.

world = export_world(tmp_path)
publish_version(world, DEPARTMENT, rows=40)
outcome = export(world, version="test")
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from resources.exports.local import LocalExports
from resources.registry.base import Publication, Version
from sambodhan_assets.domain.dataset.balanced import build_balanced_dataset
from sambodhan_assets.domain.dataset.files import content_files, write_dataset
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from sambodhan_assets.domain.sample.grievances import generate_grievances
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask
from tests.lane_runs import Outcome, run
from tests.lane_world import World
from tests.snapshot_rows import Row, correction, make_snapshot

DEPARTMENT, URGENCY = LABEL_TASKS
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """An export asks no database: an address where nobody answers."""
    monkeypatch.setenv("POSTGRES_URL", NOWHERE)


def export_world(folder: Path, **overrides: str) -> World:
    """A world in which nothing is published; tests run from trees with changes."""
    return World(home=folder / "home", url=NOWHERE, overrides={"ALLOW_DIRTY": "true"} | overrides)


def published_world(folder: Path, *tasks: LabelTask) -> World:
    """A world in which these tasks have a dataset version each."""
    world = export_world(folder)
    for task in tasks:
        publish_version(world, task)
    return world


def letters(task: LabelTask, count: int, *, seed: int = 5) -> list[Row]:
    """Corrected complaints of invented citizens."""
    return [
        correction(row.id, row.grievance, getattr(row, task.name))
        for row in generate_grievances(count, seed=seed)
    ]


def publish_version(
    world: World, task: LabelTask = DEPARTMENT, *, rows: Sequence[Row] | int = 40
) -> Version:
    """Prepares and publishes a dataset version as the lane does."""
    complaints = letters(task, rows) if isinstance(rows, int) else list(rows)
    dataset = build_balanced_dataset(
        make_snapshot(complaints),
        labels=task.labels,
        settings=PreparationSettings(),
        parent_assignments=None,
    )
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(dataset, task.labels, Path(folder))
        publication = Publication(
            run_id="test",
            content_files=content_files(Path(folder)),
            details={"labels": list(task.labels), "row_count": dataset.report.row_count},
        )
        repository = world.lanes.dataset_repository(task)
        return world.registry.publish(repository, Path(folder), publication)


def export_config(**values: Any) -> dict[str, Any]:
    """Run configuration of the job."""
    return {"ops": {"dataset_export": {"config": values}}}


def exports(world: World) -> LocalExports:
    """The store of this world."""
    return LocalExports(folder=str(world.home / "exports"))


def export(world: World, **values: object) -> Outcome:
    """Runs the job with this configuration."""
    return run(world, "export_dataset", run_config=export_config(**values))


def folder_of(world: World, version: str = "0.1.0") -> Path:
    """Where an export lies."""
    return world.home / "exports" / f"v{version}"


def rows_of(world: World, version: str = "0.1.0") -> list[dict[str, object]]:
    """The rows of an export, read from its JSONL."""
    text = (folder_of(world, version) / f"dataset_v{version}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
