"""States of the embedding lane with a tiny model, each built once per session and copied.

`conftest.py` makes the fixtures known:

    pairs_loaded     LOADED pairs in a CSV; nothing has run
    pairs_deployed   the same after a short training: a weak first model serves
    pairs_grown      GROWN pairs, so that a longer training is surely promoted

Torch runs on one thread while they are used: a tiny model gains nothing by more, and where other
tests work beside, threads that wait for each other take 15 times as long.
"""

import csv
import shutil
import uuid
from collections.abc import Generator
from pathlib import Path

import pytest

from sambodhan_assets.domain.sample.typos import generate_pairs
from sambodhan_assets.label_tasks import EMBEDDING
from tests.lane_runs import Outcome, run
from tests.lane_world import World
from tests.tiny_sentence_model import build_tiny_sentence_model

JOB = EMBEDDING.pipeline_job
STAGES = ("training_pairs", "dataset_version", "trained_model", "evaluation", "deployed_tag")
# The lane reads a file here, and no database.
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
LOADED, GROWN = 1000, 1600
# Measured: the weak first model beats the untrained one by 13 of 100 typos, at worst by 6; the long
# training on more pairs beats the weak model by 13, at worst by 8. The ruined one knows nothing.
WEAK = {"learning_rate": 0.02, "epochs": 3}
LONG = {"learning_rate": 0.02, "epochs": 10}
RUINOUS = {"learning_rate": 0.5, "epochs": 1}
# So small that no weight moves.
IDLE = {"learning_rate": 1e-30, "epochs": 1}


def embedding_keys(*stages: str) -> list[str]:
    """Asset keys as text."""
    return [f"{EMBEDDING.name}/{stage}" for stage in stages]


def write_pairs(world: World, count: int) -> None:
    """The first `count` generated pairs, and no others."""
    with (world.home / "pairs.csv").open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(["typo", "corrected", "domain"])
        writer.writerows(row.values() for row in generate_pairs(count, seed=7).to_pylist())


def run_config(hyperparameters: dict[str, float]) -> dict[str, object]:
    """Run config of the job."""
    return {"ops": {"embedding__trained_model": {"config": hyperparameters}}}


def train(world: World, hyperparameters: dict[str, float]) -> Outcome:
    """Runs the lane."""
    return run(world, JOB, run_config=run_config(hyperparameters))


def typo_world(home: Path) -> World:
    """The world in a folder."""
    settings = {
        "EMBEDDING_PAIRS": str(home / "pairs.csv"),
        "EMBEDDING_CHECKPOINT": str(home / "tiny"),
        "EMBEDDING_ZIP": "true",
    }
    return World(home=home, url=NOWHERE, overrides=settings)


def moves(world: World) -> list[tuple[str, str]]:
    """Every move of the pointer as (action, tag)."""
    history = world.registry.deployments(world.lanes.model_repository(EMBEDDING))
    return [(move.action, move.tag) for move in history]


def serving(world: World) -> str:
    """Tag of the version that serves."""
    deployment = world.registry.deployed(world.lanes.model_repository(EMBEDDING))
    assert deployment is not None
    return deployment.tag


def tags(world: World, kind: str) -> list[str]:
    """Tags of the published versions of a kind, dataset or model, oldest first."""
    names = {"dataset": world.lanes.dataset_repository, "model": world.lanes.model_repository}
    return world.registry.tags(names[kind](EMBEDDING))


@pytest.fixture
def one_thread() -> Generator[None]:
    """Torch takes one thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def typo_states(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    """The states of this session that are built already."""
    home = tmp_path_factory.mktemp("typos") / "loaded"
    # So narrow that it can learn: a wider one tells most typos apart without any training.
    build_tiny_sentence_model(home / "tiny", width=8)
    world = typo_world(home)
    write_pairs(world, LOADED)
    return {"loaded": world}


def _copied(world: World, home: Path) -> World:
    shutil.copytree(world.home, home)
    return typo_world(home)


@pytest.fixture
def pairs_loaded(
    typo_states: dict[str, World],
    one_thread: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """Pairs in a CSV; nothing has run."""
    monkeypatch.setenv("POSTGRES_URL", NOWHERE)
    return _copied(typo_states["loaded"], tmp_path / "world")


@pytest.fixture
def pairs_deployed(
    typo_states: dict[str, World],
    one_thread: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """A weak first model serves; nothing new has happened."""
    monkeypatch.setenv("POSTGRES_URL", NOWHERE)
    if "deployed" not in typo_states:
        loaded = typo_states["loaded"]
        world = _copied(loaded, loaded.home.parent / f"deployed-{uuid.uuid4().hex}")
        outcome = train(world, WEAK)
        assert outcome.made == embedding_keys(*STAGES), outcome.failure
        typo_states["deployed"] = world
    return _copied(typo_states["deployed"], tmp_path / "world")


@pytest.fixture
def pairs_grown(pairs_deployed: World) -> World:
    """A weak first model serves, and there are pairs for a better one."""
    write_pairs(pairs_deployed, GROWN)
    return pairs_deployed
