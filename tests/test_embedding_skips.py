"""Risk: people are not told why the embedding lane did nothing, or what it needs to go on."""

import pytest

from resources.embedding import base_model
from tests.embedding_outcomes import tell, titles
from tests.lane_world import World
from tests.typo_worlds import LOADED, tags, write_pairs

pytestmark = pytest.mark.usefixtures("planted_secrets")


def test_too_few_pairs_are_told_with_both_numbers_and_where_more_go(pairs_loaded: World):
    write_pairs(pairs_loaded, 40)
    text, run = tell(pairs_loaded)
    assert text.startswith("OK train_embeddings: embedding skipped\n")
    assert f"40 of 100 pairs. More go into {pairs_loaded.home / 'pairs.csv'}. Nothing was" in text
    assert "skipped embedding/deployed_tag" in text
    assert "embedding: nothing is deployed\n" in text
    assert run.values["embedding_push_status"] == "skipped_insufficient_data"
    assert titles(run) == [("WARN", "Dataset skipped")]
    assert run.exit_code == 0


def test_unchanged_pairs_are_told_and_alert_nobody(pairs_deployed: World):
    text, run = tell(pairs_deployed)
    (tag,) = tags(pairs_deployed, "dataset")
    assert text.startswith("OK train_embeddings: embedding skipped\n")
    assert f"Nothing changed since {tag}. Nothing was published or deployed." in text
    assert run.values["embedding_push_status"] == "skipped_unchanged"
    assert run.alerts == []


def test_a_missing_base_model_is_told_with_what_to_install(
    pairs_loaded: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(base_model, "PACKAGE", "no_such_package")
    pairs = {"EMBEDDING_PAIRS": pairs_loaded.overrides["EMBEDDING_PAIRS"]}
    bare = World(home=pairs_loaded.home, url=pairs_loaded.url, overrides=pairs)
    text, run = tell(bare)
    (tag,) = tags(bare, "dataset")
    assert text.startswith("OK train_embeddings: embedding skipped\n")
    said = "Not trained because there is no base model: nothing is deployed, EMBEDDING_CHECKPOINT"
    assert f"{tag} is published, {LOADED:,} pairs. {said}" in text
    assert "Set EMBEDDING_CHECKPOINT, or install the extra minilm." in text
    assert run.values["embedding_push_status"] == "success"
    assert run.values["training_status"] == "skipped_no_base_model"
    assert titles(run) == [("INFO", "Dataset updated"), ("WARN", "Training skipped")]
    assert run.exit_code == 0
