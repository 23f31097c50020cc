"""Risk: what serves is not what was deployed, or a citizen's request breaks it, or is written down.

The server is a process of its own, as in production; the deployed version comes from a real run.
"""

import asyncio
import json
import logging
import socket
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx2
import numpy as np
import pytest
from starlette.requests import Request

from sambodhan_assets.domain.dataset.cleaning import clean_text
from sambodhan_assets.domain.dataset.snapshot import MAX_MESSAGE_LENGTH
from sambodhan_assets.serving import requests
from sambodhan_assets.serving.application import create_application
from sambodhan_assets.serving.requests import MAX_BODY_BYTES
from sambodhan_assets.serving.served_model import load_served_model
from tests.citizens import grievances
from tests.lane_states import Worlds
from tests.lane_world import DEPARTMENT, World
from tests.served import Serving, serving
from tests.services import machine

SECRET_TEXT = "Ram Bahadur of house 77 reports a leaking pipe"


@pytest.fixture(scope="module")
def shared(worlds: Worlds, tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    """One server for all tests that leave it as it is."""
    world = worlds.copy("deployed")
    with (
        machine(world.variables, tmp_path_factory.mktemp("serving")) as here,
        serving(world, here) as found,
    ):
        yield found
    worlds.drop(world)


@pytest.fixture
def client(shared: Serving) -> Generator[httpx2.Client]:
    with shared.client as found:
        yield found


def test_an_answer_is_that_of_the_deployed_model_in_the_known_shape(
    client: httpx2.Client, shared: Serving
):
    model = shared.world.serving_model()
    for row in grievances(5):
        dirty = f"<b>{row.grievance}</b>\n see https://example.org/1"
        answer = client.post("/predict", json={"text": dirty}).json()
        probabilities = model.predict_proba([clean_text(dirty)])[0]
        assert list(answer) == ["label", "confidence", "scores"]
        assert answer["scores"] == dict(zip(DEPARTMENT.labels, probabilities, strict=True))
        assert answer["label"] == DEPARTMENT.labels[probabilities.argmax()]
        assert answer["confidence"] == probabilities.max()


def test_the_version_is_the_one_whose_weights_are_loaded(client: httpx2.Client, shared: Serving):
    world, serving = shared.world, shared.world.serving()
    version = world.registry.version(world.lanes.model_repository(DEPARTMENT), str(serving))
    assert client.get("/version").json() == {
        "version": serving,
        "task": "department",
        "dataset_version": world.dataset_tags()[-1],
        "content_hash": version.content_hash,
        "family": "linear",
    }
    assert client.get("/health").json() == {"status": "ok", "version": serving}
    index, head = client.get("/"), client.head("/")
    assert (index.status_code, head.status_code, head.content) == (200, 200, b"")
    assert (index.json()["task"], index.json()["version"]) == ("department", serving)
    assert "/predict" in client.get("/openapi.json").json()["paths"]


REFUSED: dict[str, tuple[bytes, int, str]] = {
    "empty": (b'{"text": ""}', 422, "The text is empty"),
    "empty once cleaned": (b'{"text": " <br> http://a.example "}', 422, "The text is empty"),
    "no JSON": (b"text=pipe", 422, "must be JSON like"),
    "no body": (b"", 422, "must be JSON like"),
    "not UTF-8": (b'{"text": "\xff"}', 422, "must be JSON like"),
    "half a character": (b'{"text": "\\ud800"}', 422, "must be JSON like"),
    "another field": (b'{"message": "pipe"}', 422, "text: Field required"),
    "a number": (b'{"text": 5}', 422, "text: Input should be a valid string"),
    "a list": (b'["pipe"]', 422, "must be JSON like"),
    "too long": (
        json.dumps({"text": "a" * (MAX_MESSAGE_LENGTH + 1)}).encode(),
        413,
        "The text has 20001 characters; the limit is 20000.",
    ),
    "too large": (b" " * (MAX_BODY_BYTES + 1), 413, "The body is larger than"),
}


def test_what_is_no_question_is_refused_in_json(client: httpx2.Client):
    found = {name: client.post("/predict", content=body) for name, (body, _, _) in REFUSED.items()}
    assert {name: answer.status_code for name, answer in found.items()} == {
        name: status for name, (_, status, _) in REFUSED.items()
    }
    for name, (_, _, sentence) in REFUSED.items():
        assert sentence in found[name].json()["detail"]
    # The server is as well as before.
    assert client.post("/predict", json={"text": "pipe"}).status_code == 200
    assert client.get("/predict").status_code == 405
    assert client.get("/nowhere").json() == {"detail": "Not Found"}


def test_the_longest_text_that_training_accepts_is_answered(client: httpx2.Client):
    text = "\U0001f6b0" * MAX_MESSAGE_LENGTH
    body = json.dumps({"text": text}).encode()
    assert client.post("/predict", content=body).status_code == 200


def test_a_body_without_an_announced_length_is_cut_off_at_the_limit(
    client: httpx2.Client, shared: Serving
):
    start = b"POST /predict HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    part = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    endless = start + part * (100 * MAX_BODY_BYTES // len(part))
    # A server that goes on reading would take all of it.
    with (
        socket.create_connection(("127.0.0.1", shared.port), timeout=30) as connection,
        pytest.raises(ConnectionError),
    ):
        connection.sendall(endless)
    assert client.get("/health").status_code == 200


def test_many_citizens_at_once_get_the_answers_that_each_gets_alone(client: httpx2.Client):
    texts = [row.grievance for row in grievances(60)]

    def ask(text: str) -> dict[str, object]:
        return client.post("/predict", json={"text": text}).json()

    alone = [ask(text) for text in texts]
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, texts)) == alone


