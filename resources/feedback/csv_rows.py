"""Reads a CSV file row by row, with the line of every row and of everything that is wrong."""

import csv
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sambodhan_assets.domain.errors import PermanentError

if TYPE_CHECKING:
    from _csv import Reader

SHOWN_PROBLEMS = 20


@dataclass(frozen=True)
class CsvRow:
    """One row of a file.

    Attributes:
        line: Line on which it starts; the first line of the file is 1.
        values: Text per column of the header.
        problems: What is wrong with the row as CSV; then the values are not to be trusted.
    """

    line: int
    values: dict[str, str]
    problems: tuple[str, ...] = ()


class BadRows:
    """Counts the bad rows of a file and keeps the first of them.

    Attributes:
        shown: What is wrong with the first ones, each with its line.
        total: How many there are.
    """

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.total = 0

    def add(self, line: int, reason: str) -> None:
        """Notes a row; lines have to come in order."""
        self.total += 1
        if len(self.shown) < SHOWN_PROBLEMS:
            self.shown.append(f"line {line}: {reason}")

    def refusal(self, path: Path) -> PermanentError:
        """The error for a file of which nothing is loaded because of these rows."""
        rest = f"; and {self.total - len(self.shown)} more" if self.total > len(self.shown) else ""
        rows = f"{self.total} bad row{'s' if self.total > 1 else ''}"
        return PermanentError(
            tried=f"Loading {path}",
            found=f"{rows}: {'; '.join(self.shown)}{rest}.",
            todo="Mend the file and load it again. Nothing of it was loaded.",
        )


def read_csv(path: Path, *, required: Set[str], optional: Set[str]) -> Iterator[CsvRow]:
    """Rows of a UTF-8 file with a header, one at a time.

    Args:
        path: The file.
        required: Columns that the header must have.
        optional: Columns that it may have.

    Raises:
        PermanentError: No file, or a header that does not fit.
    """
    undecodable: list[int] = []
    try:
        with path.open("rb") as lines:
            reader = csv.reader(_decoded(lines, undecodable), strict=True)
            header = _header(reader, path, required, optional)
            yield from _rows(reader, header, undecodable)
    except OSError as error:
        raise PermanentError(
            tried=f"Reading {path}",
            found=f"{error.strerror or error}.",
            todo="Name a file that exists and that you may read.",
        ) from error


def _decoded(lines: BinaryIO, undecodable: list[int]) -> Iterator[str]:
    """Lines as text; the number of each line that is no UTF-8 is noted, so that it can be told."""
    for number, line in enumerate(lines, start=1):
        try:
            # utf-8-sig: spreadsheets write a byte order mark before the header.
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            undecodable.append(number)
            yield line.decode("utf-8", errors="replace")


def checked_header(
    names: Sequence[str], path: Path, required: Set[str], optional: Set[str]
) -> list[str]:
    """The columns of a file, once they are known to fit.

    Raises:
        PermanentError: One is missing, unknown, or there twice.
    """
    header = [name.strip() for name in names]
    if missing := required - set(header):
        raise _unusable_header(path, f"no column {_listed(missing)}", required, optional)
    # A misspelt optional column would otherwise be ignored without a word.
    if unknown := set(header) - required - optional:
        raise _unusable_header(path, f"unknown column {_listed(unknown)}", required, optional)
    if len(set(header)) != len(header):
        raise _unusable_header(path, "a column comes twice", required, optional)
    return header


def _header(reader: "Reader", path: Path, required: Set[str], optional: Set[str]) -> list[str]:
    try:
        names = next(reader, [])
    except csv.Error as error:
        raise _unusable_header(path, str(error), required, optional) from error
    return checked_header(names, path, required, optional)


def _rows(reader: "Reader", header: list[str], undecodable: list[int]) -> Iterator[CsvRow]:
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield CsvRow(line, {}, (f"no readable CSV: {error}",))
            continue
        problems = [f"no valid UTF-8 in line {number}" for number in undecodable]
        undecodable.clear()
        if not fields and not problems:
            continue
        if len(fields) != len(header):
            problems.append(f"{len(fields)} values for {len(header)} columns")
        yield CsvRow(line, dict(zip(header, fields, strict=False)), tuple(problems))


def _unusable_header(
    path: Path, found: str, required: Set[str], optional: Set[str]
) -> PermanentError:
    return PermanentError(
        tried=f"Reading the header of {path}",
        found=f"{found}.",
        todo=f"It needs {_listed(required)} and may have {_listed(optional)}.",
    )


def _listed(names: Set[str]) -> str:
    return ", ".join(sorted(names))
