"""Pictures of a decision."""

import io
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from sambodhan_assets.domain.gate.decision_record import DecisionRecord
from sambodhan_assets.domain.scores import ScoreCard

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Inches per label; with the labels of the departments wrapped at 18 characters nothing overlaps.
INCHES_PER_LABEL = 0.9
LABEL_WIDTH = 18
# Four labels and two models make 1,060 pixels; on a laptop the UI cuts off what is wider.
DOTS_PER_INCH = 105


def shown_cards(record: DecisionRecord) -> tuple[str, list[tuple[str, ScoreCard]]]:
    """What the pictures and tables show: the window, or the test split where there is no window.

    Returns:
        What the rows are, and name and score card of each model that was scored on them.
    """
    models = [("candidate", record.candidate), ("deployed version", record.deployed)]
    present = [(name, model) for name, model in models if model is not None]
    window = [(name, model.window) for name, model in present if model.window is not None]
    if window:
        return "the complaints of the window", window
    split = [(name, model.test_split) for name, model in present if model.test_split is not None]
    return "the test split", [(name, scored.card) for name, scored in split]


def all_cards(record: DecisionRecord) -> tuple[str, list[tuple[str, ScoreCard]]]:
    """The cards of `shown_cards`, and on the window those of the rival and of the majority."""
    rows_name, cards = shown_cards(record)
    if record.candidate.window is None:
        return rows_name, cards
    rival = record.rival.window if record.rival else None
    others = [("linear model", rival), ("most frequent label", record.majority)]
    return rows_name, cards + [(name, card) for name, card in others if card is not None]


def confusion_figure(record: DecisionRecord) -> bytes | None:
    """Draw both confusion matrices side by side as PNG; None if no model was scored.

    The colour is the share of a row, so that rare labels show; the number is the complaints.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows_name, cards = shown_cards(record)
    if not cards:
        return None
    side = INCHES_PER_LABEL * len(record.labels)
    figure = Figure(figsize=(2.3 + (side + 0.3) * len(cards), side + 2.5), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"{record.task}: answers on {rows_name}")
    all_axes = figure.subplots(1, len(cards), squeeze=False)[0]
    for position, (axes, (name, card)) in enumerate(zip(all_axes, cards, strict=True)):
        _draw_matrix(axes, card, record.labels, first=position == 0)
        axes.set_title(f"{name}: macro-F1 {100 * card.macro_f1:.1f}", fontsize=11)
    picture = io.BytesIO()
    # Without the software's name in it the same record gives the same picture.
    figure.savefig(picture, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return picture.getvalue()


def _draw_matrix(axes: "Axes", card: ScoreCard, labels: tuple[str, ...], *, first: bool) -> None:
    cells = np.array(card.confusion)
    totals = cells.sum(axis=1, keepdims=True)
    shares = np.divide(cells, totals, out=np.zeros_like(cells), where=totals > 0)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [textwrap.fill(label, LABEL_WIDTH) for label in labels]
    axes.set_xticks(range(len(labels)), names, rotation=45, ha="right", fontsize=8)
    # The labels stand once; the matrices have the same rows.
    axes.set_yticks(range(len(labels)), names if first else [""] * len(labels), fontsize=8)
    axes.set_xlabel("answer of the model")
    if first:
        axes.set_ylabel("right label")
    for row in range(len(labels)):
        for column in range(len(labels)):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(
                column,
                row,
                f"{cells[row, column]:,.0f}\n{100 * shares[row, column]:.0f} %",
                ha="center",
                va="center",
                fontsize=9,
                color=colour,
            )
