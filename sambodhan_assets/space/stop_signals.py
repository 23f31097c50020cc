"""Whether somebody ends this container, whoever handles the signal.

Dagster puts handlers of its own in place of ours while a run works, and makes a failed run of a
signal. So signals are counted where Python itself receives them, before any handler.
"""

import os
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

STOPPING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def listening() -> Generator[Callable[[], bool]]:
    """Lets SIGTERM and SIGINT end what runs; for the time of a `with` block, in the main thread.

    Yields:
        Whether one of them has come.
    """
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    # A signal to a child is none to the container.
    os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    heard: set[int] = set()

    def stopped() -> bool:
        with suppress(BlockingIOError):  # nothing new has come
            heard.update(reader.recv(4096))
        return not heard.isdisjoint(STOPPING)

    _handle(signal.default_int_handler)
    try:
        yield stopped
    finally:
        signal.set_wakeup_fd(before)
        reader.close()
        writer.close()


def let_nothing_end() -> None:
    """What runs now is done to the end; a signal is only counted."""
    _handle(lambda _number, _frame: None)


def _handle(handler: Callable[..., object]) -> None:
    for number in STOPPING:
        signal.signal(number, handler)