def test_no_text_of_a_complaint_is_written_anywhere(client: httpx2.Client, shared: Serving):
    client.post("/predict", json={"text": SECRET_TEXT})
    client.post("/predict", content=f'{{"text": "{SECRET_TEXT}'.encode())
    client.post("/predict", json={"text": SECRET_TEXT * 1000})
    client.post("/predict", json={"text": [SECRET_TEXT]})
    client.get("/", params={"text": SECRET_TEXT})
    client.get(f"/predict/{SECRET_TEXT}")
    assert "Ram" not in shared.service.text


def body_that(*messages: dict[str, object], then: float | None = None) -> Request:
    """A request whose body comes in these messages, and then not at all."""
    waiting = iter(messages)

    async def receive() -> dict[str, object]:
        found = next(waiting, None)
        if found is None and then is not None:
            await asyncio.sleep(then)
        return found or {"type": "http.disconnect"}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def test_a_body_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(requests, "READ_SECONDS", 0.05)
    start = {"type": "http.request", "body": b'{"text', "more_body": True}
    for then, status in ((60.0, 408), (None, 400)):
        with pytest.raises(requests.RefusalError) as refusal:
            asyncio.run(requests.read_text(body_that(start, then=then)))
        assert refusal.value.status == status


class Failing:
    """A model that fails, and says on which text."""

    labels, family = DEPARTMENT.labels, "linear"

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        if "pipe" in texts[0]:
            raise RuntimeError(f"cannot read {texts[0]}")
        return np.full((1, 4), np.nan)


def test_a_model_that_fails_is_an_error_without_the_text(
    deployed: World, caplog: pytest.LogCaptureFixture
):
    served = load_served_model(DEPARTMENT, deployed.lanes, deployed.registry)
    app = create_application(replace(served, model=Failing()))

    async def ask(text: str) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post("/predict", json={"text": text})

    with caplog.at_level(logging.INFO):
        failed, unable = asyncio.run(ask(SECRET_TEXT)), asyncio.run(ask("a road"))
    assert (failed.status_code, unable.status_code) == (500, 500)
    assert failed.json() == {"detail": "The model could not answer (RuntimeError)."}
    assert unable.json() == {"detail": "The model could not answer (PermanentError)."}
    assert "failed with RuntimeError" in caplog.text
    assert "Ram" not in caplog.text
