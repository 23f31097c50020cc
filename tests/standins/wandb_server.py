"""A server that answers wandb 0.31 as W&B does, as far as sending a run needs it.

Written from what wandb-core asks: GraphQL at /graphql, the file stream at /files/, uploads by PUT.
"""

import gzip
import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ENTITY = {"id": "e1", "name": "somebody"}


@dataclass
class WandbServer:
    """What it was told.

    Attributes:
        url: Its address.
        silent_from: Name of the operation from which on it says nothing any more.
        operations: (name, variables) of every GraphQL request.
        history: Rows of the run's history, as the file stream brought them.
        keys: Credentials that came with the requests.
    """

    url: str = ""
    silent_from: str | None = None
    operations: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [variables for name, variables in self.operations if name == operation]

    def answer(self, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        place = {"id": "p1", "name": variables.get("project"), "entity": ENTITY}
        run = {"id": "b1", "name": variables.get("name"), "project": place, "historyLineCount": 0}
        answers: dict[str, Any] = {
            "RunResumeStatus": {"model": {**place, "bucket": None}},
            "UpsertBucket": {"upsertBucket": {"bucket": run, "inserted": True}},
            "Viewer": {"viewer": {"id": "u", "entity": ENTITY["name"], "flags": "{}"}},
            "ServerFeaturesQuery": {"serverInfo": {"features": []}},
            "ArtifactType": {"project": {"artifact": None}},
            "NotifyScriptableRunAlert": {"notifyScriptableRunAlert": {"success": True}},
            "CreateArtifact": {
                "createArtifact": {
                    "artifact": {
                        "id": f"a{len(self.of(name))}",
                        "state": "PENDING",
                        "artifactSequence": {"latestArtifact": None},
                    }
                }
            },
            "CreateArtifactManifest": {
                "createArtifactManifest": {"artifactManifest": {"id": "m", "file": self.upload()}}
            },
            "CreateArtifactFiles": {"createArtifactFiles": {"files": {"edges": []}}},
            "CommitArtifact": {"commitArtifact": {"artifact": {"id": "a", "digest": "d"}}},
            "UseArtifact": {"useArtifact": {"artifact": {"id": "a"}}},
            "CreateRunFiles": {"createRunFiles": {"runID": "b1", "uploadHeaders": []}},
        }
        found = answers.get(name, {})
        if name == "CreateArtifactFiles":
            wanted = variables["input"]["artifactFiles"]
            nodes = [{**self.upload(), "artifact": {"id": file["artifactID"]}} for file in wanted]
            found["createArtifactFiles"]["files"]["edges"] = [{"node": node} for node in nodes]
        if name == "CreateRunFiles":
            files = [{"name": file, **self.upload()} for file in variables["files"]]
            found["createRunFiles"]["files"] = files
        return found

    def upload(self) -> dict[str, Any]:
        return {"id": "f", "uploadUrl": f"{self.url}/upload", "uploadHeaders": []}


@contextmanager
def wandb_server() -> Generator[WandbServer]:
    """A running server."""
    told = WandbServer()

    class Handler(_Handler):
        server_state = told

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        told.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            told.stopped.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: WandbServer

    def log_message(self, *_: object) -> None:
        pass

    def do_PUT(self) -> None:  # noqa: N802
        self._body()
        self._reply({})

    def do_POST(self) -> None:  # noqa: N802
        state, order = self.server_state, json.loads(self._body())
        state.keys.add(self.headers.get("Authorization", ""))
        if self.path == "/graphql":
            found = re.search(r"(?:query|mutation) (\w+)", order["query"])
            assert found is not None
            variables = order.get("variables", {})
            state.operations.append((found[1], variables))
            if state.silent_from in {name for name, _ in state.operations}:
                state.stopped.wait(60)
            self._reply({"data": state.answer(found[1], variables)})
            return
        lines = order.get("files", {}).get("wandb-history.jsonl", {}).get("content", [])
        state.history += [json.loads(line) for line in lines]
        self._reply({"exitcode": None, "limits": {}})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _reply(self, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
