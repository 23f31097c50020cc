"""Risk: the embedded server looks alive and is dead, gives up on recovery, or loses its data."""

import os
import shutil
import signal
import subprocess
import threading

import psycopg
import pytest

from resources.postgres.binaries import PostgresBinaries
from resources.postgres.embedded import EmbeddedPostgres
from sambodhan_assets.domain.errors import PermanentError, TransientError
from tests.databases import connect, text_of
from tests.embedded_servers import ask, postmaster, remember, remembers


@pytest.fixture
def server(killable_server):
    return killable_server


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


def test_data_of_a_version_that_is_not_held_is_left_alone(unborn_server):
    unborn_server.data_folder.mkdir()
    version = unborn_server.data_folder / "PG_VERSION"
    version.write_text("13\n")
    if os.geteuid() == 0:
        shutil.chown(unborn_server.data_folder, "pgserver")
    with pytest.raises(PermanentError, match="PostgreSQL 13"):
        unborn_server.url()
    assert version.read_text() == "13\n"


def test_the_log_never_holds_a_statement(server):
    ask(server, "CREATE TABLE small (id int PRIMARY KEY)", "INSERT INTO small VALUES (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        ask(server, "INSERT INTO small VALUES (1) /* the text of a complaint */")
    log = (server.data_folder / "server.log").read_text()
    assert "duplicate key" in log
    assert "the text of a complaint" not in log
