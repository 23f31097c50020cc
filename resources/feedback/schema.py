"""What a database really holds of the two tables, and what to create where it lacks something."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex, CreateTable

from resources.feedback.tables import (
    COMPLAINTS,
    REVIEWS,
    FeedbackTables,
    correct,
    feedback_tables,
    predicted,
)
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import LabelTask

INTEGER_TYPES = ("smallint", "integer", "bigint")
NAIVE_TIME = "timestamp without time zone"
TIME_TYPES = ("timestamp with time zone", NAIVE_TIME)

COLUMNS = sa.text(
    "SELECT t.name, a.attname, format_type(a.atttypid, NULL)"
    " FROM unnest(CAST(:tables AS text[])) AS t(name)"
    " JOIN pg_attribute a ON a.attrelid = to_regclass(t.name)"
    " WHERE a.attnum > 0 AND NOT a.attisdropped"
)
INDEXES = sa.text(
    "SELECT ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS k(n, position)"
    " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n ORDER BY k.position)"
    " FROM pg_index i WHERE i.indrelid = to_regclass(:table) AND i.indisvalid"
)
# insufficient_privilege, read_only_sql_transaction
NOT_ALLOWED = ("42501", "25006")
# Any constant number; it names the advisory lock of whoever creates the tables.
CREATION_LOCK = 5_741_203_316


@dataclass(frozen=True, kw_only=True)
class FoundColumns:
    """Columns by name with their SQL type; an empty table is missing.

    Attributes:
        complaints: Those of `complaints`.
        reviews: Those of `misclassified_complaints`.
    """

    complaints: dict[str, str]
    reviews: dict[str, str]

    def missing(self, tasks: Sequence[LabelTask]) -> list[str]:
        """`table.column` of everything that reading these tasks needs and the database lacks."""
        complaints = ["id", "message", *(task.column for task in tasks)]
        reviews = ["id", "complaint_id", *map(predicted, tasks), *map(correct, tasks)]
        reviews += ["reviewed", "reviewed_at"]
        return [f"{COMPLAINTS}.{name}" for name in complaints if name not in self.complaints] + [
            f"{REVIEWS}.{name}" for name in reviews if name not in self.reviews
        ]

    def wrong_types(self) -> list[str]:
        """What has a type that the platform cannot use, in words."""
        expected = [
            (COMPLAINTS, "id", self.complaints, INTEGER_TYPES),
            (REVIEWS, "id", self.reviews, INTEGER_TYPES),
            (REVIEWS, "complaint_id", self.reviews, INTEGER_TYPES),
            (REVIEWS, "reviewed", self.reviews, ("boolean",)),
            (REVIEWS, "reviewed_at", self.reviews, TIME_TYPES),
        ]
        return [
            f"{table}.{name} is {columns[name]}, not {' or '.join(types)}"
            for table, name, columns, types in expected
            if name in columns and columns[name] not in types
        ]


def found_columns(connection: sa.Connection) -> FoundColumns:
    """Reads both tables' columns from the catalog; needs no right on the tables."""
    found: dict[str, dict[str, str]] = {COMPLAINTS: {}, REVIEWS: {}}
    for table, column, kind in connection.execute(COLUMNS, {"tables": [COMPLAINTS, REVIEWS]}):
        found[table][column] = kind
    return FoundColumns(complaints=found[COMPLAINTS], reviews=found[REVIEWS])


def require_columns(
    connection: sa.Connection, tasks: Sequence[LabelTask], *, tried: str
) -> FoundColumns:
    """The columns of both tables, once they are known to serve these tasks.

    Raises:
        PermanentError: Something is missing or has an unusable type.
    """
    found = found_columns(connection)
    if missing := found.missing(tasks):
        raise PermanentError(
            tried=tried,
            found=f"the database has no {', '.join(missing)}.",
            todo="`sambodhan db init` creates what is missing; or point POSTGRES_URL elsewhere.",
        )
    if wrong := found.wrong_types():
        raise PermanentError(
            tried=tried,
            found=f"{'; '.join(wrong)}.",
            todo="Change the column's type, or offer a view with that name and the right types.",
        )
    return found


def create_missing(connection: sa.Connection, tasks: Sequence[LabelTask]) -> list[str]:
    """Creates missing tables, label columns and indexes; returns what it did, in words.

    Raises:
        PermanentError: This role may not. The statements for an administrator are named.
    """
    return run_steps(
        connection,
        lambda: missing_steps(connection, tasks),
        tried="Creating the tables of feedback",
    )


def run_steps(
    connection: sa.Connection, find: Callable[[], dict[str, str]], *, tried: str
) -> list[str]:
    """Runs what `find` says is to do; returns what was done, in words.

    Args:
        connection: In a write transaction.
        find: Statement by what it does, in words; asked again once nobody else creates anything.
        tried: What is created, for the error.

    Raises:
        PermanentError: This role may not. The statements for an administrator are named.
    """
    steps = find()
    if not steps:
        return []
    try:
        # Two processes that start at once would both find the tables missing.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CREATION_LOCK)))
        steps = find()
        for statement in steps.values():
            connection.execute(sa.DDL(statement.replace("%", "%%")))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in NOT_ALLOWED:
            raise
        raise PermanentError(
            tried=tried,
            found="this role may not, or the server is read-only.",
            todo=f"Ask an administrator to run: {'; '.join(steps.values())};",
        ) from None
    return list(steps)


def missing_steps(connection: sa.Connection, tasks: Sequence[LabelTask]) -> dict[str, str]:
    """What is to do, in words, and the statement that does it; in the order to run them."""
    found, tables = found_columns(connection), feedback_tables(tasks)
    steps: dict[str, str] = {}
    for table, columns in ((tables.complaints, found.complaints), (tables.reviews, found.reviews)):
        if not columns:
            steps[f"created the table {table.name}"] = compiled(CreateTable(table))
        missing = [c for c in table.columns if columns and c.name not in columns]
        labels = {name for t in tasks for name in (t.column, correct(t), predicted(t))}
        for column in (c for c in missing if c.name in labels):
            steps[f"added the column {table.name}.{column.name}"] = (
                f"ALTER TABLE {table.name} ADD COLUMN {quoted(column.name)} text"
            )
    for index in missing_indexes(connection, tables):
        steps[f"created the index {index.name}"] = compiled(CreateIndex(index))
    return steps


def missing_indexes(connection: sa.Connection, tables: FeedbackTables) -> list[sa.Index]:
    """The recommended indexes for which the database has no equivalent, whatever its name."""
    existing = {tuple(columns) for (columns,) in connection.execute(INDEXES, {"table": REVIEWS})}

    def served(index: sa.Index) -> bool:
        first = next(iter(index.columns)).name
        return any(key[:1] == (first,) or key[:2] == ("reviewed", first) for key in existing)

    indexes = sorted(tables.reviews.indexes, key=lambda index: str(index.name))
    return [index for index in indexes if not served(index)]


def compiled(statement: sa.DDLElement) -> str:
    """A statement as an administrator would type it."""
    return " ".join(str(statement.compile(dialect=postgresql.dialect())).split())


def quoted(name: str) -> str:
    """A column's name as it stands in SQL."""
    return postgresql.dialect().identifier_preparer.quote(name)
