"""Which tables of a section are read beside each other, and how they are drawn."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from sambodhan_assets.domain.qa.charts import MOST_SERIES, Table
from sambodhan_assets.domain.qa.groups import LENGTH_NAMES
from sambodhan_assets.domain.qa.metric import Section

PSI_TITLE = "population stability index by dimension"
_PSI = "psi_"
_WORST = "psi_worst"
# Tables with a common title: how they are named, that title, and their column in it.
_JOINED = (
    (re.compile(r"personal data (read|published), by kind"), "personal data by kind", r"\1"),
    (re.compile(r"(.+) in (the previous|this) export"), r"\1 in both exports", r"\2 export"),
    (re.compile(r"(accuracy|macro-F1|test rows) (of .+ by .+)"), r"model scores \2", r"\1"),
)
# From left to right, where the tables come in another order.
_FIRST = ("read", "the previous export")
# Columns that only say how much the others are worth.
_NOT_DRAWN = ("test rows",)
# Tables whose rows are named "group: part", and whose parts are shares of the group.
_OF_GROUPS = re.compile(r"label shares of .+ by .+")
_MARK = ": "
# Tables that become the last line of the shares that they are worked out of.
_DISTANCES = "distance of "
_DISTANCE_ROW = "distance from all others, 0 to 1"

_Entry = TypeVar("_Entry")


@dataclass(frozen=True, kw_only=True)
class Family:
    """One table of the page.

    Attributes:
        title: What it shows.
        columns: Tables by the heading of their column; "" for a table that stands alone.
        drawn: The same for the chart.
        chart_title: What the chart shows.
        parts_of_a_whole: A column holds the parts of one group.
    """

    title: str
    columns: Mapping[str, Table]
    drawn: Mapping[str, Table]
    chart_title: str
    parts_of_a_whole: bool


def families(section: Section) -> list[Family]:
    """The tables of a section as a page shows them, in the section's order."""
    found: dict[str, dict[str, Table]] = defaultdict(dict)
    indices = _stability_indices(section)
    if indices:
        found[PSI_TITLE][""] = indices
    for name, table in section.tables.items():
        title, column = _place(name)
        if _OF_GROUPS.fullmatch(name):
            found[title] |= _by_group(table, section.tables.get(_DISTANCES + name, {}))
        elif not name.startswith(_DISTANCES):
            found[title][column] = table
    return [_family(title, columns) for title, columns in found.items()]


def _place(name: str) -> tuple[str, str]:
    """Title and column of a table."""
    for pattern, title, column in _JOINED:
        if match := pattern.fullmatch(name):
            return match.expand(title), match.expand(column)
    return name, ""


def _family(title: str, columns: Mapping[str, Table]) -> Family:
    ordered = dict(sorted(columns.items(), key=lambda column: column[0] not in _FIRST))
    ordered = _by_length({name: _by_length(table) for name, table in ordered.items()})
    groups = _OF_GROUPS.fullmatch(title) is not None
    drawn = {name: table for name, table in ordered.items() if name not in _NOT_DRAWN}
    chart_title = title
    if "the previous export" in ordered:
        # Exports have different sizes: counts beside each other would show that and nothing else.
        drawn = {name: _shares(table) for name, table in ordered.items()}
        chart_title = f"shares of {title}"
    if groups:
        drawn = {name: _without_distance(table) for name, table in ordered.items()}
    elif len(drawn) > MOST_SERIES:
        drawn = dict(list(drawn.items())[:MOST_SERIES])
    return Family(
        title=title,
        columns=ordered,
        drawn=drawn,
        chart_title=chart_title,
        parts_of_a_whole=groups,
    )


def _by_length(entries: Mapping[str, _Entry]) -> dict[str, _Entry]:
    """Entries that are named by length, from short to long; all others as they are."""
    order = [name for name in LENGTH_NAMES if name in entries]
    return {name: entries[name] for name in (order if len(order) == len(entries) else entries)}


def _by_group(table: Table, distances: Table) -> dict[str, Table]:
    groups: dict[str, dict[str, float | int | None]] = defaultdict(dict)
    for name, value in table.items():
        group, mark, part = name.partition(_MARK)
        groups[group if mark else ""][part if mark else name] = value
    for group, distance in distances.items():
        groups[group][_DISTANCE_ROW] = distance
    return dict(groups)


def _without_distance(table: Table) -> Table:
    return {name: value for name, value in table.items() if name != _DISTANCE_ROW}


def _shares(table: Table) -> Table:
    total = sum(value or 0 for value in table.values())
    return {n: None if v is None or not total else v / total for n, v in table.items()}


def _stability_indices(section: Section) -> Table:
    return {
        metric.name.removeprefix(_PSI).replace("_", " "): metric.value
        for metric in section.metrics
        if metric.name.startswith(_PSI) and metric.name != _WORST
    }
