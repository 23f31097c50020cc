"""Writes to the two tables: COPY into a temporary table, then one statement that takes all rows."""

from collections.abc import Iterable, Mapping, Sequence

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects.postgresql import insert

from resources.feedback.schema import NAIVE_TIME, FoundColumns
from resources.feedback.tables import COMPLAINTS, REVIEWS, correct, feedback_tables, predicted
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import LabelTask

Row = Mapping[str, object]
SHOWN_IDS = 20


class FeedbackWrites:
    """Writes that fit the tables as this database has them; each in the connection's transaction.

    Args:
        connection: In a write transaction.
        tasks: Label tasks whose columns are written.
        columns: What the database holds.
        db_timezone: Zone of times that are stored without one.
    """

    def __init__(
        self,
        connection: sa.Connection,
        tasks: Sequence[LabelTask],
        columns: FoundColumns,
        *,
        db_timezone: str,
    ) -> None:
        self._connection = connection
        self._tasks = tasks
        self._tables = feedback_tables(tasks)
        self._columns = columns
        self._db_timezone = db_timezone

    def complaints(self, rows: Iterable[Row]) -> int:
        """Inserts complaints, or replaces those with the same id; returns how many came."""
        stage = self._stage(self._tables.complaints, rows)
        self._refuse_duplicates(stage, COMPLAINTS)
        values: dict[str, sa.ColumnElement] = {
            name: stage.c[name] for name in ("id", "message", *self._labels())
        }
        if kind := self._columns.complaints.get("created_at"):
            values["created_at"] = self._stored(
                sa.func.coalesce(stage.c.created_at, sa.func.now()), kind
            )
        self._upsert(self._tables.complaints, values, stage)
        return self._connection.scalar(sa.select(sa.func.count()).select_from(stage)) or 0

    def corrections(self, rows: Iterable[Row]) -> int:
        """Inserts reviews, or replaces those with the same id; returns how many came.

        A row without an id gets a new one. Missing values mean: predicted is what the complaint
        holds now, reviewed is true, reviewed_at is now.
        """
        stage = self._stage(self._tables.reviews, rows)
        self._refuse_duplicates(stage, REVIEWS)
        c = self._tables.complaints
        self._refuse_unknown_complaints(stage, c)
        reviewed = sa.func.coalesce(stage.c.reviewed, sa.true())
        reviewed_at = sa.case((reviewed, sa.func.coalesce(stage.c.reviewed_at, sa.func.now())))
        values: dict[str, sa.ColumnElement] = {"complaint_id": stage.c.complaint_id}
        for task in self._tasks:
            values[predicted(task)] = sa.func.coalesce(stage.c[predicted(task)], c.c[task.column])
            values[correct(task)] = stage.c[correct(task)]
        values["reviewed"] = reviewed
        values["reviewed_at"] = self._stored(reviewed_at, self._columns.reviews["reviewed_at"])
        joined = stage.join(c, c.c.id == stage.c.complaint_id)
        with_id = stage.c.id.is_not(None)
        self._upsert(self._tables.reviews, {"id": stage.c.id} | values, joined, with_id)
        self._advance_identity()
        new = sa.select(*values.values()).select_from(joined).where(~with_id).order_by(stage.c.line)
        self._connection.execute(insert(self._tables.reviews).from_select(list(values), new))
        return self._connection.scalar(sa.select(sa.func.count()).select_from(stage)) or 0

    def _labels(self) -> list[str]:
        return [task.column for task in self._tasks]

    def _stage(self, target: sa.Table, rows: Iterable[Row]) -> sa.Table:
        """A temporary table with the target's columns and these rows."""
        stage = sa.Table(
            f"stage_{target.name}",
            sa.MetaData(),
            sa.Column("line", sa.BigInteger),
            *(sa.Column(column.name, column.type) for column in target.columns),
            prefixes=["TEMPORARY"],
            postgresql_on_commit="DROP",
        )
        stage.create(self._connection, checkfirst=False)
        names = [column.name for column in target.columns]
        copy = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(stage.name), sql.SQL(", ").join(map(sql.Identifier, ["line", *names]))
        )
        driver: psycopg.Connection = self._connection.connection.driver_connection  # type: ignore[assignment]
        with driver.cursor() as cursor, cursor.copy(copy) as lines:
            for line, row in enumerate(rows):
                lines.write_row([line, *(row.get(name) for name in names)])
        return stage

    def _upsert(
        self,
        target: sa.Table,
        values: dict[str, sa.ColumnElement],
        source: sa.FromClause,
        *conditions: sa.ColumnElement[bool],
    ) -> None:
        rows = sa.select(*values.values()).select_from(source).where(*conditions)
        statement = insert(target).from_select(list(values), rows.order_by(values["id"]))
        updates = {name: statement.excluded[name] for name in values if name != "id"}
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_=updates)
        )

    def _stored(self, moment: sa.ColumnElement, kind: str) -> sa.ColumnElement:
        return sa.func.timezone(self._db_timezone, moment) if kind == NAIVE_TIME else moment

    def _advance_identity(self) -> None:
        """Ids that a file brought must not come again from the counter of new ids."""
        reviews = self._tables.reviews
        sequence = self._connection.scalar(sa.select(sa.func.pg_get_serial_sequence(REVIEWS, "id")))
        if sequence is None:
            return
        highest = sa.select(sa.func.max(reviews.c.id)).scalar_subquery()
        counter = sa.func.nextval(
            sa.cast(sequence, sa.Text).op("::")(sa.literal_column("regclass"))
        )
        self._connection.execute(
            sa.select(sa.func.setval(sequence, sa.func.greatest(highest, counter)))
        )

    def _refuse_duplicates(self, stage: sa.Table, target: str) -> None:
        twice = sa.select(stage.c.id).where(stage.c.id.is_not(None))
        twice = twice.group_by(stage.c.id).having(sa.func.count() > 1).order_by(stage.c.id)
        ids = self._connection.scalars(twice.limit(SHOWN_IDS)).all()
        if ids:
            raise PermanentError(
                tried=f"Writing to {target}",
                found=f"these ids come more than once: {', '.join(map(str, ids))}.",
                todo="Give every row its own id. Nothing was written.",
            )

    def _refuse_unknown_complaints(self, stage: sa.Table, complaints: sa.Table) -> None:
        unknown = sa.select(stage.c.complaint_id).where(
            ~sa.exists().where(complaints.c.id == stage.c.complaint_id)
        )
        ids = self._connection.scalars(unknown.order_by(stage.c.line).limit(SHOWN_IDS)).all()
        if ids:
            raise PermanentError(
                tried=f"Writing to {REVIEWS}",
                found=f"there are no complaints with these ids: {', '.join(map(str, ids))}.",
                todo="Load the complaints first. Nothing was written.",
            )
