"""Draws unflagged complaints for an audit, in the order of a hash whose key is the batch's own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from resources.feedback.queries import FeedbackQueries, cut
from resources.feedback.reads import read_table
from resources.feedback.sampling import SampleOrder, passing_share, sample_order

DRAWN_COLUMNS = pa.schema([("complaint_id", pa.int64()), ("message", pa.string())])


@dataclass(frozen=True, kw_only=True)
class AuditFrame:
    """What a batch is drawn from: unflagged complaints that got at least one answer.

    Attributes:
        after_id: Only complaints with a higher id; None for all.
        excluded: Complaints that must not be drawn.
    """

    after_id: int | None
    excluded: Collection[int]


@dataclass(frozen=True, kw_only=True)
class AuditDraw:
    """A draw in which every complaint of the frame had the same chance.

    Attributes:
        rows: complaint_id and message, in the random order of the draw.
        frame_size: Complaints that could have been drawn.
        sampler: Algorithm and version of the order.
    """

    rows: pa.Table
    frame_size: int
    sampler: str


class AuditQueries(FeedbackQueries):
    """The statements of a draw."""

    def frame_size(self, frame: AuditFrame) -> sa.Select:
        """(complaints of the frame), counted as the snapshot counts: all less the flagged ones."""
        c, m = self._c, self._m
        member = [self._answered()]
        if frame.after_id is not None:
            member.append(c.c.id > frame.after_id)
        flagged = sa.select(m.c.complaint_id).distinct().subquery("f")
        count = sa.select(sa.func.count()).select_from
        excluded = self._excluded(frame)
        return sa.select(
            count(c).where(*member).scalar_subquery()
            - count(c.join(flagged, flagged.c.complaint_id == c.c.id))
            .where(*member)
            .scalar_subquery()
            - count(c).where(*member, excluded, *self._unflagged(c, None)).scalar_subquery()
        )

    def drawn(
        self, order: SampleOrder, frame: AuditFrame, *, limit: int, share: int | None
    ) -> sa.Select:
        """(complaint_id, message) of the first `limit` in the order, excluded ones among them."""
        return self._sample(
            [], self._answered(), order, limit=limit, share=share, after_id=frame.after_id
        )

    def messages(self, ids: Sequence[int]) -> sa.Select:
        """(complaint_id, message) of those ids that exist."""
        wanted = sa.cast(list(ids), postgresql.ARRAY(sa.BigInteger))
        c = self._c
        return sa.select(c.c.id, cut(c.c.message)).where(c.c.id == sa.any_(wanted))

    def _answered(self) -> sa.ColumnElement[bool]:
        return sa.or_(*(self._c.c[task.column].is_not(None) for task in self._tasks))

    def _excluded(self, frame: AuditFrame) -> sa.ColumnElement[bool]:
        numbers = sa.cast(sorted(frame.excluded), postgresql.ARRAY(sa.BigInteger))
        return self._c.c.id == sa.any_(numbers)


def draw_complaints(
    connection: sa.Connection, queries: AuditQueries, frame: AuditFrame, *, quota: int, seed: int
) -> AuditDraw:
    """Draws `quota` complaints of the frame, or all of it if there are fewer.

    The order of a keyed hash is used instead of random(): it is the same on every machine, and the
    index serves it.
    """
    order = sample_order(connection, seed)
    size = connection.execute(queries.frame_size(frame)).scalar_one()
    # The excluded ones stand in the same order and are taken out here.
    limit = min(quota, size) + len(frame.excluded)
    population = size + len(frame.excluded)

    def read(share: int | None) -> pa.Table:
        statement = queries.drawn(order, frame, limit=limit, share=share)
        rows = read_table(connection, statement, DRAWN_COLUMNS, "complaints", lambda _: None)
        excluded = np.array(sorted(frame.excluded), dtype=np.int64)
        known = np.isin(rows["complaint_id"].to_numpy(), excluded)
        return rows.filter(pa.array(~known)).slice(0, quota)

    rows = DRAWN_COLUMNS.empty_table()
    if size:
        share = passing_share(limit, population)
        rows = read(share)
        rows = rows if share is None or rows.num_rows == min(quota, size) else read(None)
    return AuditDraw(rows=rows, frame_size=size, sampler=order.name)


def read_messages(
    connection: sa.Connection, queries: AuditQueries, ids: Sequence[int]
) -> dict[int, str]:
    """Messages by complaint id; those that no longer exist, or are null, are empty."""
    found = connection.execute(queries.messages(ids)).all()
    return dict.fromkeys(ids, "") | {number: message or "" for number, message in found}
