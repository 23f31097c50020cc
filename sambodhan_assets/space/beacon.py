"""Answers on the port of a Space while its job runs.

The Hub takes a Docker Space for started when its port answers, and ends one that does not answer
within startup_duration_timeout, 30 minutes unless its README.md says otherwise. A job that takes
longer must answer; a browser that opens the Space sees what it does.
"""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sambodhan_assets.domain.errors import PermanentError


@contextmanager
def answering(port: int | None, job: str) -> Generator[int | None]:
    """Answers every GET and HEAD with the name of the job, for the time of a `with` block.

    Args:
        port: To listen on; 0 takes a free one, None listens on none.
        job: What runs.

    Yields:
        The port.

    Raises:
        PermanentError: The port is taken.
    """
    if port is None:
        yield None
        return
    since = datetime.now(UTC).isoformat(timespec="seconds")
    body = json.dumps({"job": job, "running since": since}).encode()
    try:
        server = ThreadingHTTPServer(("", port), _handler(body))
    except OSError as error:
        raise PermanentError(
            tried=f"Listening on port {port}",
            found=f"it is refused ({error.strerror}).",
            todo="Leave --port out where no Hub looks at it.",
        ) from error
    threading.Thread(target=server.serve_forever, name="beacon", daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _handler(body: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            self._head()
            self.wfile.write(body)

        def do_HEAD(self) -> None:  # noqa: N802
            self._head()

        def _head(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """The Hub asks all the time; its questions are no news."""

    return Handler
