"""Writes a sheet as XLSX with a list of labels to choose from, and reads such a file."""

import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.labelling.instructions import instructions
from sambodhan_assets.domain.labelling.sheet import (
    ANSWERS,
    TEXT,
    VERIFIED_AT,
    VERIFIER,
    Sheet,
    verified,
)

SHEET_TITLE, INSTRUCTIONS_TITLE, LABELS_TITLE = "complaints", "instructions निर्देशन", "labels"
TEXT_FORMAT = "@"
WIDTHS = {TEXT: 80, VERIFIER: 20, VERIFIED_AT: 20} | dict.fromkeys(ANSWERS, 30)
WIDTH, LABEL_WIDTH = 14, 34
# Spreadsheets keep fifteen digits of a number; a longer id must be text.
LONGEST_NUMBER = 10**15


def write_xlsx(sheet: Sheet, path: Path) -> None:
    """Writes the file: the sheet, the instructions, and the labels in a hidden sheet."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment

    book = Workbook()
    book.properties.created = book.properties.modified = sheet.drawn_at.replace(tzinfo=None)
    _fill(book.active, sheet)
    pages = book.create_sheet(INSTRUCTIONS_TITLE)
    pages.column_dimensions["A"].width = 120
    for number, line in enumerate(instructions(sheet), start=1):
        _write(pages.cell(number, 1), line)
        pages.cell(number, 1).alignment = Alignment(wrap_text=True, vertical="top")
    _offer_labels(book, sheet)
    book.save(path)


def read_xlsx(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(row number, cells as text) of the first sheet, without rows that are empty.

    Raises:
        PermanentError: The file is no workbook.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise PermanentError(
            tried=f"Reading {path}",
            found=f"it is no XLSX workbook ({type(error).__name__}).",
            todo="Save it again as XLSX, or as CSV in UTF-8.",
        ) from error
    try:
        page = book[SHEET_TITLE] if SHEET_TITLE in book.sheetnames else book.worksheets[0]
        # Programs other than the one that wrote it may state a wrong size.
        page.reset_dimensions()
        for number, row in enumerate(page.iter_rows(values_only=True), start=1):
            cells = [_as_text(value) for value in row]
            if any(cells):
                yield number, cells
    finally:
        book.close()


def _fill(page: Any, sheet: Sheet) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    page.title = SHEET_TITLE
    asked = {verified(question.column) for question in sheet.questions}
    columns = sheet.columns
    for position, column in enumerate(columns, start=1):
        _write(page.cell(1, position), column)
        page.cell(1, position).font = Font(bold=True)
        width = LABEL_WIDTH if column in asked else WIDTHS.get(column, WIDTH)
        page.column_dimensions[get_column_letter(position)].width = width
    wrapped = Alignment(wrap_text=True, vertical="top")
    for number, row in enumerate(sheet.rows, start=2):
        values = sheet.values(row)
        for position, column in enumerate(columns, start=1):
            cell = page.cell(number, position)
            _write(cell, values[column])
            cell.alignment = wrapped
    # The header stays in sight.
    page.freeze_panes = page.cell(2, 1)
    page.auto_filter.ref = page.dimensions


def _write(cell: Any, value: str | int | float | None) -> None:
    """Numbers as numbers; everything else as text, whatever it begins with."""
    if value is None:
        return
    if isinstance(value, str) or abs(value) >= LONGEST_NUMBER:
        cell.value = str(value)
        # openpyxl would store a text that begins with = as a formula, and #N/A as an error.
        cell.data_type = "s"
        cell.number_format = TEXT_FORMAT
        # Without it a spreadsheet computes the text once somebody has edited the cell.
        cell.quotePrefix = True
    else:
        cell.value = value


def _offer_labels(book: Any, sheet: Sheet) -> None:
    """Drop-down lists; they name cells, because labels hold commas and a list in place cannot."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    page, labels = book[SHEET_TITLE], book.create_sheet(LABELS_TITLE)
    labels.sheet_state = "hidden"
    for place, question in enumerate(sheet.questions, start=1):
        for number, label in enumerate(question.labels, start=1):
            _write(labels.cell(number, place), label)
        listed = get_column_letter(place)
        rule = DataValidation(
            type="list",
            formula1=f"{LABELS_TITLE}!${listed}$1:${listed}${len(question.labels)}",
            allow_blank=True,
            showErrorMessage=True,
            errorTitle=question.column,
            error="सूचीबाट छान्नुहोस्। Choose from the list.",
        )
        column = get_column_letter(sheet.columns.index(verified(question.column)) + 1)
        rule.add(f"{column}2:{column}{len(sheet.rows) + 1}")
        page.add_data_validation(rule)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        # Without the T: a text that a spreadsheet took for a date must not gain a letter.
        return value.isoformat(sep=" ")
    # Some spreadsheets store every number as a decimal one.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
