"""Risk: the embedding lane deploys what is worse, repeats what is done, or cannot go back."""

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from resources.assembly import build_resources
from resources.embedding import base_model
from resources.embedding.base_model import first_model, version_model
from resources.embedding.chosen import build_embedding_options
from resources.lane_settings import candidate_repository
from resources.profiles import load_settings
from sambodhan_assets.domain.embedding.model import load_sentence_model
from sambodhan_assets.domain.sample.typos import generate_pairs
from sambodhan_assets.label_tasks import EMBEDDING
from tests.lane_runs import Outcome, run
from tests.lane_world import World
from tests.tiny_sentence_model import build_tiny_sentence_model

JOB = "train_embeddings"
STAGES = ["training_pairs", "dataset_version", "trained_model", "evaluation", "deployed_tag"]
# The lane reads a file here, and no database.
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
# The tiny model knows nothing, so it learns fast.
FAST = {"learning_rate": 0.01, "epochs": 4}


def keys(*stages: str) -> list[str]:
    return [f"embedding/{stage}" for stage in stages]


def write_pairs(file: Path, count: int) -> None:
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(["typo", "corrected", "domain"])
        writer.writerows(row.values() for row in generate_pairs(count, seed=7).to_pylist())


def train(world: World, **hyperparameters: float) -> Outcome:
    config = {"ops": {"embedding__trained_model": {"config": {**FAST, **hyperparameters}}}}
    return run(world, JOB, run_config=config)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("POSTGRES_URL", NOWHERE)
    write_pairs(tmp_path / "pairs.csv", 500)
    model = build_tiny_sentence_model(tmp_path / "tiny")
    settings = {
        "EMBEDDING_PAIRS": str(tmp_path / "pairs.csv"),
        "EMBEDDING_CHECKPOINT": str(model),
        "EMBEDDING_ZIP": "true",
    }
    return World(home=tmp_path, url=NOWHERE, overrides=settings)


def serving(world: World) -> str | None:
    deployment = world.registry.deployed(world.lanes.model_repository(EMBEDDING))
    return deployment and deployment.tag


def zips(world: World) -> list[str]:
    models = world.lanes.model_repository(EMBEDDING)
    versions = [world.registry.version(models, tag) for tag in world.registry.tags(models)]
    return [name for v in versions for name in v.manifest.files if name.endswith(".zip")]


def test_the_lane_deploys_goes_on_refuses_and_goes_back(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    first = train(world)
    assert first.success
    assert first.made == keys(*STAGES)
    assert first.checks["RETRIEVAL_GATE"].metadata["verdict"].value == "BOOTSTRAP"
    one = serving(world)

    again = train(world)
    assert again.success
    assert again.made == keys("training_pairs")
    assert again.observations["embedding/dataset_version"].metadata

    write_pairs(tmp_path / "pairs.csv", 700)
    worse = train(world, learning_rate=0.3, epochs=1)
    assert worse.success
    assert worse.amber("RETRIEVAL_GATE")
    assert serving(world) == one

    write_pairs(tmp_path / "pairs.csv", 900)
    better = train(world)
    assert better.success
    candidate = world.artifacts.newest(candidate_repository(EMBEDDING))
    assert candidate is not None
    assert candidate.manifest.details["base"] == one
    if "embedding/deployed_tag" in better.made:
        names = zips(world)
        assert len(set(names)) == 2
        assert names == sorted(names)
        assert run(world, "rollback_embedding").success
        assert serving(world) == one
    assert list(scratch.iterdir()) == []


def test_a_published_zip_is_a_base_model_again(world: World, tmp_path: Path):
    assert train(world).success
    models = world.lanes.model_repository(EMBEDDING)
    version = world.registry.version(models, str(serving(world)))
    with world.registry.fetched(version) as folder:
        card = (folder / "README.md").read_text()
        metadata = json.loads((folder / "metadata.json").read_text())
        (found,) = folder.glob("models/*.zip")
        archive = tmp_path / "models" / found.name
        archive.parent.mkdir()
        archive.write_bytes(found.read_bytes())
    assert "difflib" in card
    assert metadata["eval_metrics"]["candidate"]["seen"]["accuracy_at_1"] > 0.5
    settings = load_settings({**world.variables, "EMBEDDING_CHECKPOINT": str(archive)})
    with (
        version_model(world.registry, version) as published,
        first_model(build_embedding_options(settings, token="")) as zipped,
    ):
        assert zipped is not None
        same = [load_sentence_model(model.folder) for model in (published, zipped)]
    vectors = [model.encode(["car brand: toyta"]) for model in same]
    assert (vectors[0] == vectors[1]).all()


def test_without_a_base_model_the_lane_says_so_and_skips(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(base_model, "PACKAGE", "no_such_package")
    bare = World(
        home=world.home,
        url=NOWHERE,
        overrides={"EMBEDDING_PAIRS": world.overrides["EMBEDDING_PAIRS"]},
    )
    outcome = run(bare, JOB)
    assert outcome.success
    assert outcome.made == keys("training_pairs", "dataset_version")
    said = outcome.observations["embedding/trained_model"].metadata["not trained"].value
    assert "minilm" in str(said)


def test_too_few_pairs_are_amber(world: World, tmp_path: Path):
    write_pairs(tmp_path / "pairs.csv", 40)
    outcome = train(world)
    assert outcome.success
    assert outcome.amber("MIN_PAIRS")
    assert outcome.made == []


def look(world: World) -> Any:
    sensor = world.definitions.get_repository_def().get_sensor_def("new_training_pairs")
    resources = build_resources(world.settings, world.tasks)
    used = {name: resources[name] for name in sensor.required_resource_keys}
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance, resources=used) as context,
    ):
        return sensor.evaluate_tick(context)


def test_the_sensor_asks_for_a_run_once_pairs_are_new(world: World):
    requests = look(world).run_requests
    assert requests is not None
    assert len(requests) == 1
    assert train(world).success
    assert look(world).skip_message == "0 new pairs, 50 start a run."
