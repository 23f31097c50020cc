"""Every read of the two tables, as SQLAlchemy Core statements."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from resources.feedback.sampling import SampleOrder, with_spare
from resources.feedback.schema import NAIVE_TIME, FoundColumns
from resources.feedback.tables import correct, feedback_tables, predicted
from sambodhan_assets.domain.dataset.snapshot import MAX_MESSAGE_LENGTH
from sambodhan_assets.label_tasks import LabelTask

# Of 2**64. Of a million complaints, 0.4 % came in 40 ms by way of the index against 100 ms in one
# pass over the table; 2.4 % in 240 ms against 145 ms, because nearly every page holds one of them.
# Of five million, 1 % came in 0.7 s against 1.2 s.
SMALL_SHARE = 2**64 // 64


class FeedbackQueries:
    """Statements that fit the tables as this database has them.

    Args:
        tasks: Label tasks whose columns are read.
        columns: What the database holds.
        db_timezone: Zone of times that are stored without one.
    """

    def __init__(
        self, tasks: Sequence[LabelTask], columns: FoundColumns, *, db_timezone: str
    ) -> None:
        tables = feedback_tables(tasks)
        self._tasks = tasks
        self._c = tables.complaints.alias("c")
        self._m = tables.reviews.alias("m")
        # The same complaints once more, where a statement samples them first.
        self._s = tables.complaints.alias("s")
        self._has_outcome = "outcome" in columns.reviews
        self._naive = columns.reviews["reviewed_at"] == NAIVE_TIME
        self._db_timezone = db_timezone

    def correction_rows(self, task: LabelTask) -> sa.Select:
        """(complaint_id, review_id, message, label, answer, reviewed_at), by complaint id."""
        newest, c = self._newest_corrections(task), self._c
        return (
            sa.select(
                c.c.id, newest.c.id, cut(c.c.message), newest.c.label, c.c[task.column],
                newest.c.reviewed_at,
            )
            .join_from(newest, c, c.c.id == newest.c.complaint_id)
            .where(newest.c.label.is_distinct_from(newest.c.predicted))
            .order_by(c.c.id)
        )  # fmt: skip

    def correction_labels(self, task: LabelTask) -> sa.Select:
        """(review_id, complaint_id, label) of the same corrections, by review id."""
        newest, c = self._newest_corrections(task), self._c
        return (
            sa.select(newest.c.id, newest.c.complaint_id, newest.c.label)
            .join_from(newest, c, c.c.id == newest.c.complaint_id)
            .where(newest.c.label.is_distinct_from(newest.c.predicted))
            .order_by(newest.c.id)
        )

    def audited_rows(self, task: LabelTask, ids: Sequence[int]) -> sa.Select:
        """(complaint_id, message, answer) of those ids that nobody reported, by complaint id.

        A report goes before an audit: its review says what is right, or will.
        """
        c = self._c
        wanted = sa.cast(list(ids), postgresql.ARRAY(sa.BigInteger))
        return (
            sa.select(c.c.id, cut(c.c.message), c.c[task.column])
            .where(c.c.id == sa.any_(wanted), c.c[task.column].is_not(None))
            .where(*self._unflagged(c, None))
            .order_by(c.c.id)
        )

    def superseded_reviews(self, task: LabelTask) -> sa.Select:
        """How many counting reviews a newer one of the same complaint replaces."""
        complaint = self._m.c.complaint_id
        return sa.select(sa.func.count(complaint) - sa.func.count(complaint.distinct())).where(
            *self._counting(task)
        )

    def newest(self) -> sa.Select:
        """(highest complaint id, newest review time)."""
        complaint = sa.select(sa.func.max(self._c.c.id)).scalar_subquery()
        reviewed_at = sa.select(sa.func.max(self._reviewed_at())).where(self._m.c.reviewed)
        return sa.select(complaint, reviewed_at.scalar_subquery())

    def known_complaints(self, ids: Sequence[int]) -> sa.Select:
        """(complaint id) of those ids that exist."""
        wanted = sa.cast(list(ids), postgresql.ARRAY(sa.BigInteger))
        return sa.select(self._c.c.id).where(self._c.c.id == sa.any_(wanted))

    def label_counts(self, task: LabelTask, after_id: int | None) -> sa.Select:
        """(label, complaints, complaints with an id over `after_id`), in one scan."""
        label = self._c.c[task.column]
        return (
            sa.select(label, sa.func.count(), self._count_after(after_id))
            .where(label.is_not(None))
            .group_by(label)
        )

    def flagged_label_counts(self, task: LabelTask, after_id: int | None) -> sa.Select:
        """The same, of the complaints with any row in the table of reviews."""
        flagged = sa.select(self._m.c.complaint_id).distinct().subquery("f")
        label = self._c.c[task.column]
        return (
            sa.select(label, sa.func.count(), self._count_after(after_id))
            .join_from(self._c, flagged, flagged.c.complaint_id == self._c.c.id)
            .where(label.is_not(None))
            .group_by(label)
        )

    def unflagged_sample(
        self,
        task: LabelTask,
        order: SampleOrder,
        *,
        limit: int,
        share: int | None,
        after_id: int | None,
    ) -> sa.Select:
        """(complaint_id, message, label) of the first `limit` unflagged complaints in the order.

        Args:
            task: Whose label must not be null.
            order: The order.
            limit: Most rows.
            share: Read only this share of 2**64, with the smallest hashes; None to sort them all.
            after_id: Only complaints with a higher id; None for all.
        """
        label = self._c.c[task.column]
        return self._sample(
            [label], label.is_not(None), order, limit=limit, share=share, after_id=after_id
        )

    def reviewed_counts(self, since: datetime | None) -> sa.Select:
        """(one count of mispredicted reviews per task, newest review time)."""
        m = self._m
        counts = [
            sa.func.count().filter(
                m.c[correct(task)].is_not(None),
                m.c[correct(task)].is_distinct_from(m.c[predicted(task)]),
            )
            for task in self._tasks
        ]
        rows = sa.select(*counts, sa.func.max(self._reviewed_at())).where(
            m.c.reviewed, *self._accepted()
        )
        if since is None:
            return rows
        # The parameter is converted and not the column, or the index would not serve.
        bound = sa.cast(since, sa.TIMESTAMP(timezone=True))
        bound = sa.func.timezone(self._db_timezone, bound) if self._naive else bound
        return rows.where(sa.or_(m.c.reviewed_at > bound, m.c.reviewed_at.is_(None)))

    def _sample(
        self,
        labels: Sequence[sa.ColumnElement[str]],
        answered: sa.ColumnElement[bool],
        order: SampleOrder,
        *,
        limit: int,
        share: int | None,
        after_id: int | None,
    ) -> sa.Select:
        c = self._c
        rows = sa.select(c.c.id, cut(c.c.message), *labels).where(answered)
        if share is None or share > SMALL_SHARE:
            below = [] if share is None else [order.below(c.c.id, share)]
            rows = rows.where(*below, *self._unflagged(c, after_id))
            return rows.order_by(order.hash_of(c.c.id), c.c.id).limit(_literal(limit))
        # Ids and hashes come from the index alone, and only the chosen rows from the table. The
        # inner limit tells the planner how few they are; its spare rows stand in for those that
        # have no label.
        s = self._s
        chosen = (
            sa.select(s.c.id, order.hash_of(s.c.id).label("hash"))
            .where(order.below(s.c.id, share), *self._unflagged(s, after_id))
            .order_by(sa.text("hash"), s.c.id)
            .limit(_literal(with_spare(limit)))
            .subquery("chosen")
        )
        rows = rows.join_from(chosen, c, c.c.id == chosen.c.id)
        return rows.order_by(chosen.c.hash, chosen.c.id).limit(_literal(limit))

    def _unflagged(
        self, complaints: sa.FromClause, after_id: int | None
    ) -> list[sa.ColumnElement[bool]]:
        number, m = complaints.c.id, self._m
        flagged = sa.exists().where(m.c.complaint_id == number).correlate(complaints)
        return [~flagged] if after_id is None else [~flagged, number > after_id]

    def _newest_corrections(self, task: LabelTask) -> sa.Subquery:
        m = self._m
        return (
            sa.select(
                m.c.id,
                m.c.complaint_id,
                m.c[correct(task)].label("label"),
                m.c[predicted(task)].label("predicted"),
                self._reviewed_at().label("reviewed_at"),
            )
            .ext(postgresql.distinct_on(m.c.complaint_id))
            .where(*self._counting(task))
            .order_by(m.c.complaint_id, m.c.reviewed_at.desc().nulls_last(), m.c.id.desc())
            .subquery("newest")
        )

    def _counting(self, task: LabelTask) -> list[sa.ColumnElement[bool]]:
        return [self._m.c.reviewed, self._m.c[correct(task)].is_not(None), *self._accepted()]

    def _accepted(self) -> list[sa.ColumnElement[bool]]:
        """`reviewed` also covers dismissed reports where a column tells them apart."""
        if not self._has_outcome:
            return []
        return [sa.func.lower(sa.literal_column("m.outcome", sa.Text)) == "accepted"]

    def _reviewed_at(self) -> sa.ColumnElement[datetime]:
        stored = self._m.c.reviewed_at
        return sa.func.timezone(self._db_timezone, stored) if self._naive else stored

    def _count_after(self, after_id: int | None) -> sa.ColumnElement[int]:
        if after_id is None:
            return sa.func.count()
        return sa.func.count().filter(self._c.c.id > after_id)


def cut(message: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """A message as the snapshot holds it."""
    most = MAX_MESSAGE_LENGTH + 1
    # `left` counts characters, a fifth of the work of reading a row; the bytes are known.
    return sa.case(
        (sa.func.octet_length(message) > most, sa.func.left(message, most)), else_=message
    )


def _literal(limit: int) -> sa.ColumnElement[int]:
    # With a parameter the planner assumes 10 % of the table and sorts it.
    return sa.literal_column(str(int(limit)), sa.BigInteger)
