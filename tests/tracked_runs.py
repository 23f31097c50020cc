"""Runs that are tracked offline, by the names that a platform has by default."""

from collections.abc import Generator
from pathlib import Path

import pytest
import stamina

from resources.tracking.wandb_runs import WandbTracker
from tests.lane_world import World
from tests.wandb_files import OfflineRun, offline_runs

KEY = "a1b2c3d4e5" * 4
DATASETS, MODELS = "sambodhan-dataset-pipeline", "sambodhan-department-classifier"


@pytest.fixture
def one_attempt() -> Generator[None]:
    """Nothing that failed is tried again."""
    stamina.set_testing(True, attempts=1)
    yield
    stamina.set_testing(False)


def tracker(folder: Path, **fields: object) -> WandbTracker:
    """A tracker that keeps its runs in a folder."""
    names = {"dataset_project": DATASETS, "model_projects": {"department": MODELS}}
    return WandbTracker(**{"folder": str(folder), "mode": "offline", **names, **fields})  # pyright: ignore[reportArgumentType]


def by_project(world: World) -> dict[str, OfflineRun]:
    """The offline runs, of which each project has one."""
    found = offline_runs(world.home / "wandb")
    assert len({run.project for run in found}) == len(found)
    return {run.project: run for run in found}
