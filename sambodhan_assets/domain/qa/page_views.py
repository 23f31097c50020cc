"""What the page of a QA report shows of its tables and lists: which charts, how many rows."""

import base64
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sambodhan_assets.domain.qa.charts import MOST_ROWS, Table, bars, stacked
from sambodhan_assets.domain.qa.families import Family, families
from sambodhan_assets.domain.qa.metric import ListedRow, Section
from sambodhan_assets.domain.qa.numbers import plain

NOT_MEASURED = "not measured"
# Rows of a table or a list on the page; a longer one is looked at in the JSON.
SHOWN_ROWS = 40
SHOWN_IDS = 15
_ALT_ROWS = 6
# A longer name takes more than three lines beside its bar; the table alone is read more easily.
_LONGEST_NAME = 66


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """A row as it is written."""

    name: str
    cells: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class TableView:
    """A table with its chart.

    Attributes:
        title: What it shows.
        columns: Headings over the numbers; a table alone has one without a name.
        rows: The first SHOWN_ROWS.
        more: How many rows there are, where not all are shown; else "".
        picture: PNG in base64, "" where there is nothing to draw.
        alt: The same in words.
        wide: The table needs the whole width.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[TableRow]
    more: str
    picture: str
    alt: str
    wide: bool


@dataclass(frozen=True, kw_only=True)
class ListView:
    """Rows that a person must look at for one reason.

    Attributes:
        reason: The reason.
        total: Rows in the report.
        rows: The first SHOWN_IDS.
    """

    reason: str
    total: int
    rows: Sequence[ListedRow]


def table_views(section: Section, limits: Mapping[str, float], json_name: str) -> list[TableView]:
    """The tables of a section.

    Args:
        section: The section.
        limits: Lines in charts, by title of the table.
        json_name: File that holds what is not shown.
    """
    return [
        _view(family, limits.get(family.title), json_name)
        for family in families(section)
        if any(family.columns.values())
    ]


def list_views(section: Section) -> list[ListView]:
    """The listed rows of a section, by reason."""
    by_reason: dict[str, list[ListedRow]] = defaultdict(list)
    for row in section.listed:
        by_reason[row.reason].append(row)
    return [
        ListView(reason=reason, total=len(rows), rows=rows[:SHOWN_IDS])
        for reason, rows in by_reason.items()
    ]


def _view(family: Family, limit: float | None, json_name: str) -> TableView:
    columns = family.columns
    names = list(dict.fromkeys(name for table in columns.values() for name in table))
    rows = [
        TableRow(name=name, cells=[_cell(table, name) for table in columns.values()])
        for name in names[:SHOWN_ROWS]
    ]
    picture = _picture(family, limit)
    cut = len(names) > SHOWN_ROWS
    return TableView(
        title=family.title,
        columns=list(columns),
        rows=rows,
        more=f"{SHOWN_ROWS} of {plain(len(names))} lines; all are in {json_name}." if cut else "",
        picture=base64.b64encode(picture).decode("ascii") if picture else "",
        alt=_alt(family),
        wide=len(columns) > 3,
    )


def _cell(table: Table, name: str) -> str:
    if name not in table:
        return ""
    value = table[name]
    return NOT_MEASURED if value is None else plain(value)


def _picture(family: Family, limit: float | None) -> bytes | None:
    drawn = family.drawn
    numbers = [v for table in drawn.values() for v in table.values() if v is not None]
    names = {name for table in drawn.values() for name in table}
    if len(numbers) < 2 or not any(numbers) or max(map(len, names)) > _LONGEST_NAME:
        return None
    return stacked(drawn) if family.parts_of_a_whole else bars(drawn, limit=limit)


def _alt(family: Family) -> str:
    said = [
        f"{' '.join(filter(None, (own, name)))} {_cell(table, name)}"
        for own, table in family.drawn.items()
        for name in list(table)[:MOST_ROWS]
    ]
    rest = f" and {len(said) - _ALT_ROWS} more in the table" if len(said) > _ALT_ROWS else ""
    return f"Bar chart of {family.chart_title}: {', '.join(said[:_ALT_ROWS])}{rest}."
