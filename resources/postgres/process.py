"""Whether a PostgreSQL server lives, from its pid file and the table of processes."""

import shutil
import signal
import tempfile
import time
from pathlib import Path

import psutil
from sqlalchemy import URL

POLL_SECONDS = 0.05
# Sockets live in the data folder; where its path is too long for one, in a folder of this prefix.
SOCKET_FOLDER_PREFIX = "sambodhan-postgres-"


def live_postmaster(folder: Path) -> psutil.Process | None:
    """The server's main process; None when the pid file is missing, stale, or names a zombie.

    A killed server stays in the process table until its parent collects it, in a container without
    an init process for ever. Signals reach it, so neither PostgreSQL nor the wheel sees its death.
    """
    lines = _pid_file_lines(folder)
    if not lines or not lines[0].strip().isdigit():
        return None
    try:
        process = psutil.Process(int(lines[0]))
    except psutil.NoSuchProcess:
        return None
    return process if _serves(process, folder) else None


def server_url(folder: Path) -> URL | None:
    """Address of the server from its pid file; None while that file is missing or incomplete."""
    lines = _pid_file_lines(folder)
    if len(lines) < 6 or not lines[3].strip().isdigit():
        return None
    host = lines[4].strip() or lines[5].strip()
    return URL.create(
        "postgresql+psycopg",
        username="postgres",
        database="postgres",
        port=int(lines[3]),
        query={"host": host},
    )


def clear_the_dead(folder: Path, deadline: float) -> None:
    """Removes what a dead server left behind, once its last child process is gone.

    A child that outlives its server may still write, and the pid file is PostgreSQL's guard against
    that, so the file goes only after the last of them.

    Args:
        folder: The data folder, without a live postmaster.
        deadline: `time.monotonic()` value after which waiting ends.

    Raises:
        TimeoutError: Children of the dead server still run.
    """
    while children := server_processes(folder):
        if live_postmaster(folder):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {[child.pid for child in children]} still use {folder}")
        time.sleep(POLL_SECONDS)
    lines = _pid_file_lines(folder)
    if len(lines) > 4 and lines[4].strip():
        _remove_sockets(Path(lines[4].strip()))
    (folder / "postmaster.pid").unlink(missing_ok=True)


def server_processes(folder: Path) -> list[psutil.Process]:
    """Every live PostgreSQL process that works in this data folder."""
    processes = psutil.process_iter(["name"])
    return [process for process in processes if _serves(process, folder)]


def shut_down(folder: Path, deadline: float) -> bool:
    """Ends the server as `pg_ctl stop -m fast` does; returns whether it is gone in time."""
    process = live_postmaster(folder)
    if process is None:
        return True
    lines = _pid_file_lines(folder)
    process.send_signal(signal.SIGINT)
    while live_postmaster(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    if len(lines) > 4 and lines[4].strip():
        _remove_sockets(Path(lines[4].strip()))
    return True


def _serves(process: psutil.Process, folder: Path) -> bool:
    try:
        if not process.name().startswith("postgres"):
            return False
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == folder
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        # Another user's process cannot work in a data folder that only its owner may enter.
        return False


def _remove_sockets(socket_folder: Path) -> None:
    for leftover in socket_folder.glob(".s.PGSQL.*"):
        leftover.unlink(missing_ok=True)
    in_temporary = socket_folder.parent == Path(tempfile.gettempdir()).resolve()
    if in_temporary and socket_folder.name.startswith(SOCKET_FOLDER_PREFIX):
        shutil.rmtree(socket_folder, ignore_errors=True)


def _pid_file_lines(folder: Path) -> list[str]:
    try:
        return (folder / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []
