"""Spaces for tests: on the stand-in Hub, with a model that answers as the container would.

    with inference_space(world, hub) as space:
        assert space.world.run(...)

The container loads what the registry's pointer names each time the Hub was asked for a restart.
"""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from sambodhan_assets.domain.models.classifier import load_classifier
from tests.hub_servers import WRITER
from tests.lane_world import DEPARTMENT, World
from tests.standins.hubserver import LiveHub

SPACE = "officials/department"


def create_space(hub: LiveHub, name: str) -> None:
    """A Docker Space that the Hub builds in no time."""
    hub.call("POST", "/_config", {"space_build_seconds": 0.01})
    api = HfApi(endpoint=hub.endpoint, token=WRITER)
    api.create_repo(name, repo_type="space", space_sdk="docker")
    dockerfile = CommitOperationAdd("Dockerfile", b"FROM scratch\n")
    api.create_commit(name, [dockerfile], commit_message="Build", repo_type="space")


def restarts(hub: LiveHub, name: str = SPACE) -> int:
    return len([e for e in hub.log(f"POST /api/spaces/{name}/restart") if e["status"] == 200])


@dataclass
class Container:
    """What runs in the inference Space.

    Attributes:
        world: Whose registry it loads from.
        hub: The Hub that restarts it.
        stuck: It keeps the version that it has.
        broken: Tags that it fails to load; it names another version then.
        strange: Tags to which it gives answers of its own.
        silent: It names no version: what it answers to GET instead; 0 where it does.
        seen: Headers of all requests.
    """

    world: World
    hub: LiveHub
    stuck: bool = False
    broken: set[str] = field(default_factory=set)
    strange: set[str] = field(default_factory=set)
    silent: int = 0
    seen: list[dict[str, str]] = field(default_factory=list)
    tag: str | None = None
    starts: int = -1

    def start_if_asked(self) -> None:
        asked = restarts(self.hub)
        if asked != self.starts and not self.stuck:
            self.tag = self.world.serving()
            self.tag = "v20000101_000000" if self.tag in self.broken else self.tag
        self.starts = asked

    def scores(self, text: str) -> dict[str, float]:
        repository = self.world.lanes.model_repository(DEPARTMENT)
        version = self.world.registry.version(repository, str(self.tag))
        with self.world.registry.fetched(version) as folder:
            row = load_classifier(folder).predict_proba([text])[0].tolist()
        row = row[::-1] if self.tag in self.strange else row
        return dict(zip(DEPARTMENT.labels, row, strict=True))


def _handler(container: Container) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            container.start_if_asked()
            if container.silent:
                self.send_error(container.silent)
                return
            self._answer({"version": container.tag})

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            scores = container.scores(json.loads(body)["text"])
            best = max(scores, key=lambda label: scores[label])
            self._answer({"label": best, "confidence": scores[best], "scores": scores})

        def _answer(self, body: dict) -> None:
            container.seen.append(dict(self.headers))
            text = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Not into the output of the tests."""

    return Handler


@dataclass(frozen=True, kw_only=True)
class Served:
    """A world whose department model an inference Space serves.

    Attributes:
        world: Its settings name the Space.
        hub: Where the Space is.
        container: What runs in it.
    """

    world: World
    hub: LiveHub
    container: Container


@contextmanager
def inference_space(world: World, hub: LiveHub) -> Generator[Served]:
    """An inference Space that serves what is deployed in a world now."""
    create_space(hub, SPACE)
    container = Container(world=world, hub=hub)
    container.start_if_asked()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(container))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        address = f"http://127.0.0.1:{server.server_port}/predict"
        patch.setenv("HF_TOKEN", WRITER)
        patch.setenv("DEPARTMENT_SPACE", SPACE)
        patch.setenv("DEPARTMENT_API_ENDPOINT", address)
        variables = {"HF_ENDPOINT": hub.endpoint, "SPACE_WAIT_SECONDS": "3"}
        yield Served(world=world.but(**variables), hub=hub, container=container)
    server.shutdown()
    server.server_close()
