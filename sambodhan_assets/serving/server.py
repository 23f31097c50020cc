"""Runs the inference API until the process is told to stop."""

import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.serving.application import create_application
from sambodhan_assets.serving.served_model import ServedModel

# Requests beyond get 503 at once instead of waiting until their callers have gone.
MAX_CONNECTIONS = 512
# Answers on their way are finished; after so many seconds the process ends anyway.
GRACE_SECONDS = 10


def run_server(
    served: ServedModel, *, host: str, port: int, on_ready: Callable[[str], None]
) -> None:
    """Answers requests until SIGTERM or SIGINT; both end the process cleanly.

    Args:
        served: The loaded version.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        on_ready: Receives the address as soon as requests are accepted.

    Raises:
        PermanentError: The address cannot be listened on.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        create_application(served),
        # Lines of the access log would hold what stands behind a "?".
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # Uvicorn sends itself the signal again when it is done; without these handlers it would end
    # with an error code after a clean stop.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    name = f"[{host}]" if ":" in host else host
    on_ready(f"http://{name}:{listener.getsockname()[1]}")
    server.run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # From here on connections wait instead of being refused.
        listener.listen(128)
    except OSError as error:
        raise PermanentError(
            tried=f"Listening on {host} port {port}",
            found=f"the system refuses it ({error.strerror or error}).",
            todo="Choose another --port, or stop the program that uses it.",
        ) from error
    return listener
