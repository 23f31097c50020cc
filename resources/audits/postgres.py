"""The audit store in PostgreSQL: the table `complaint_audits`."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from pydantic import Field

from resources.audits.base import AuditStore, changed_rows, is_registered
from resources.feedback.audit_table import (
    AUDITS,
    AuditRights,
    audit_rights,
    create_audit_table,
    insert_rows,
    lock_registration,
    read_rows,
    update_labels,
)
from resources.postgres.connection import Mode, transaction
from resources.postgres.embedded import EmbeddedPostgres
from resources.postgres.url import database_url
from sambodhan_assets.domain.labelling.audit_rows import AuditRow, Labelling
from sambodhan_assets.label_tasks import LabelTask


class PostgresAudits(AuditStore):
    """Rows in a table; it is created when the first batch is registered."""

    url: str = Field(default="", repr=False, description="Address; empty for the embedded server.")
    home: str = Field(description="Folder of SAMBODHAN_HOME; the embedded server lives below it.")
    setting: str = Field(
        default="POSTGRES_URL", description="Setting that holds the address, for errors."
    )

    def place(self) -> str:
        """See `AuditStore.place`."""
        where = f"the database of {self.setting}" if self.url else "the embedded database"
        return f"table {AUDITS} in {where}"

    def rights(self) -> AuditRights:
        """What this role may do about the table; writes nothing."""
        with self._transaction("Asking who may write audits", "poll") as connection:
            return audit_rights(connection)

    def initialise(self, tasks: Sequence[LabelTask]) -> list[str]:
        """See `AuditStore.initialise`."""
        with self._transaction(f"Creating {AUDITS}", "write") as connection:
            return create_audit_table(connection, [task.column for task in tasks])

    def rows(self, batches: Sequence[str] | None = None) -> list[AuditRow]:
        """See `AuditStore.rows`."""
        with self._transaction(f"Reading {AUDITS}", "read") as connection:
            return read_rows(connection, batches)

    def add(self, rows: Sequence[AuditRow]) -> bool:
        """See `AuditStore.add`."""
        batch = rows[0].batch
        with self._transaction(f"Registering the batch {batch}", "write") as connection:
            lock_registration(connection)
            create_audit_table(connection, rows[0].asked)
            if is_registered(rows, read_rows(connection, [batch])):
                return False
            insert_rows(connection, rows)
            return True

    def write_labels(self, given: Sequence[Labelling], *, now: datetime) -> int:
        """See `AuditStore.write_labels`."""
        batches = sorted({item.batch for item in given})
        with self._transaction(f"Writing labels to {AUDITS}", "write") as connection:
            registered = {row.key: row for row in read_rows(connection, batches, lock=True)}
            changed = changed_rows(given, registered, now=now)
            update_labels(connection, changed)
            return len(changed)

    @contextmanager
    def _transaction(self, tried: str, mode: Mode) -> Generator[sa.Connection]:
        url = (
            database_url(self.url, name=self.setting)
            if self.url
            else EmbeddedPostgres(Path(self.home) / "postgres").url()
        )
        with transaction(url, tried=tried, mode=mode, setting=self.setting) as connection:
            yield connection
