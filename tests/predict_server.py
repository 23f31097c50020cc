"""A /predict on the loopback whose behaviour a test writes down, and which remembers what came.

with predict_server(lambda text, attempt: Reply.label("URGENT")) as server:
    httpx2.post(server.address, json={"text": "..."})
"""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the server does with one request.

    Attributes:
        status: HTTP status; None drops the connection without an answer.
        body: The answer.
        headers: Further headers.
        delay: Seconds before anything is sent.
        cut: Whether the connection ends in the middle of the body.
    """

    status: int | None = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False

    @staticmethod
    def of(content: Any, **other: Any) -> "Reply":
        """An answer with this JSON."""
        return Reply(body=json.dumps(content).encode(), **other)

    @staticmethod
    def label(label: str, **other: Any) -> "Reply":
        """An answer with a label and nothing else."""
        return Reply.of({"label": label}, **other)


# Text and number of the attempt, from 1 -> what to do.
Behaviour = Callable[[str, int], Reply]


@dataclass(kw_only=True)
class PredictServer:
    """A running server.

    Attributes:
        address: Of /predict.
        behaviour: What it does; a test may change it.
        version: What GET /version answers.
        asked: Requests by text.
        times: Monotonic time of every request, in order.
        headers: Headers of every request.
        paths: Path of every request, /version included.
        most_at_once: Requests that were open at the same time, at most.
    """

    behaviour: Behaviour
    version: Reply = Reply(status=404)
    address: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    most_at_once: int = 0
    _open: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, text: str, headers: Mapping[str, str]) -> Reply:
        """Notes a question and says what to do."""
        with self._lock:
            self.asked[text] += 1
            attempt = self.asked[text]
            self.times.append(time.monotonic())
            self.headers.append({name.lower(): value for name, value in headers.items()})
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)
        return self.behaviour(text, attempt)

    def leave(self) -> None:
        """Notes that a request is over."""
        with self._lock:
            self._open -= 1


class _Handler(BaseHTTPRequestHandler):
    state: PredictServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.state.paths.append(self.path)
        length = int(self.headers["content-length"])
        text = json.loads(self.rfile.read(length))["text"]
        reply = self.state.take(text, dict(self.headers))
        try:
            self._send(reply)
        finally:
            self.state.leave()

    def do_GET(self) -> None:
        self.state.paths.append(self.path)
        asked = self.path.partition("?")[0] == "/version"
        self._send(self.state.version if asked else Reply(status=404))

    def _send(self, reply: Reply) -> None:
        time.sleep(reply.delay)
        if reply.status is None:
            self._hang_up()
            return
        self.send_response(reply.status)
        self.send_header("content-length", str(len(reply.body) + (100 if reply.cut else 0)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)
        if reply.cut:
            self.wfile.flush()
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def predict_server(behaviour: Behaviour, version: Reply | None = None) -> Generator[PredictServer]:
    """A server on a free port, until the end of the block."""
    state = PredictServer(behaviour=behaviour, version=version or Reply(status=404))
    handler = type("Handler", (_Handler,), {"state": state})
    server = _Quiet(("127.0.0.1", 0), handler)
    state.address = f"http://127.0.0.1:{server.server_address[1]}/predict"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up first is no news."""
