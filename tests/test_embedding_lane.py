"""Risk: the embedding lane deploys what is worse, repeats what is done, or cannot go back."""

import signal
import tempfile
from pathlib import Path

import pytest

from resources.lane_settings import decision_repository
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


def test_too_few_pairs_are_amber(pairs_loaded: World):
    write_pairs(pairs_loaded, 40)
    outcome = train(pairs_loaded, LONG)
    assert outcome.success
    assert outcome.amber("MIN_PAIRS")
    said = outcome.checks["MIN_PAIRS"].description
    assert said == f"40 of 100 pairs. More go into {pairs_loaded.home / 'pairs.csv'}."
    assert outcome.made == []
