"""The store of citizens' complaints and officials' corrections: PostgreSQL, given or embedded."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
import sqlalchemy as sa
from pydantic import Field

from resources.feedback.audit_draw import (
    AuditDraw,
    AuditFrame,
    AuditQueries,
    draw_complaints,
    read_messages,
)
from resources.feedback.health import StoreHealth, examine
from resources.feedback.reads import read_table
from resources.feedback.schema import create_missing, require_columns
from resources.feedback.snapshot import SnapshotRequest, take_snapshot
from resources.feedback.writes import FeedbackWrites, Row
from resources.postgres.connection import Mode, transaction
from resources.postgres.embedded import EmbeddedPostgres
from resources.postgres.url import database_url
from sambodhan_assets.domain.dataset.snapshot import FeedbackSnapshot, ReviewPoll
from sambodhan_assets.domain.errors import PlatformError
from sambodhan_assets.domain.labelling.label_tables import VERIFIED_SCHEMA, counting_labels
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask

# Covers the longest write transaction: a review gets its time when the transaction starts and is
# seen when it commits. Without it 28 % of concurrent reviews were never counted.
OVERLAP = timedelta(minutes=15)

CORRECTIONS_SCHEMA = pa.schema(
    [("review_id", pa.int64()), ("complaint_id", pa.int64()), ("label", pa.string())]
)


def _silent(_: str) -> None:
    """Tells nobody."""


class FeedbackStore(dg.ConfigurableResource):
    """Complaints and their corrections in PostgreSQL.

    Every read is one REPEATABLE READ READ ONLY transaction, so it works on a replica and with a
    role that may only SELECT. Errors never show the password.
    """

    url: str = Field(
        default="",
        repr=False,
        description="Address of the PostgreSQL with the feedback; empty for the embedded server.",
    )
    home: str = Field(description="Folder of SAMBODHAN_HOME; the embedded server lives below it.")
    db_timezone: str = Field(
        default="UTC", description="Time zone of stored times that have none themselves."
    )

    def snapshot(
        self,
        task: LabelTask,
        *,
        correct_ratio: float,
        replay_max: int,
        window_after_id: int | None,
        window_max: int,
        seed: int,
        anchor: pa.Table | None = None,
        audited: pa.Table | None = None,
        on_progress: Callable[[str], None] | None = None,
    ) -> FeedbackSnapshot:
        """Reads all human labels and a reproducible sample of unflagged complaints.

        Memory depends on the rows returned, never on the size of the tables. The rows depend on
        the rows stored, never on their physical order.

        Args:
            task: Label task.
            correct_ratio: Unflagged complaints per correction.
            replay_max: Unflagged complaints beyond those.
            window_after_id: Last complaint before the window; None if everything is the window.
            window_max: Most unflagged complaints of the window sample.
            seed: Key of the sampling hash.
            anchor: Rows of the anchor corpus: column `text` and one per task.
            audited: Labels that people gave on request, as AuditStore.verified returns them.
            on_progress: Told in words what is being read.

        Raises:
            PermanentError: Missing tables, columns or rights.
            TransientError: No connection, or the connection was lost.
        """
        request = SnapshotRequest(
            task=task,
            correct_ratio=correct_ratio,
            replay_max=replay_max,
            window_after_id=window_after_id,
            window_max=window_max,
            seed=seed,
            anchor=anchor,
            audited=counting_labels(VERIFIED_SCHEMA.empty_table() if audited is None else audited),
            on_progress=on_progress or _silent,
        )
        tried = f"Reading the snapshot for {task.name}"
        with self._queries([task], tried, "read") as (connection, queries):
            return take_snapshot(connection, queries, request)

    def corrections(self, task: LabelTask) -> pa.Table:
        """All corrections that a snapshot would hold now: review_id, complaint_id, label."""
        tried = f"Reading the corrections for {task.name}"
        with self._queries([task], tried, "read") as (connection, queries):
            statement = queries.correction_labels(task)
            return read_table(connection, statement, CORRECTIONS_SCHEMA, "corrections", _silent)

    def reviewed_since(
        self,
        after: datetime | None,
        *,
        overlap: timedelta = OVERLAP,
        tasks: Sequence[LabelTask] = LABEL_TASKS,
    ) -> ReviewPoll:
        """Counts what was reviewed since a moment, in one indexed query.

        Args:
            after: Newest review time that was dealt with, with a zone; None for everything.
            overlap: How far before it to look, for reviews that were committed late.
            tasks: Label tasks to count.
        """
        since = None if after is None else after - overlap
        with self._queries(tasks, "Asking for new reviews", "poll") as (connection, queries):
            *counts, newest = connection.execute(queries.reviewed_counts(since)).one()
        named = {task.name: count for task, count in zip(tasks, counts, strict=True)}
        return ReviewPoll(counts=named, newest_reviewed_at=newest)

    def newest_complaint_id(self) -> int | None:
        """The highest complaint id; None for an empty table."""
        with self._queries([], "Asking for the newest complaint", "poll") as (connection, queries):
            return connection.execute(queries.newest()).one()[0]

    def draw_complaints(
        self, frame: AuditFrame, *, quota: int, seed: int, tasks: Sequence[LabelTask]
    ) -> AuditDraw:
        """Draws complaints for an audit: random with respect to everything, and reproducible."""
        tried = "Drawing complaints for an audit"
        with self._queries(tasks, tried, "read") as (connection, queries):
            return draw_complaints(connection, queries, frame, quota=quota, seed=seed)

    def messages(self, ids: Sequence[int]) -> dict[int, str]:
        """Messages by complaint id; empty where a complaint is gone."""
        with self._queries([], "Reading complaints", "read") as (connection, queries):
            return read_messages(connection, queries, ids)

    def initialise(self, tasks: Sequence[LabelTask] = LABEL_TASKS) -> list[str]:
        """Creates the tables, columns and indexes that are missing.

        Returns:
            What it did, in words; empty if nothing was missing.

        Raises:
            PermanentError: The role may not; the statements for an administrator are named.
        """
        url = database_url(self.url) if self.url else self.embedded_server().url()
        tried = "Creating the tables of feedback"
        with transaction(url, tried=tried, mode="write") as connection:
            return create_missing(connection, tasks)

    def health(self, tasks: Sequence[LabelTask] = LABEL_TASKS) -> StoreHealth:
        """What works and what does not; never raises because of the database."""
        embedded = not self.url
        try:
            with self._transaction("Examining the feedback store", "poll", tasks) as connection:
                return examine(connection, tasks, embedded=embedded)
        except PlatformError as error:
            return StoreHealth(reachable=False, embedded=embedded, problems=(str(error),))

    def known_complaints(self, ids: Sequence[int]) -> set[int]:
        """Those of the ids that `complaints` holds."""
        with self._queries([], "Looking up complaints", "poll") as (connection, queries):
            return set(connection.scalars(queries.known_complaints(ids)))

    def upsert_complaints(
        self, rows: Iterable[Row], tasks: Sequence[LabelTask] = LABEL_TASKS
    ) -> int:
        """Writes complaints in one transaction; a row with a known id replaces the old one.

        Args:
            rows: Each with id, message, the label columns and, if known, created_at.
            tasks: Label tasks whose columns are written.

        Returns:
            How many rows were written. If anything fails, none is.
        """
        with self._writes(tasks, "Writing complaints") as writes:
            return writes.complaints(rows)

    def upsert_corrections(
        self, rows: Iterable[Row], tasks: Sequence[LabelTask] = LABEL_TASKS
    ) -> int:
        """Writes reviews in one transaction; a row with a known id replaces the old one.

        Args:
            rows: Each with complaint_id and correct_<column> per task. Optional: id (a new one),
                model_predicted_<column> (what the complaint holds), reviewed (true), reviewed_at
                (now).
            tasks: Label tasks whose columns are written.

        Returns:
            How many rows were written. If anything fails, none is.
        """
        with self._writes(tasks, "Writing corrections") as writes:
            return writes.corrections(rows)

    def embedded_server(self) -> EmbeddedPostgres:
        """The server that is used when `url` is empty; this starts nothing."""
        return EmbeddedPostgres(Path(self.home) / "postgres")

    @contextmanager
    def _queries(
        self, tasks: Sequence[LabelTask], tried: str, mode: Mode
    ) -> Generator[tuple[sa.Connection, AuditQueries]]:
        with self._transaction(tried, mode, tasks) as connection:
            columns = require_columns(connection, tasks, tried=tried)
            yield connection, AuditQueries(tasks, columns, db_timezone=self.db_timezone)

    @contextmanager
    def _writes(self, tasks: Sequence[LabelTask], tried: str) -> Generator[FeedbackWrites]:
        with self._transaction(tried, "write", tasks) as connection:
            columns = require_columns(connection, tasks, tried=tried)
            yield FeedbackWrites(connection, tasks, columns, db_timezone=self.db_timezone)

    @contextmanager
    def _transaction(
        self, tried: str, mode: Mode, tasks: Sequence[LabelTask]
    ) -> Generator[sa.Connection]:
        with transaction(self._address(tasks), tried=tried, mode=mode) as connection:
            yield connection

    def _address(self, tasks: Sequence[LabelTask]) -> sa.URL:
        """Where the tables are; those of the embedded server are created on the way."""
        if self.url:
            return database_url(self.url)
        self.initialise([*LABEL_TASKS, *(task for task in tasks if task not in LABEL_TASKS)])
        return self.embedded_server().url()
