"""Where pairs of a typo and its correction come from: the contract, and a CSV file."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import dagster as dg
import pyarrow as pa
from pydantic import Field

from resources.feedback.csv_rows import BadRows, read_csv
from sambodhan_assets.domain.embedding.pairs import PAIRS_SCHEMA

TABLE = "typo_training_dataset"
COLUMNS = tuple(PAIRS_SCHEMA.names)
# Supabase adds them to every table, so an exported file has them.
_IGNORED = {"id", "created_at"}


class PairSource(dg.ConfigurableResource, ABC):
    """Reads all pairs. Text stays text: "NA" and "null" are words as good as any."""

    # What else than an empty table may be behind a source without any row.
    why_empty: ClassVar[str] = ""

    @abstractmethod
    def place(self) -> str:
        """Where the pairs are, for people; no secret."""

    @abstractmethod
    def read(self) -> pa.Table | None:
        """All rows with the columns of PAIRS_SCHEMA in a stable order; None without a table.

        Raises:
            PermanentError: The source refuses, or what it holds is no such table.
            TransientError: It gives no answer.
        """


class CsvPairs(PairSource):
    """A CSV file with the columns typo, corrected, domain."""

    file: str = Field(description="Path of the file.")

    def place(self) -> str:
        """See `PairSource.place`."""
        return self.file

    def read(self) -> pa.Table | None:
        """See `PairSource.read`."""
        return read_pairs_file(Path(self.file))


def read_pairs_file(path: Path, domains: Mapping[str, str] | None = None) -> pa.Table:
    """All rows of a CSV file in UTF-8.

    Args:
        path: The file.
        domains: Known domains; None accepts all.

    Raises:
        PermanentError: No file, wrong columns, or bad rows; the first ones are named.
    """
    rows: list[dict[str, str]] = []
    bad = BadRows()
    for row in read_csv(path, required=set(COLUMNS), optional=_IGNORED):
        reasons = list(row.problems)
        domain = row.values.get("domain", "").strip()
        if not reasons and domains is not None and domain not in domains:
            known = ", ".join(sorted(domains))
            reasons.append(f"domain is {domain!r}; known: {known}")
        if any("\0" in value for value in row.values.values()):
            reasons.append("holds a NUL byte")
        if reasons:
            bad.add(row.line, ", and ".join(reasons))
        rows.append({name: row.values.get(name, "") for name in COLUMNS})
    if bad.total:
        raise bad.refusal(path)
    return pairs_table(rows)


def pairs_table(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Rows of another system as PAIRS_SCHEMA; a number, such as the model 208, becomes text."""
    texts = [
        {name: None if row[name] is None else str(row[name]) for name in COLUMNS} for row in rows
    ]
    return pa.Table.from_pylist(texts, schema=PAIRS_SCHEMA)
