"""Writes rows as JSON Lines, Parquet and CSV, a batch at a time; equal rows give equal bytes."""

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from sambodhan_assets.domain.export.rows import EXPORT_SCHEMA
from sambodhan_assets.domain.labelling.safe_cells import guarded

FORMATS = ("jsonl", "parquet", "csv")
_ROW_GROUP = 20_000
_FEW_VALUES = ["task", "label", "split", "source", "origin"]
_COLUMNS = EXPORT_SCHEMA.names
# Programs that split a text into lines do it at these, too; JSON allows to write them as escapes.
_HIDDEN_BREAKS = re.compile("[\x85\u2028\u2029]")
# A cell of a CSV file cannot escape them, and a spreadsheet is no place for NUL.
_CELL_BREAKS = re.compile("[\x00\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


class Writer(Protocol):
    """One data file that grows by batches of EXPORT_SCHEMA."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Appends rows."""
        ...

    def close(self) -> None:
        """Completes the file."""
        ...


class DataWriters:
    """All data files of an export, and the digest of their rows."""

    def __init__(self, folder: Path, formats: Sequence[str]) -> None:
        self.paths = {name: folder / f"dataset.{name}" for name in formats}
        self._jsonl = self.paths["jsonl"].open("wb") if "jsonl" in formats else None
        self._writers: list[Writer] = []
        if "parquet" in formats:
            self._writers.append(ParquetFileWriter(self.paths["parquet"]))
        if "csv" in formats:
            self._writers.append(CsvFileWriter(self.paths["csv"]))
        self._digest = hashlib.sha256()
        self.rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Appends rows of EXPORT_SCHEMA to every file."""
        data = jsonl_bytes(batch)
        self._digest.update(data)
        if self._jsonl is not None:
            self._jsonl.write(data)
        for writer in self._writers:
            writer.write(batch)
        self.rows += batch.num_rows

    def close(self) -> str:
        """Completes the files and returns the digest of the rows: that of the JSON Lines."""
        if self._jsonl is not None:
            self._jsonl.close()
        for writer in self._writers:
            writer.close()
        return self._digest.hexdigest()


class ParquetFileWriter:
    """Parquet with every option spelled out that shapes the bytes."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetWriter(
            path,
            EXPORT_SCHEMA,
            version="2.6",
            data_page_version="1.0",
            compression="zstd",
            compression_level=3,
            # A list by its documentation; its stub knows the other form only.
            use_dictionary=_FEW_VALUES,  # pyright: ignore[reportArgumentType]
            dictionary_pagesize_limit=1 << 20,
            data_page_size=1 << 20,
            write_statistics=True,
            write_page_index=False,
            write_page_checksum=False,
            store_schema=False,
        )
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Appends rows; row groups hold 20,000 rows, however the batches are cut."""
        while batch.num_rows:
            taken = batch.slice(0, _ROW_GROUP - self._rows)
            self._waiting.append(taken)
            self._rows += taken.num_rows
            batch = batch.slice(taken.num_rows)
            if self._rows == _ROW_GROUP:
                self._flush()

    def close(self) -> None:
        """Completes the file."""
        if self._rows:
            self._flush()
        self._file.close()

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._waiting, EXPORT_SCHEMA).combine_chunks()
        self._file.write_table(table, row_group_size=_ROW_GROUP)
        self._waiting, self._rows = [], 0


class CsvFileWriter:
    """CSV for spreadsheets: formulas are neutralised, and line breaks in cells are spaces."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow(_COLUMNS)

    def write(self, batch: pa.RecordBatch) -> None:
        """Appends rows."""
        columns = [column.to_pylist() for column in batch.columns]
        cells = [
            _cells(values) if pa.types.is_string(field.type) else values
            for field, values in zip(EXPORT_SCHEMA, columns, strict=True)
        ]
        self._csv.writerows(zip(*cells, strict=True))

    def close(self) -> None:
        """Completes the file."""
        self._file.close()


def _cells(texts: list[str]) -> list[str]:
    # Most columns hold few values, again and again.
    known = {text: csv_cell(text) for text in set(texts)}
    return [known[text] for text in texts]


def csv_cell(text: str) -> str:
    """A text as a cell of the CSV file holds it; JSON Lines and Parquet hold it as it is."""
    return guarded(_CELL_BREAKS.sub(" ", text))


def jsonl_bytes(batch: pa.RecordBatch) -> bytes:
    """Rows as JSON Lines in UTF-8: one row per line for every reader of lines."""
    text = "".join(f"{line}\n" for line in _lines(batch))
    return _HIDDEN_BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def _lines(batch: pa.RecordBatch) -> Iterator[str]:
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    columns = [column.to_pylist() for column in batch.columns]
    for row in zip(*columns, strict=True):
        yield encode(dict(zip(_COLUMNS, row, strict=True)))
