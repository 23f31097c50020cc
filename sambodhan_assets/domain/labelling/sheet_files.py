"""Writes a sheet in every form that people are given."""

from pathlib import Path

from sambodhan_assets.domain.labelling.instructions import instructions
from sambodhan_assets.domain.labelling.sheet import Sheet
from sambodhan_assets.domain.labelling.sheet_csv import write_csv
from sambodhan_assets.domain.labelling.sheet_xlsx import write_xlsx

CSV, XLSX, TXT = ".csv", ".xlsx", ".txt"


def write_sheet(sheet: Sheet, folder: Path) -> None:
    """Writes <batch>.csv, <batch>.xlsx and, beside them, the instructions as <batch>.txt."""
    write_csv(sheet, folder / f"{sheet.batch}{CSV}")
    write_xlsx(sheet, folder / f"{sheet.batch}{XLSX}")
    text = "\n".join(instructions(sheet)) + "\n"
    # With a byte order mark, as the CSV file: simple editors guess the encoding otherwise.
    (folder / f"{sheet.batch}{TXT}").write_text(text, encoding="utf-8-sig")
