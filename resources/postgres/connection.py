"""Connections to PostgreSQL: three attempts, one transaction each, and errors that keep secrets."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import Literal
from urllib.parse import quote, quote_plus

import psycopg
import sqlalchemy as sa
import stamina
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from resources.postgres.failures import DatabaseOutage, DatabaseRefusal
from sambodhan_assets.domain.errors import PlatformError

# Three attempts, 2 and 4 seconds apart: a restarting server is back by then, a wrong address is
# known after six seconds.
ATTEMPTS = 3
FIRST_WAIT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 8.0

# A connection that a firewall forgot would otherwise hang for hours.
CONNECT_ARGUMENTS = {
    "connect_timeout": 10,
    "application_name": "sambodhan",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

# libpq reports no SQLSTATE when a connection fails, so the server's own words must do. A server
# that speaks another language is tried three times, no more.
REFUSED = re.compile(
    r"authentication failed|no password supplied|no pg_hba\.conf entry|does not exist"
    r"|is not permitted to log in|permission denied for database|is not currently accepting"
    r"|invalid connection option|certificate verify failed|does not match host name"
    r"|does not support SSL|server requires SSL"
)
# Classes of SQLSTATE that time can cure: connection lost, rollback by the server, resources, locks
# and time limits, operator intervention, system errors.
CURABLE = re.compile(r"08|40|53|55P03|57|58")

Mode = Literal["read", "poll", "write"]
# Five million complaints are read in seconds; a poll stands in the way of the next one.
TIMEOUTS: dict[Mode, str] = {"read": "30min", "poll": "60s", "write": "30min"}
LOCK_TIMEOUT = "30s"


@contextmanager
def transaction(
    url: sa.URL, *, tried: str, mode: Mode, setting: str = "POSTGRES_URL"
) -> Generator[sa.Connection]:
    """One transaction; committed when the block ends well, rolled back otherwise.

    A read sees one state of the database (REPEATABLE READ, READ ONLY) and works on a replica.

    Args:
        url: Address with the driver psycopg.
        tried: What the block does, for the error text.
        mode: `read` and `poll` never write; `poll` has a shorter time limit.
        setting: What the address is called in an error.

    Raises:
        DatabaseRefusal: The server refuses: rights, database, table, value.
        DatabaseOutage: No connection, connection lost, time limit, lock.
    """
    try:
        connection = _connect(url, mode)
    except (SQLAlchemyError, psycopg.Error) as error:
        # `from None`: the driver's error may quote the connection's parameters.
        raise _not_connected(error, tried, url, setting) from None
    try:
        with connection:
            yield connection
            connection.commit()
    except (SQLAlchemyError, psycopg.Error) as error:
        # `from None`: the driver's error may quote whole rows.
        raise _interrupted(error, tried, url) from None


@lru_cache(maxsize=8)
def _engine(url: sa.URL) -> sa.Engine:
    arguments = {k: v for k, v in CONNECT_ARGUMENTS.items() if k not in url.query}
    return sa.create_engine(
        url,
        # No pool: the platform asks seldom, and a pooled connection does not survive a fork.
        poolclass=sa.NullPool,
        hide_parameters=True,
        use_native_hstore=False,
        # PgBouncer in transaction mode loses prepared statements.
        connect_args={**arguments, "prepare_threshold": None},
    )


def _connect(url: sa.URL, mode: Mode) -> sa.Connection:
    for attempt in stamina.retry_context(
        on=_is_connection_failure,
        attempts=ATTEMPTS,
        timeout=None,
        wait_initial=FIRST_WAIT_SECONDS,
        wait_max=LONGEST_WAIT_SECONDS,
        wait_jitter=0,
    ):
        with attempt:
            return _begin(_engine(url).connect(), mode)
    raise AssertionError("stamina raises after the last attempt")


def _begin(connection: sa.Connection, mode: Mode) -> sa.Connection:
    """Opens the transaction with its limits; the first statement proves that the server answers."""
    if mode == "write":
        connection = connection.execution_options(isolation_level="READ COMMITTED")
    else:
        connection = connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    settings = {
        # Just-in-time compilation costs more than it gains here: 4.5 s became 2.75 s without it.
        "jit": "off",
        "statement_timeout": TIMEOUTS[mode],
        # How COPY writes times and texts, whatever the role or the database prefers.
        "timezone": "UTC",
        "datestyle": "ISO",
        "client_encoding": "UTF8",
    }
    if mode == "write":
        settings["lock_timeout"] = LOCK_TIMEOUT
    calls = [sa.func.set_config(name, value, True) for name, value in settings.items()]
    try:
        connection.execute(sa.select(sa.literal(1), *calls))
    except SQLAlchemyError:
        connection.close()
        raise
    return connection


def _is_connection_failure(error: Exception) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, psycopg.OperationalError) or REFUSED.search(str(cause)):
        return False
    return cause.sqlstate is None or bool(CURABLE.match(cause.sqlstate))


def _not_connected(error: Exception, tried: str, url: sa.URL, setting: str) -> PlatformError:
    found = _words(error, url)
    if _is_connection_failure(error):
        return DatabaseOutage(
            tried=tried,
            found=f"no connection to PostgreSQL in {ATTEMPTS} attempts: {found}.",
            todo=f"Check that the server runs and that {setting} names its host and port.",
        )
    return DatabaseRefusal(
        tried=tried,
        found=f"PostgreSQL cannot be used: {found}.",
        todo=f"Check the user, password, database and options in {setting}.",
    )


def _interrupted(error: Exception, tried: str, url: sa.URL) -> PlatformError:
    found = _words(error, url)
    if not _is_connection_failure(error):
        return DatabaseRefusal(tried=tried, found=f"{found}.", todo="See `sambodhan doctor`.")
    lost = getattr(error, "connection_invalidated", True)
    what = "the connection was lost: " if lost else ""
    return DatabaseOutage(
        tried=tried, found=f"{what}{found}.", todo="Nothing was changed. Try again."
    )


def _words(error: Exception, url: sa.URL) -> str:
    """The driver's words without its DETAIL line, which may quote a row, and without secrets."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    text = str(cause)
    code = ""
    if isinstance(cause, psycopg.Error) and cause.sqlstate:
        text = cause.diag.message_primary or text
        code = f" (SQLSTATE {cause.sqlstate})"
    text = " ".join(text.split())
    for secret in filter(
        None, {url.password, quote(url.password or ""), quote_plus(url.password or "")}
    ):
        text = text.replace(secret, "***")
    return text.rstrip(".") + code
