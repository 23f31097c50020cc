"""Risk: a process stops a server that others use, leaves one for ever, or lets strangers in."""

import os
import signal
from pathlib import Path

import psycopg
import pytest

from resources.postgres.embedded import EmbeddedPostgres
from resources.postgres.process import live_postmaster, server_url
from sambodhan_assets.domain.errors import PermanentError
from tests.databases import open_folder
from tests.embedded_servers import AS_ROOT, as_user, ask, finish, postmaster, python


@pytest.fixture
def server(killable_server):
    return killable_server


def test_a_home_that_cannot_be_written_is_a_permanent_error():
    with pytest.raises(PermanentError, match="SAMBODHAN_HOME"):
        EmbeddedPostgres(Path("/proc/nothing/postgres")).url()


def test_an_interrupted_creation_is_begun_again_and_two_processes_at_once_share_it(unborn_server):
    half_made = unborn_server.data_folder.with_name("postgres.new")
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    code = "print(server.url()); print((server.data_folder / 'postmaster.pid').read_text())"
    both = [
        python(unborn_server, f"{code}\nsys.stdout.flush(); sys.stdin.read()") for _ in range(2)
    ]
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
def test_an_ordinary_user_runs_the_server_and_others_cannot_use_it(unborn_server):
    server = unborn_server
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
