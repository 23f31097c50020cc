"""Reads rows of further sources from JSON Lines, CSV and Parquet; every row knows its place."""

import csv
import io
import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from sambodhan_assets.domain.export.rows import BATCH_ROWS

SOURCE_FORMATS = ("jsonl", "csv", "parquet")
# A line of more bytes is no row but a file without line breaks; it must not fill the memory.
LONGEST_LINE = 1 << 22
_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of a file, or what is wrong with it.

    Attributes:
        place: Its line in JSON Lines and CSV, its row in Parquet, from 1.
        cells: Values by column; None if it is malformed.
        problem: What is wrong, without what the row says; None if nothing is.
        fatal: Nothing behind it can be read.
    """

    place: int
    cells: Mapping[str, Any] | None
    problem: str | None = None
    fatal: bool = False


def read_jsonl(file: BinaryIO, columns: list[str]) -> Iterator[SourceRow]:
    """Rows of JSON Lines; empty lines are none."""
    for place, line in _lines(file):
        if line is None:
            yield _wrong(place, f"the line is longer than {LONGEST_LINE} bytes")
        elif line.strip():
            yield _json_row(place, line, columns)


def read_csv(file: BinaryIO, columns: list[str]) -> Iterator[SourceRow]:
    """Rows of CSV in UTF-8 with a header; a row is named by the line in which it begins."""
    # Wrong bytes become surrogates, which are found again in the cell where they stand.
    lines = _CsvLines(file)
    reader = csv.reader(lines, strict=True)
    header = next(reader, None)
    if header is None or len(set(header)) != len(header) or not set(columns) <= set(header):
        wanted = ", ".join(columns)
        yield _wrong(1, f"the first line does not name the columns {wanted} once each", fatal=True)
        return
    while True:
        place = lines.number + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield _wrong(place, f"it is no CSV ({error})")
            continue
        if cells is None:
            return
        if cells and len(cells) != len(header):
            yield _wrong(place, f"it has {len(cells)} cells, the header has {len(header)}")
        elif cells:
            yield SourceRow(place, dict(zip(header, cells, strict=True)))


def read_parquet(file: BinaryIO, columns: list[str]) -> Iterator[SourceRow]:
    """Rows of a Parquet file."""
    place = 0
    try:
        with pq.ParquetFile(file, buffer_size=_BUFFER) as table:
            if missing := [name for name in columns if name not in table.schema_arrow.names]:
                yield _wrong(1, f"the file has no column {', '.join(missing)}", fatal=True)
                return
            for batch in table.iter_batches(BATCH_ROWS, columns=columns):
                for cells in batch.to_pylist():
                    place += 1
                    yield SourceRow(place, cells)
    except (pa.ArrowException, OSError) as error:
        # Arrow raises OSError itself for a damaged file; one of the storage has a number or a kind.
        if isinstance(error, OSError) and (error.errno or type(error) is not OSError):
            raise
        kind = type(error).__name__
        yield _wrong(place + 1, f"the file cannot be read from here on ({kind})", fatal=True)


READERS = {"jsonl": read_jsonl, "csv": read_csv, "parquet": read_parquet}


def _json_row(place: int, line: bytes, columns: list[str]) -> SourceRow:
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return _wrong(place, "it is no UTF-8")
    except (ValueError, RecursionError) as error:
        found = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        return _wrong(place, f"it is no JSON ({found})")
    if not isinstance(value, dict):
        return _wrong(place, "it is no JSON object")
    if missing := [name for name in columns if name not in value]:
        return _wrong(place, f"it has no field {', '.join(missing)}")
    return SourceRow(place, value)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Lines with their numbers; None for one that is too long. A byte order mark is left out."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)
            yield number, None
        else:
            yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


class _CsvLines:
    """Lines of text for the CSV reader, which counts them itself only after it has read them."""

    def __init__(self, file: BinaryIO) -> None:
        self.number = 0
        self._text = io.TextIOWrapper(
            file, encoding="utf-8-sig", errors="surrogateescape", newline=""
        )

    def __iter__(self) -> Generator[str]:
        while line := self._text.readline(LONGEST_LINE):
            self.number += 1
            yield line


def _wrong(place: int, problem: str, *, fatal: bool = False) -> SourceRow:
    return SourceRow(place, None, problem, fatal)
