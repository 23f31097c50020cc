"""What a quality report is made of: metrics with their definitions, in sections."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number with its definition.

    Attributes:
        name: In snake_case, unique in the report, e.g. "near_duplicate_share".
        value: None if it was not measured; never 0 instead.
        definition: One sentence, with the unit.
        rows: Rows it was measured on.
        sampled: Measured on the hash sample of QA_SAMPLE rows instead of on all.
        reason: Why it was not measured; None if it was.
    """

    name: str
    value: float | None
    definition: str
    rows: int
    sampled: bool
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class ListedRow:
    """A row that a person must look at.

    Attributes:
        id: The row's id in the export.
        reason: Why, in a word or two, the same for rows of one kind.
        detail: What was found, never the text itself.
    """

    id: str
    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the report.

    Attributes:
        name: quality, safety, privacy, bias, drift or provenance.
        metrics: The numbers, in the order in which they are shown.
        tables: Counts or shares by name of the table, then by name of the row, e.g.
            "rows by script" -> {"devanagari": 812, ...}. None: not measured.
        listed: Rows that a person must look at.
    """

    name: str
    metrics: tuple[Metric, ...]
    tables: Mapping[str, Mapping[str, float | int | None]]
    listed: tuple[ListedRow, ...]


class Measure(Protocol):
    """Measures a section over all rows of an export, a batch at a time."""

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes up to 10,000 rows of EXPORT_SCHEMA."""
        ...

    def result(self) -> Section:
        """The section, after the last batch."""
        ...
