"""Servers that tests may kill, other processes that use them, and other users.

`tests/conftest.py` makes the fixtures known.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from resources.postgres.embedded import EmbeddedPostgres
from resources.postgres.process import live_postmaster
from tests.databases import execute, open_folder, text_of

ROOT = Path(__file__).parent.parent
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


@pytest.fixture(scope="module")
def killable_server():
    """One server that every test may kill, for each of them leaves it able to start."""
    with open_folder() as folder:
        server = EmbeddedPostgres(folder / "postgres", start_timeout=60)
        yield server
        server.stop()


@pytest.fixture
def unborn_server():
    """A server whose data folder does not exist yet."""
    with open_folder() as folder:
        server = EmbeddedPostgres(folder / "postgres", start_timeout=60)
        yield server
        server.stop()


def ask(server: EmbeddedPostgres, *statements: str) -> list[tuple]:
    return execute(text_of(server.url()), *statements)


def remember(server: EmbeddedPostgres) -> None:
    ask(server, "DROP TABLE IF EXISTS memory", "CREATE TABLE memory AS SELECT 7 AS number")


def remembers(server: EmbeddedPostgres) -> bool:
    return ask(server, "SELECT number FROM memory") == [(7,)]


def postmaster(server: EmbeddedPostgres) -> int:
    process = live_postmaster(server.data_folder.resolve())
    assert process is not None
    return process.pid


def python(server: EmbeddedPostgres, code: str, **options) -> subprocess.Popen:
    """Another process with `server` at hand."""
    lines = [
        "import os, signal, sys, time",
        "from pathlib import Path",
        "from resources.postgres.embedded import EmbeddedPostgres",
        f"server = EmbeddedPostgres(Path({str(server.data_folder)!r}))",
        code,
    ]
    return subprocess.Popen(
        [sys.executable, "-c", "\n".join(lines)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, **options,
    )  # fmt: skip


def finish(process: subprocess.Popen, told: str | None = None) -> str:
    output, errors = process.communicate(told, timeout=120)
    assert process.returncode == 0, errors
    return output


def as_user(user: int, action: Callable[[], object]) -> str:
    """What the action returns or raises as another user, as text; in a fork, for it is final."""
    receiving, sending = multiprocessing.Pipe(duplex=False)

    def child() -> None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
        try:
            sending.send(str(action()))
        except Exception as error:  # noqa: BLE001
            sending.send(repr(error))

    # The interpreter may lie in root's home, so it cannot be started anew.
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(120)
    return receiving.recv()
