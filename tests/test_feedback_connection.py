"""Risk: a password in an error, endless retries, or a lost connection taken for an empty table."""

import shutil
import socket
import ssl
import subprocess
import threading
import traceback
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import stamina

from resources.postgres import connection as database
from resources.postgres.url import database_url
from sambodhan_assets.domain.errors import PermanentError, TransientError
from tests.databases import (
    complaint,
    connect,
    correction,
    execute,
    feedback_store,
    snapshot,
    text_of,
)

SECRET = "s3cr@t:/%x"


@pytest.fixture(autouse=True)
def without_waiting():
    with stamina.set_testing(True, attempts=database.ATTEMPTS):
        yield


@pytest.fixture
def guarded_url(postgres_server, feedback_url):
    """The database for a role whose password is asked for."""
    hba = postgres_server.data_folder / "pg_hba.conf"
    before = hba.read_text()
    hba.write_text("local all guarded scram-sha-256\n" + before)
    execute(
        feedback_url,
        f"CREATE ROLE guarded LOGIN PASSWORD '{SECRET}'",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO guarded",
        "SELECT pg_reload_conf()",
    )
    yield text_of(database_url(feedback_url).set(username="guarded", password=SECRET))
    hba.write_text(before)
    execute(feedback_url, "SELECT pg_reload_conf()", "DROP OWNED BY guarded", "DROP ROLE guarded")


@contextmanager
def door(welcome: Callable[[socket.socket], None]):
    """A port of this machine that welcomes every visitor in this way; counts them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        visits = []

        def serve():
            while True:
                try:
                    visitor, _ = server.accept()
                except OSError:
                    return
                visits.append(1)
                welcome(visitor)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], visits


def everything_in(error: pytest.ExceptionInfo) -> str:
    """What a log, a mail or the UI could show of an error."""
    return f"{''.join(traceback.format_exception(error.value))} {error.value!r}"


def test_a_password_with_special_characters_works(guarded_url):
    assert snapshot(feedback_store(guarded_url)).rows.num_rows == 0
    raw = guarded_url.replace("s3cr%40t%3A%2F%25x", SECRET)
    assert raw != guarded_url
    assert snapshot(feedback_store(raw)).rows.num_rows == 0


def test_a_wrong_password_is_permanent_and_never_shown(guarded_url):
    wrong = database_url(guarded_url).set(password="wr@ng:/%x")
    with pytest.raises(PermanentError, match="authentication failed") as error:
        snapshot(feedback_store(text_of(wrong)))
    assert "wr@ng" not in everything_in(error)
    assert "wr%40ng" not in everything_in(error)


def test_a_store_never_shows_its_address(guarded_url):
    store = feedback_store(guarded_url)
    assert "s3cr" not in f"{store!r} {store}"


def test_a_missing_database_is_permanent(feedback_url):
    nowhere = text_of(database_url(feedback_url).set(database="nowhere"))
    with pytest.raises(PermanentError, match='"nowhere" does not exist'):
        snapshot(feedback_store(nowhere))


def test_an_unknown_host_is_transient_and_the_password_stays_secret():
    store = feedback_store(f"postgresql://user:{SECRET}@nowhere.invalid/db")
    with pytest.raises(TransientError, match="no connection to PostgreSQL in 3 attempts") as error:
        store.newest_complaint_id()
    assert SECRET not in everything_in(error)
    assert "s3cr" not in everything_in(error)


def test_a_server_that_closes_the_door_is_asked_three_times():
    with door(socket.socket.close) as (port, visits):
        store = feedback_store(f"postgresql://user:x@127.0.0.1:{port}/db?sslmode=disable")
        with pytest.raises(TransientError):
            store.newest_complaint_id()
        assert len(visits) == database.ATTEMPTS


@contextmanager
def server_with_certificate(folder: Path, *, name: str):
    """A port that speaks TLS with a certificate for `name`; also the certificate."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"]
    files = ["-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def welcome(visitor: socket.socket) -> None:
        # PostgreSQL's way: the client asks for TLS in 8 bytes, "S" says yes.
        visitor.recv(8)
        visitor.sendall(b"S")
        with suppress(OSError), context.wrap_socket(visitor, server_side=True) as secure:
            secure.recv(1)

    with door(welcome) as (port, visits):
        yield port, certificate, visits


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_certificate_of_another_host_is_permanent_and_not_tried_again(tmp_path: Path):
    with server_with_certificate(tmp_path, name="db.example") as (port, certificate, visits):
        options = f"sslmode=verify-full&sslrootcert={certificate}&sslnegotiation=postgres"
        store = feedback_store(f"postgresql://user:{SECRET}@127.0.0.1:{port}/db?{options}")
        with pytest.raises(PermanentError, match="does not match host name") as error:
            store.newest_complaint_id()
        assert len(visits) == 1
        assert "s3cr" not in everything_in(error)


def test_an_unknown_option_of_the_address_is_permanent():
    store = feedback_store(f"postgresql://user:{SECRET}@127.0.0.1/db?no_option=1")
    with pytest.raises(PermanentError, match="no_option") as error:
        store.newest_complaint_id()
    assert "s3cr" not in everything_in(error)


def test_a_connection_lost_in_the_middle_of_reading_is_transient_and_says_so(feedback_url):
    store = feedback_store(feedback_url)
    store.upsert_complaints([complaint(i) for i in range(20_000)])

    def cut(_):
        execute(
            feedback_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'sambodhan'",
        )

    with pytest.raises(TransientError, match="the connection was lost"):
        snapshot(store, replay_max=20_000, on_progress=cut)


def test_a_table_locked_by_others_ends_in_a_transient_error(feedback_url, monkeypatch):
    monkeypatch.setitem(database.TIMEOUTS, "read", "200ms")
    with connect(feedback_url) as other:
        other.autocommit = False
        other.execute("LOCK TABLE complaints")
        with pytest.raises(TransientError, match="statement timeout"):
            snapshot(feedback_store(feedback_url))


def test_a_role_that_may_only_select_can_read_everything(feedback_url):
    feedback_store(feedback_url).upsert_complaints([complaint(1), complaint(2)])
    feedback_store(feedback_url).upsert_corrections([correction(1)])
    execute(
        feedback_url,
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
        f'REVOKE TEMPORARY, CREATE ON DATABASE "{database_url(feedback_url).database}" FROM PUBLIC',
    )
    store = feedback_store(text_of(database_url(feedback_url).set(username="reader")))
    assert snapshot(store).rows.num_rows == 2
    assert store.reviewed_since(None).counts["urgency"] == 1
    assert store.newest_complaint_id() == 2
    assert store.initialise() == []
    with pytest.raises(PermanentError, match="permission denied"):
        store.upsert_complaints([complaint(3)])
    assert store.health().read_only
    execute(feedback_url, "DROP OWNED BY reader", "DROP ROLE reader")


def test_a_read_only_server_can_be_read(feedback_url):
    execute(
        feedback_url,
        f'ALTER DATABASE "{database_url(feedback_url).database}"'
        " SET default_transaction_read_only = on",
    )
    store = feedback_store(feedback_url)
    assert snapshot(store).rows.num_rows == 0
    with pytest.raises(PermanentError, match="read-only"):
        store.upsert_complaints([complaint(1)])
    assert store.health().read_only
