"""The embedding dataset as a folder: splits, words, assignments, lineage and templates."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sambodhan_assets.domain.embedding.pairs import LINEAGE_SCHEMA, PreparedPairs, without_learned
from sambodhan_assets.domain.embedding.split import (
    ASSIGNMENTS_SCHEMA,
    SPLIT_SCHEMA,
    SPLITS,
    split_pairs,
)
from sambodhan_assets.domain.errors import PermanentError

TERMS_SCHEMA = pa.schema([("domain", pa.string()), ("term", pa.string())])
_SPLIT_FILES = {split: f"data/{split}-00000-of-00001.parquet" for split in SPLITS}
_TERMS, _ASSIGNMENTS, _LINEAGE = "terms.parquet", "assignments.parquet", "lineage.parquet"
_TEMPLATES, _COUNTS = "templates.json", "preparation.json"
# Lineage and counts tell of the rows that were left out: they may change while nothing is learned.
CONTENT_FILES = tuple(sorted([*_SPLIT_FILES.values(), _TERMS, _ASSIGNMENTS, _TEMPLATES]))


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingDataset:
    """Pairs that are ready for training.

    Attributes:
        splits: SPLIT_SCHEMA by split.
        terms: TERMS_SCHEMA: every correct word of every domain, those of the test included.
        assignments: ASSIGNMENTS_SCHEMA.
        lineage: LINEAGE_SCHEMA: what became of every row of the source.
        templates: What a model reads, by domain.
        counts: Rows of the source by what became of them.
    """

    splits: Mapping[str, pa.Table]
    terms: pa.Table
    assignments: pa.Table
    lineage: pa.Table
    templates: Mapping[str, str]
    counts: Mapping[str, int]

    @property
    def rows_by_split(self) -> dict[str, int]:
        """Pairs per split."""
        return {split: self.splits[split].num_rows for split in SPLITS}

    @property
    def row_count(self) -> int:
        """Pairs in all splits."""
        return sum(self.rows_by_split.values())


def build_dataset(
    prepared: PreparedPairs, *, templates: Mapping[str, str], parent: pa.Table | None
) -> EmbeddingDataset:
    """Splits prepared pairs; the same pairs and parent give the same files, byte for byte.

    Args:
        prepared: Pairs.
        templates: Known domains.
        parent: Assignments of the version before; None for the first.
    """
    split = split_pairs(prepared.pairs, parent)
    told = without_learned(prepared, split.left_out)
    words = {(row["domain"], row["corrected"]) for row in prepared.pairs.to_pylist()}
    rows = [{"domain": domain, "term": term} for domain, term in sorted(words)]
    return EmbeddingDataset(
        splits=split.tables,
        terms=pa.Table.from_pylist(rows, schema=TERMS_SCHEMA),
        assignments=split.assignments,
        lineage=told.lineage,
        templates=dict(sorted(templates.items())),
        counts=told.counts,
    )


def write_embedding_dataset(dataset: EmbeddingDataset, folder: Path) -> None:
    """Writes the folder."""
    for split, name in _SPLIT_FILES.items():
        _write(dataset.splits[split], folder / name)
    _write(dataset.terms, folder / _TERMS)
    _write(dataset.assignments, folder / _ASSIGNMENTS)
    _write(dataset.lineage, folder / _LINEAGE)
    for name, value in ((_TEMPLATES, dataset.templates), (_COUNTS, dataset.counts)):
        text = json.dumps(dict(value), ensure_ascii=False, indent=2)
        (folder / name).write_text(text + "\n", encoding="utf-8")


def read_embedding_dataset(folder: Path) -> EmbeddingDataset:
    """Reads what `write_embedding_dataset` wrote.

    Raises:
        PermanentError: A file is missing or has other columns.
    """
    return EmbeddingDataset(
        splits={split: _read(folder / name, SPLIT_SCHEMA) for split, name in _SPLIT_FILES.items()},
        terms=_read(folder / _TERMS, TERMS_SCHEMA),
        assignments=_read(folder / _ASSIGNMENTS, ASSIGNMENTS_SCHEMA),
        lineage=_read(folder / _LINEAGE, LINEAGE_SCHEMA),
        templates=json.loads((folder / _TEMPLATES).read_text(encoding="utf-8")),
        counts=json.loads((folder / _COUNTS).read_text(encoding="utf-8")),
    )


def _write(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Spelled out, so that a new default of the library changes no byte.
    pq.write_table(
        table, path, version="2.6", compression="zstd", compression_level=3, store_schema=False
    )


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    if not path.is_file():
        raise _unusable(path, "there is no such file.")
    with pq.ParquetFile(path) as file:
        table = file.read()
    if table.schema != schema:
        raise _unusable(path, f"it has the columns {table.schema.names}.")
    return table


def _unusable(path: Path, found: str) -> PermanentError:
    return PermanentError(
        tried=f"Reading {path}",
        found=found,
        todo="Run the job train_embeddings again, or fetch the version again.",
    )
