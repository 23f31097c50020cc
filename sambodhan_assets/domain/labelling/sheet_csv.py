"""Writes a sheet as CSV that spreadsheets open with the right letters."""

import csv
from pathlib import Path

from sambodhan_assets.domain.labelling.safe_cells import guarded
from sambodhan_assets.domain.labelling.sheet import Sheet


def write_csv(sheet: Sheet, path: Path) -> None:
    """Writes the file; its bytes depend on the sheet alone.

    UTF-8 with a byte order mark: without it spreadsheets show Devanagari as rubbish.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(sheet.columns)
        for row in sheet.rows:
            values = sheet.values(row)
            writer.writerow([_cell(values[column]) for column in sheet.columns])


def _cell(value: str | int | float | None) -> str:
    if value is None:
        return ""
    return guarded(value) if isinstance(value, str) else str(value)
