"""The table `complaint_audits`: its definition, its statements, and whether this role may write it.

It may lie in another database than the complaints, so nothing refers to them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.schema import CreateTable

from resources.feedback.schema import COLUMNS, compiled, quoted, run_steps
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.labelling.audit_rows import AuditRow
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.sheet import verified

AUDITS = "complaint_audits"
# Any constant number; it names the advisory lock of whoever registers a batch.
REGISTRATION_LOCK = 5_741_203_317

RIGHTS = sa.text(
    "SELECT to_regclass(:name) IS NOT NULL,"
    " NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off',"
    " coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),"
    " CASE WHEN to_regclass(:name) IS NULL THEN false ELSE"
    " has_table_privilege(to_regclass(:name), 'SELECT')"
    " AND has_table_privilege(to_regclass(:name), 'INSERT')"
    " AND has_table_privilege(to_regclass(:name), 'UPDATE') END"
)


@dataclass(frozen=True, kw_only=True)
class AuditRights:
    """What this role may do about the table.

    Attributes:
        exists: The table is there.
        usable: It may be read and written, or created.
    """

    exists: bool
    usable: bool


def audit_rights(connection: sa.Connection) -> AuditRights:
    """Asks the catalog; writes nothing."""
    exists, writable, may_create, may_write = connection.execute(RIGHTS, {"name": AUDITS}).one()
    return AuditRights(exists=exists, usable=writable and (may_write if exists else may_create))


def create_audit_table(connection: sa.Connection, columns: Sequence[str]) -> list[str]:
    """Creates the table, or adds the label columns that it lacks; returns what it did, in words.

    Args:
        connection: In a write transaction.
        columns: Columns of `complaints` that labels are given for.

    Raises:
        PermanentError: This role may not. The statements for an administrator are named.
    """
    return run_steps(
        connection,
        lambda: audit_steps(connection, columns),
        tried=f"Creating the table {AUDITS}",
    )


def audit_steps(connection: sa.Connection, columns: Sequence[str]) -> dict[str, str]:
    """What is to do, in words, and the statement that does it."""
    found = _found_columns(connection)
    if not found:
        return {f"created the table {AUDITS}": compiled(CreateTable(_table(columns)))}
    return {
        f"added the column {AUDITS}.{verified(column)}": (
            f"ALTER TABLE {AUDITS} ADD COLUMN {quoted(verified(column))} text"
        )
        for column in columns
        if verified(column) not in found
    }


def read_rows(
    connection: sa.Connection, batches: Sequence[str] | None = None, *, lock: bool = False
) -> list[AuditRow]:
    """All rows, or those of some batches, in the order in which they were drawn.

    Args:
        connection: In a transaction.
        batches: Names of batches; None for all.
        lock: Nobody else may change them until the transaction ends.
    """
    labelled = _label_columns(connection)
    if labelled is None:
        return []
    table = _table(labelled)
    statement = sa.select(table).order_by(table.c.drawn_at, table.c.batch, table.c.position)
    if batches is not None:
        statement = statement.where(table.c.batch.in_(batches))
    found = connection.execute(statement.with_for_update() if lock else statement)
    return [_row(values, labelled) for values in found.mappings()]


def insert_rows(connection: sa.Connection, rows: Sequence[AuditRow]) -> None:
    """Registers a batch; the caller has looked whether it is there."""
    values = [
        {
            "batch": row.batch,
            "complaint_id": row.complaint_id,
            "position": position,
            "purpose": row.purpose.value,
            "drawn_at": row.drawn_at,
            "stratum": row.stratum,
            "inclusion_probability": row.inclusion_probability,
            "asked": list(row.asked),
        }
        for position, row in enumerate(rows)
    ]
    connection.execute(insert(_table(())), values)


def update_labels(connection: sa.Connection, rows: Iterable[AuditRow]) -> None:
    """Writes labels, verifier and time of rows that are registered."""
    for row in rows:
        table = _table(tuple(row.labels))
        values = {verified(column): label for column, label in row.labels.items()}
        connection.execute(
            sa.update(table)
            .where(table.c.batch == row.batch, table.c.complaint_id == row.complaint_id)
            .values(**values, verifier=row.verifier, verified_at=row.verified_at)
        )


def lock_registration(connection: sa.Connection) -> None:
    """Waits until nobody else registers a batch."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(REGISTRATION_LOCK)))


def _table(columns: Sequence[str]) -> sa.Table:
    return sa.Table(
        AUDITS,
        sa.MetaData(),
        sa.Column("batch", sa.Text, primary_key=True),
        sa.Column("complaint_id", sa.BigInteger, primary_key=True, autoincrement=False),
        # People work through a batch in the order in which it was drawn.
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("drawn_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("stratum", sa.Text, nullable=False),
        sa.Column("inclusion_probability", sa.Double),
        sa.Column("asked", ARRAY(sa.Text), nullable=False),
        *(sa.Column(verified(column), sa.Text) for column in columns),
        sa.Column("verifier", sa.Text),
        sa.Column("verified_at", sa.TIMESTAMP(timezone=True)),
    )


def _found_columns(connection: sa.Connection) -> set[str]:
    found = connection.execute(COLUMNS, {"tables": [AUDITS]})
    return {column for _, column, _ in found}


def _label_columns(connection: sa.Connection) -> list[str] | None:
    """Columns of `complaints` that the table has labels for; None if there is no table."""
    found = _found_columns(connection)
    prefix = verified("")
    labelled = (name for name in found if name.startswith(prefix) and name != "verified_at")
    return sorted(name.removeprefix(prefix) for name in labelled) if found else None


def _row(values: sa.RowMapping, labelled: Sequence[str]) -> AuditRow:
    try:
        purpose = Purpose(values["purpose"])
    except ValueError as error:
        raise PermanentError(
            tried=f"Reading {AUDITS}",
            found=f"the batch {values['batch']} has the purpose {values['purpose']!r}.",
            todo=f"Correct it; allowed are {', '.join(Purpose)}.",
        ) from error
    labels = {column: values[verified(column)] for column in labelled}
    return AuditRow(
        batch=values["batch"],
        complaint_id=values["complaint_id"],
        purpose=purpose,
        drawn_at=values["drawn_at"],
        stratum=values["stratum"],
        inclusion_probability=values["inclusion_probability"],
        asked=tuple(values["asked"]),
        labels={column: label for column, label in labels.items() if label is not None},
        verifier=values["verifier"],
        verified_at=values["verified_at"],
    )
