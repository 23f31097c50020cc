"""Risk: a red run of the embedding lane is told without its reason, or with a secret in it."""

import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.embedding_outcomes import SECRETS, tell, titles
from tests.lane_world import World
from tests.mail_servers import webhook
from tests.typo_worlds import LONG, run_config

pytestmark = pytest.mark.usefixtures("planted_secrets")


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
