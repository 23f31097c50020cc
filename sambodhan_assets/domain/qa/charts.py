"""Charts of a QA report as PNG: horizontal bars, which leave room for long names on a phone."""

import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sambodhan_assets.domain.qa.numbers import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Table = Mapping[str, float | int | None]

# A phone shows 4.6 inches on some 360 pixels, so that 10 points are still read.
WIDTH = 4.6
DOTS_PER_INCH = 150
NAME_WIDTH = 22
# A chart of more rows is longer than a screen; the table beside it has them all.
MOST_ROWS = 30
_LINE = 0.17
_ROW_GAP = 0.16
# Okabe and Ito's palette: told apart by colour-blind readers, and in print by its lightness.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#555555")
MOST_SERIES = len(_COLOURS)


def bars(series: Mapping[str, Table], *, limit: float | None = None) -> bytes:
    """A row of bars per name, one bar per series.

    Args:
        series: Tables by the name of the series, at most MOST_SERIES; the name is shown in the
            legend where there are several. What was not measured has no bar and says so.
        limit: Drawn as a line.

    Returns:
        PNG; of the first MOST_ROWS names.
    """
    names = list(dict.fromkeys(name for table in series.values() for name in table))[:MOST_ROWS]
    shown = _shown(names)
    figure, axes = _figure(shown, per_row=len(series), legend=len(series) > 1)
    height = 0.8 / len(series)
    numbers = [value for table in series.values() for value in table.values() if value is not None]
    reach = max([0.0, *numbers])
    for place, (title, table) in enumerate(series.items()):
        at = np.arange(len(names)) + (place - (len(series) - 1) / 2) * height
        values = [table.get(name) for name in names]
        axes.barh(
            at, [value or 0 for value in values], height, label=_safe(title), color=_COLOURS[place]
        )
        for position, value in zip(at, values, strict=True):
            told = "not measured" if value is None else plain(value)
            axes.text(max(value or 0, 0) + 0.01 * reach, position, told, va="center", fontsize=9)
    # Room for the numbers right of the bars.
    axes.set_xlim(min([0.0, *numbers]), 1.25 * reach or 1)
    if limit is not None and limit <= 1.25 * reach:
        axes.axvline(limit, color="#b00020", linestyle="--", linewidth=1)
    _finish(axes, shown)
    if len(series) > 1:
        figure.legend(loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    return _png(figure)


def stacked(groups: Mapping[str, Table]) -> bytes:
    """A bar of length 1 per group, divided by the shares in its table.

    Args:
        groups: Shares, or counts, by group; at most MOST_SERIES parts have a colour of their own,
            the rest is drawn as one part "others".

    Returns:
        PNG; of the first MOST_ROWS groups.
    """
    names = list(groups)[:MOST_ROWS]
    parts = list(dict.fromkeys(part for name in names for part in groups[name]))
    own = parts if len(parts) <= MOST_SERIES else parts[: MOST_SERIES - 1]
    shown = _shown(names)
    figure, axes = _figure(shown, per_row=1, legend=True, legend_rows=(len(own) + 2) // 2)
    left = np.zeros(len(names))
    totals = [sum(value or 0 for value in groups[name].values()) or 1.0 for name in names]
    for place, part in enumerate([*own, "others"] if len(own) < len(parts) else own):
        chosen = [part] if place < len(own) else parts[len(own) :]
        lengths = np.array(
            [
                sum(groups[name].get(one) or 0 for one in chosen) / total
                for name, total in zip(names, totals, strict=True)
            ]
        )
        label = textwrap.shorten(_safe(part), 30, placeholder="...")
        axes.barh(np.arange(len(names)), lengths, 0.8, left, label=label, color=_COLOURS[place])
        left += lengths
    axes.set_xlim(0, 1)
    _finish(axes, shown)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return _png(figure)


def _figure(
    names: Sequence[str], *, per_row: int, legend: bool, legend_rows: int = 1
) -> tuple["Figure", "Axes"]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = sum(max(name.count("\n") + 1, per_row) for name in names)
    height = 0.5 + lines * _LINE + len(names) * _ROW_GAP + 0.25 * legend_rows * legend
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def _finish(axes: "Axes", names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="x", labelsize=8)
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(lambda value, _: plain(value))
    axes.spines[["top", "right"]].set_visible(False)


def _png(figure: "Figure") -> bytes:
    picture = io.BytesIO()
    # Without the software's name in it the same report gives the same picture.
    figure.savefig(picture, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return picture.getvalue()


def _shown(names: Sequence[str]) -> list[str]:
    """Names as the chart writes them: one that its font lacks becomes its place in the table."""
    return [
        textwrap.fill(_safe(name, instead=f"row {place}"), NAME_WIDTH)
        for place, name in enumerate(names, 1)
    ]


def _safe(name: str, instead: str = "(see the table)") -> str:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    known = get_font(findfont(FontProperties())).get_charmap()
    # Letters of Devanagari are not joined by matplotlib even where a font has them.
    drawn = name.isprintable() and all(ord(letter) in known for letter in name)
    # Between two dollar signs matplotlib would read a formula.
    return name.replace("$", r"\$") if drawn and name.strip() else instead
