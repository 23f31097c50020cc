"""The contract of the audit store: complaints that people were asked to label, and the labels."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime

import dagster as dg
import pyarrow as pa

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.labelling.audit_rows import (
    AuditRow,
    BatchSummary,
    Labelling,
    labelled,
    summaries,
)
from sambodhan_assets.domain.labelling.label_tables import verified_table
from sambodhan_assets.label_tasks import LabelTask

SHOWN_KEYS = 5


class AuditStore(dg.ConfigurableResource, ABC):
    """Rows of `complaint_audits`. Every implementation passes tests/test_audit_store.py."""

    @abstractmethod
    def place(self) -> str:
        """Where the rows are, in words for people."""

    @abstractmethod
    def initialise(self, tasks: Sequence[LabelTask]) -> list[str]:
        """Creates what is missing; returns what it did, in words.

        Raises:
            PermanentError: The role may not; the statements for an administrator are named.
        """

    @abstractmethod
    def rows(self, batches: Sequence[str] | None = None) -> list[AuditRow]:
        """All rows, or those of some batches, in the order in which they were drawn.

        Raises:
            PermanentError: The storage refuses, or holds something else.
            TransientError: The storage could not be reached.
        """

    @abstractmethod
    def add(self, rows: Sequence[AuditRow]) -> bool:
        """Registers one batch, all of it or nothing.

        Args:
            rows: Its rows without labels, at least one.

        Returns:
            False if the same batch is registered already; then nothing changes.

        Raises:
            PermanentError: A batch of that name with other complaints is registered.
        """

    @abstractmethod
    def write_labels(self, given: Sequence[Labelling], *, now: datetime) -> int:
        """Writes labels, all of them or nothing; a changed label replaces the earlier one.

        Args:
            given: What people filled in.
            now: When labels were given whose sheet does not say it.

        Returns:
            How many rows changed: 0 if all of this was known.

        Raises:
            PermanentError: A row is not registered.
        """

    def verified(self, task: LabelTask) -> pa.Table:
        """All labels of a task as VERIFIED_SCHEMA, by complaint and then from old to new."""
        return verified_table(self.rows(), task.column)

    def batches(self) -> list[BatchSummary]:
        """All batches, the earliest draw first."""
        return summaries(self.rows())

    def open_batches(self) -> list[BatchSummary]:
        """The batches that lack labels, the earliest draw first."""
        return [batch for batch in self.batches() if batch.unfilled]


def is_registered(rows: Sequence[AuditRow], registered: Sequence[AuditRow]) -> bool:
    """Whether a batch stands there already.

    Raises:
        PermanentError: Another batch has its name.
    """
    if not registered:
        return False
    if [row.complaint_id for row in rows] == [row.complaint_id for row in registered]:
        return True
    raise PermanentError(
        tried=f"Registering the batch {rows[0].batch}",
        found="a batch with this name and other complaints is registered already.",
        todo="Draw again; a new name will be taken.",
    )


def changed_rows(
    given: Sequence[Labelling], registered: Mapping[tuple[str, int], AuditRow], *, now: datetime
) -> list[AuditRow]:
    """The rows that change with what people filled in, as they are then.

    Raises:
        PermanentError: A row is not registered.
    """
    if unknown := [item.key for item in given if item.key not in registered]:
        shown = ", ".join(f"{number} of {batch}" for batch, number in unknown[:SHOWN_KEYS])
        raise PermanentError(
            tried="Writing labels",
            found=f"{len(unknown)} of these complaints are not registered: {shown}.",
            todo="Load a sheet that `sambodhan sheets` lists. Nothing was written.",
        )
    new = [labelled(registered[item.key], item, now=now) for item in given]
    return [row for row, item in zip(new, given, strict=True) if row != registered[item.key]]
