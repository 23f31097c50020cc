"""Risk: people hear nothing of a verdict of the embedding lane, hear it twice, or in wrong words.

Every outcome is told to mail, chat and the experiment tracker, and none of them holds a secret.
"""

import dagster as dg
import pytest

from tests.embedding_outcomes import tell, text_of, titles
from tests.hearing import let_sensors_hear
from tests.lane_world import World
from tests.typo_worlds import (
    GROWN,
    IDLE,
    LONG,
    RUINOUS,
    run_config,
    serving,
    tags,
    train,
)

pytestmark = pytest.mark.usefixtures("planted_secrets")


def test_an_accepted_model_is_told_with_scores_rivals_versions_and_the_way_back(
    pairs_grown: World,
):
    one = serving(pairs_grown)
    text, _ = tell(pairs_grown, run_config(LONG))
    two, dataset = serving(pairs_grown), tags(pairs_grown, "dataset")[-1]
    lines = text.splitlines()
    assert lines[0] == "OK train_embeddings: embedding accepted"
    assert any(line.startswith("PROMOTE: A gain is shown: of 100 typos") for line in lines)
    assert any(line.startswith("what to do next: Nothing: ") for line in lines)
    assert {
        f"serves now: {two}",
        f"replaced: {one}",
        f"dataset version: {dataset}",
        "to go back, run: sambodhan rollback embedding",
        f"embedding: {two}, since this run; before it {one}",
    } <= set(lines)
    assert any(line.startswith("accuracy@1 of the candidate: 0.") for line in lines)
    assert any(line.startswith("accuracy@1 of the deployed version: 0.") for line in lines)
    assert any(line.startswith("accuracy@1 of the rival difflib: 0.") for line in lines)
    (rivals,) = (line for line in lines if line.startswith("rivals: "))
    assert "difflib (" in rivals
    assert rivals.endswith("Rivals are shown and never block.")


def test_an_accepted_model_is_tracked_with_scores_curve_and_versions(pairs_grown: World):
    _, run = tell(pairs_grown, run_config(LONG))
    two = serving(pairs_grown)
    assert run.values["embedding_pairs"] == GROWN
    assert run.values["embedding_push_status"] == "success"
    assert run.values["embedding_dataset_rows"] == GROWN
    assert run.values["decision"] == "PROMOTE"
    assert 0 < run.values["gain_lower_05"] < run.values["gain"] < run.values["gain_upper_95"]
    assert (
        0 < run.values["deployed/seen_accuracy_at_1"] < run.values["candidate/seen_accuracy_at_1"]
    )
    assert 0 < run.values["difflib/unseen_mrr_at_10"] <= 1
    assert run.values["served_version"] == two
    assert run.config["training_args"]["epochs"] == LONG["epochs"]
    curve = [entry["eval/accuracy_at_1"] for entry in run.history if "eval/accuracy_at_1" in entry]
    assert len(curve) == LONG["epochs"]
    assert max(curve) == run.values["eval/best_accuracy_at_1"]
    table = run.table("retrieval_scores")
    assert table["columns"][:3] == ["model", "words", "typos"]
    assert {row[0] for row in table["data"]} == {
        "candidate",
        "deployed",
        "base",
        "character TF-IDF",
        "difflib",
    }
    assert titles(run) == [("INFO", "Dataset updated"), ("INFO", "Model deployed")]
    assert {(v.role, v.kind, v.name) for v in run.versions} == {
        ("input", "dataset", "sambodhan-embedding-dataset"),
        ("output", "dataset", "sambodhan-embedding-dataset"),
        ("output", "model", "sambodhan-embedding-model"),
    }
    assert any(two in version.aliases for version in run.versions)
    assert run.exit_code == 0


def test_a_candidate_on_hold_is_told_with_the_pairs_that_it_needs(pairs_grown: World):
    text, run = tell(pairs_grown, run_config(IDLE))
    assert text.startswith("OK train_embeddings: embedding on hold\n")
    assert "HOLD: No gain is shown: of 100 typos" in text
    assert "puts as many right as the deployed version." in text
    assert "what to do next: More pairs of more words can tell: add training pairs" in text
    assert "sheet" not in text
    assert "sambodhan load audits" not in text
    assert f"embedding: {serving(pairs_grown)}, as before this run\n" in text
    assert run.values["decision"] == "HOLD"
    assert titles(run)[-1] == ("WARN", "Candidate on hold")
    assert "served_version" not in run.values
    assert run.exit_code == 0


def test_a_rejected_candidate_is_told_as_such(pairs_grown: World):
    text, run = tell(pairs_grown, run_config(RUINOUS))
    assert text.startswith("OK train_embeddings: embedding rejected\n")
    assert "REJECT: The candidate is worse: of 100 typos" in text
    assert " fewer right than the deployed version; at best it is " in text
    assert titles(run)[-1] == ("WARN", "Candidate rejected")


def test_a_rollback_is_told(pairs_grown: World):
    one = serving(pairs_grown)
    train(pairs_grown, LONG)
    assert serving(pairs_grown) != one
    with dg.DagsterInstance.ephemeral() as instance:
        definitions = pairs_grown.definitions
        result = definitions.resolve_job_def("rollback_embedding").execute_in_process(
            instance=instance
        )
        let_sensors_hear(definitions, instance, result.run_id)
    (mail,) = (pairs_grown.home / "mail").glob("*.eml")
    text = text_of(mail)
    assert text.startswith("OK rollback_embedding: embedding rolled back\n")
    assert f"{one} serves now." in text
