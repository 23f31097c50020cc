"""Risk: the embedded server looks alive and is dead, gives up on recovery, or loses its data."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from resources.embedded_postgres import EmbeddedPostgres
from resources.postgres_binaries import PostgresBinaries
from resources.postgres_process import live_postmaster, server_url
from sambodhan_assets.domain.errors import PermanentError, TransientError
from tests.databases import connect, execute, open_folder, text_of

ROOT = Path(__file__).parent.parent
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


@pytest.fixture(scope="module")
def server():
    """One server that every test may kill, for each of them leaves it able to start."""
    with open_folder() as folder:
        server = EmbeddedPostgres(folder / "postgres", start_timeout=60)
        yield server
        server.stop()


@pytest.fixture
def unborn():
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
        "from resources.embedded_postgres import EmbeddedPostgres",
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


def test_a_second_call_finds_the_same_server(server):
    first = server.url()
    running = postmaster(server)
    assert server.url() == first
    assert postmaster(server) == running


def test_a_killed_server_is_started_again_with_its_data(server):
    remember(server)
    killed = postmaster(server)
    # Where no init process collects it, it stays a zombie, which answers signals for ever.
    os.kill(killed, signal.SIGKILL)
    assert remembers(server)
    assert postmaster(server) != killed


def test_a_server_killed_in_the_middle_of_writes_keeps_what_was_committed(server):
    remember(server)
    connection = connect(text_of(server.url()))
    connection.autocommit = False
    connection.execute("CREATE TABLE lost AS SELECT generate_series(1, 100000)")
    os.kill(postmaster(server), signal.SIGKILL)
    assert remembers(server)
    connection.close()
    assert ask(server, "SELECT to_regclass('lost')") == [(None,)]


def test_the_pid_of_another_program_in_the_pid_file_is_not_a_server(server):
    remember(server)
    pid_file = server.data_folder / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert remembers(server)


def test_an_incomplete_pid_file_is_a_server_that_is_starting(server):
    server.url()
    pid_file = server.data_folder / "postmaster.pid"
    whole = pid_file.read_text()
    pid_file.write_text(whole.splitlines()[0] + "\n")
    timer = threading.Timer(0.5, pid_file.write_text, [whole])
    timer.start()
    assert ask(server, "SELECT 1") == [(1,)]
    timer.join()


def test_a_server_that_takes_long_to_answer_is_waited_for(server):
    server.url()
    running = postmaster(server)
    os.kill(running, signal.SIGSTOP)
    timer = threading.Timer(2.5, os.kill, [running, signal.SIGCONT])
    timer.start()
    assert ask(server, "SELECT 1") == [(1,)]
    assert postmaster(server) == running
    timer.join()


def test_a_start_command_that_gives_up_does_not_end_the_recovery(server, monkeypatch):
    remember(server)
    server.stop()
    start = PostgresBinaries.start

    def impatient(binaries, deadline):
        start(binaries, deadline)
        os.kill(postmaster(server), signal.SIGSTOP)
        threading.Timer(1, os.kill, [postmaster(server), signal.SIGCONT]).start()
        raise subprocess.CalledProcessError(1, "pg_ctl", "server did not start in time")

    monkeypatch.setattr(PostgresBinaries, "start", impatient)
    assert remembers(server)


def test_a_server_that_never_answers_is_a_transient_error_that_names_its_log(server):
    server.url()
    running = postmaster(server)
    os.kill(running, signal.SIGSTOP)
    try:
        with pytest.raises(TransientError, match=r"SELECT 1.*server\.log"):
            EmbeddedPostgres(server.data_folder, start_timeout=1).url()
    finally:
        os.kill(running, signal.SIGCONT)


def test_damaged_files_are_a_permanent_error_with_the_last_words_of_the_server(server):
    server.stop()
    control = server.data_folder / "global" / "pg_control"
    control.rename(control.with_name("hidden"))
    try:
        with pytest.raises(PermanentError, match="pg_control"):
            server.url()
    finally:
        control.with_name("hidden").rename(control)


def test_a_home_that_cannot_be_written_is_a_permanent_error():
    with pytest.raises(PermanentError, match="SAMBODHAN_HOME"):
        EmbeddedPostgres(Path("/proc/nothing/postgres")).url()


def test_an_interrupted_creation_is_begun_again_and_two_processes_at_once_share_it(unborn):
    half_made = unborn.data_folder.with_name("postgres.new")
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    code = "print(server.url()); print((server.data_folder / 'postmaster.pid').read_text())"
    both = [python(unborn, f"{code}\nsys.stdout.flush(); sys.stdin.read()") for _ in range(2)]
    told = [[process.stdout.readline(), process.stdout.readline()] for process in both]
    assert told[0] == told[1]
    for process in both:
        finish(process)


def test_the_last_process_to_end_stops_the_server_and_no_other(server):
    server.stop()
    first = python(server, "server.url(); print('up', flush=True); sys.stdin.read()")
    assert first.stdout.readline() == "up\n"
    finish(python(server, "server.url()"))
    running = live_postmaster(server.data_folder.resolve())
    assert running is not None
    finish(first)
    assert live_postmaster(server.data_folder.resolve()) is None


def test_a_server_in_use_is_not_stopped(server):
    other = python(server, "server.url(); print('up', flush=True); sys.stdin.read()")
    assert other.stdout.readline() == "up\n"
    server.url()
    assert not server.stop()
    assert live_postmaster(server.data_folder.resolve()) is not None
    finish(other)


def test_a_server_survives_the_process_that_started_it_and_forgets_it(server):
    code = "import psycopg\nurl = server.url()\nos.kill(os.getpid(), signal.SIGKILL)"
    python(server, code).wait(120)
    running = postmaster(server)
    assert ask(server, "SELECT 1") == [(1,)]
    assert postmaster(server) == running
    # The killed process stands in the list of users and must not keep the server alive.
    assert server.stop()


def test_a_path_with_spaces_and_quotes_will_do():
    with open_folder() as folder:
        server = EmbeddedPostgres(folder / "it's a home" / "postgres")
        assert ask(server, "SELECT 1") == [(1,)]
        assert server.stop()


def test_a_path_too_long_for_a_socket_gets_one_elsewhere_that_is_closed_to_others():
    with open_folder() as folder:
        server = EmbeddedPostgres(folder / ("long" * 30) / "postgres")
        first = Path(server.url().query["host"])
        os.kill(postmaster(server), signal.SIGKILL)
        second = Path(server.url().query["host"])
        assert second.stat().st_mode & 0o777 == 0o700
        assert server.stop()
        assert not first.exists()
        assert not second.exists()


def test_the_log_never_holds_a_statement(server):
    ask(server, "CREATE TABLE small (id int PRIMARY KEY)", "INSERT INTO small VALUES (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        ask(server, "INSERT INTO small VALUES (1) /* the text of a complaint */")
    log = (server.data_folder / "server.log").read_text()
    assert "duplicate key" in log
    assert "the text of a complaint" not in log


@AS_ROOT
def test_root_is_told_what_to_do_with_a_private_home_and_opens_nothing():
    with open_folder() as folder:
        home = folder / "home"
        home.mkdir(mode=0o700)
        with pytest.raises(PermanentError, match="SAMBODHAN_HOME") as error:
            EmbeddedPostgres(home / "project" / "postgres").url()
        assert str(home) in str(error.value)
        assert home.stat().st_mode & 0o777 == 0o700


@AS_ROOT
def test_an_ordinary_user_runs_the_server_and_others_cannot_use_it(unborn):
    server = unborn
    server.data_folder.parent.chmod(0o777)
    ordinary, intruder = 65534, 65533
    assert as_user(ordinary, lambda: ask(server, "SELECT 1")) == "[(1,)]"
    assert server.data_folder.stat().st_uid == ordinary
    socket = server_url(server.data_folder.resolve()).query["host"]
    told = as_user(intruder, lambda: psycopg.connect(host=socket, user="postgres"))
    assert "Permission denied" in told
    assert server.stop()
    with pytest.raises(PermanentError, match="belongs to"):
        server.url()
