"""Sheets as they come back from a spreadsheet."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sambodhan_assets.domain.labelling.audit_rows import rows_of
from sambodhan_assets.domain.labelling.sheet import Sheet
from sambodhan_assets.domain.labelling.sheet_reading import SheetRules
from sambodhan_assets.domain.labelling.sheet_xlsx import read_xlsx
from tests.databases import DEPARTMENT, NOON
from tests.sheets import QUESTIONS

OFFICE = DEPARTMENT.labels[1]
Cells = dict[str, str]


@dataclass
class FilledRow:
    """One row as a reader of files hands it over."""

    line: int
    values: Cells
    problems: list[str] = field(default_factory=list)


def from_xlsx(path: Path) -> Iterator[Cells]:
    rows = read_xlsx(path)
    _, header = next(rows)
    for _, cells in rows:
        yield dict(itertools.zip_longest(header, cells[: len(header)], fillvalue=""))


def rules(*sheets: Sheet) -> SheetRules:
    registered = {s.batch: {row.complaint_id: row for row in rows_of(s)} for s in sheets}
    return SheetRules(
        registered=registered,
        questions=QUESTIONS,
        zone=ZoneInfo("Asia/Kathmandu"),
        now=NOON + timedelta(days=365),
    )
