"""Pairs in PostgreSQL, given or embedded: the table typo_training_dataset."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa
from pydantic import Field

from resources.embedding.pair_source import COLUMNS, TABLE, PairSource, pairs_table
from resources.postgres.connection import Mode, transaction
from resources.postgres.embedded import EmbeddedPostgres
from resources.postgres.url import database_url
from sambodhan_assets.domain.errors import PermanentError

_BATCH_ROWS = 5_000


def _table() -> sa.Table:
    return sa.Table(
        TABLE,
        sa.MetaData(),
        sa.Column("id", sa.BigInteger, sa.Identity(always=False), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in COLUMNS),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.func.now()),
    )


class PostgresPairs(PairSource):
    """Rows of a table; of its columns only typo, corrected and domain are read."""

    url: str = Field(default="", repr=False, description="Address; empty for the embedded server.")
    home: str = Field(description="Folder of SAMBODHAN_HOME; the embedded server lives below it.")

    def place(self) -> str:
        """See `PairSource.place`."""
        return f"table {TABLE} in {'POSTGRES_URL' if self.url else 'the embedded database'}"

    def read(self) -> pa.Table | None:
        """See `PairSource.read`."""
        with self._transaction(f"Reading {TABLE}", "read") as connection:
            if not _exists(connection):
                return None
            columns = _table().c
            chosen = [sa.cast(columns[name], sa.Text).label(name) for name in COLUMNS]
            # The server's collation would order otherwise on another machine.
            order = [sa.collate(sa.cast(columns[name], sa.Text), "C") for name in reversed(COLUMNS)]
            found = connection.execute(sa.select(*chosen).order_by(*order))
            rows = [dict(zip(COLUMNS, row, strict=True)) for row in found]
        return pairs_table(rows)

    def add(self, pairs: pa.Table) -> int:
        """Writes the pairs that the table does not hold yet, all or none; creates the table.

        Returns:
            How many are new.
        """
        table, rows = _table(), pairs.to_pylist()
        with self._transaction(f"Writing to {TABLE}", "write") as connection:
            if not _exists(connection):
                table.create(connection)
            # Two loads at once would otherwise both find a pair missing.
            connection.execute(sa.text(f'LOCK TABLE "{TABLE}" IN SHARE ROW EXCLUSIVE MODE'))
            columns = [table.c[name] for name in COLUMNS]
            known = {tuple(row) for row in connection.execute(sa.select(*columns))}
            found = dict.fromkeys(tuple(row[name] for name in COLUMNS) for row in rows)
            new = [dict(zip(COLUMNS, pair, strict=True)) for pair in found if pair not in known]
            for start in range(0, len(new), _BATCH_ROWS):
                connection.execute(sa.insert(table), new[start : start + _BATCH_ROWS])
        return len(new)

    @contextmanager
    def _transaction(self, tried: str, mode: Mode) -> Generator[sa.Connection]:
        embedded = EmbeddedPostgres(Path(self.home) / "postgres")
        address = database_url(self.url) if self.url else embedded.url()
        with transaction(address, tried=tried, mode=mode) as connection:
            yield connection


def _exists(connection: sa.Connection) -> bool:
    """Whether there is the table with its columns.

    Raises:
        PermanentError: A column is missing.
    """
    if connection.scalar(sa.select(sa.func.to_regclass(TABLE))) is None:
        return False
    present = {column["name"] for column in sa.inspect(connection).get_columns(TABLE)}
    if missing := set(COLUMNS) - present:
        raise PermanentError(
            tried=f"Reading {TABLE}",
            found=f"it has no column {', '.join(sorted(missing))}.",
            todo=f"It needs {', '.join(COLUMNS)}.",
        )
    return True
