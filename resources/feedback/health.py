"""What `sambodhan doctor` tells about the feedback store."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from resources.feedback.sampling import sample_order
from resources.feedback.schema import found_columns, missing_indexes
from resources.feedback.tables import COMPLAINTS, REVIEWS, feedback_tables
from sambodhan_assets.label_tasks import LabelTask

SAFE_SSLMODES = ("require", "verify-ca", "verify-full")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

SERVER = sa.text(
    "SELECT current_setting('server_version'),"
    " pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on',"
    " coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)"
)
RIGHTS = sa.text(
    "SELECT t.name, has_any_column_privilege(to_regclass(t.name), 'SELECT'),"
    " has_table_privilege(to_regclass(t.name), 'INSERT')"
    " FROM unnest(CAST(:tables AS text[])) AS t(name) WHERE to_regclass(t.name) IS NOT NULL"
)


@dataclass(frozen=True, kw_only=True)
class StoreHealth:
    """State of the feedback store; where it cannot be reached, nothing but `problems` is known.

    Attributes:
        reachable: A query was answered.
        embedded: It is the embedded server.
        server_version: As the server names it.
        read_only: This role cannot write there; enough for everything but `load` and `db init`.
        encrypted: The connection uses TLS.
        sampler: Sampling algorithm that the server supports.
        missing: Tables and columns that are missing, as `table.column`.
        missing_indexes: Recommended indexes that are missing.
        problems: What keeps the platform from working, each in one sentence.
        warnings: What should be better, each in one sentence.
    """

    reachable: bool
    embedded: bool
    server_version: str | None = None
    read_only: bool | None = None
    encrypted: bool | None = None
    sampler: str | None = None
    missing: tuple[str, ...] = ()
    missing_indexes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def examine(
    connection: sa.Connection, tasks: Sequence[LabelTask], *, embedded: bool
) -> StoreHealth:
    """Asks a reachable server everything that `StoreHealth` tells."""
    version, read_only, encrypted = connection.execute(SERVER).one()
    rights = connection.execute(RIGHTS, {"tables": [COMPLAINTS, REVIEWS]}).all()
    found = found_columns(connection)
    missing = tuple(found.missing(tasks))
    indexes = tuple(
        str(index.name) for index in missing_indexes(connection, feedback_tables(tasks))
    )
    problems = [f"{column} is missing; `sambodhan db init` creates it." for column in missing]
    problems += [f"{wrong}." for wrong in found.wrong_types()]
    problems += [f"The role may not SELECT from {name}." for name, may, _ in rights if not may]
    return StoreHealth(
        reachable=True,
        embedded=embedded,
        server_version=version,
        read_only=read_only or not all(may_write for _, _, may_write in rights),
        encrypted=encrypted,
        sampler=sample_order(connection, 0).name,
        missing=missing,
        missing_indexes=indexes,
        problems=tuple(problems),
        warnings=(
            *_index_warnings(indexes),
            *tls_warnings(connection.engine.url, encrypted=encrypted),
        ),
    )


def _index_warnings(indexes: Sequence[str]) -> list[str]:
    return [
        f"The index {name} is missing; without it every poll reads the whole table."
        for name in indexes
    ]


def tls_warnings(url: sa.URL, *, encrypted: bool) -> list[str]:
    """What to say about an address on another machine that does not insist on encryption."""
    host = str(url.host or url.query.get("host", ""))
    local = not host or host.startswith("/") or host in LOCAL_HOSTS
    if local or url.query.get("sslmode") in SAFE_SSLMODES:
        return []
    state = "happens to be" if encrypted else "is not"
    return [
        f"The connection to {host} {state} encrypted; add ?sslmode=verify-full to POSTGRES_URL,"
        " or a network may read or change it."
    ]
