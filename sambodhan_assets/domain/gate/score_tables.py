"""Scores of a decision as tables."""

from collections.abc import Iterable

from sambodhan_assets.domain.gate.decision_record import DecisionRecord
from sambodhan_assets.domain.gate.figures import all_cards, shown_cards
from sambodhan_assets.domain.gate.wording import points
from sambodhan_assets.domain.scores import ScoreCard

NOT_MEASURED = "not measured"
LINEAR = "linear"


def score_table_markdown(record: DecisionRecord) -> str:
    """Scores per label, of both models side by side where both were scored.

    Points of 100; a dash where a number has no meaning: recall of a label that no row has,
    precision of a label that was never answered.
    """
    rows_name, cards = shown_cards(record)
    if not cards:
        return f"The scores were {NOT_MEASURED}.\n"
    names, each = [name for name, _ in cards], [card for _, card in cards]
    whose = f"of the {names[0]}" if len(names) == 1 else f"in each cell {' / '.join(names)}"
    lines = [
        f"Scores on {rows_name}, {whose}.",
        "",
        "| label | precision | recall | F1 | complaints |",
        "|---|---|---|---|---|",
    ]
    lines += [_label_row(label, number, each) for number, label in enumerate(record.labels)]
    lines.append(
        f"| **all** | | | **{_cell(points(card.macro_f1) for card in each)}** |"
        f" {_cell(f'{sum(card.support):,.0f}' for card in each)} |"
    )
    return "\n".join(lines) + "\n"


def f1_table_markdown(record: DecisionRecord) -> str:
    """The F1 of each label alone, one column per model: what fits into a narrow cell of the UI.

    Beside candidate and deployed version stand the linear model, which is cheap to run, and always
    answering the most frequent label: a score says little without them.
    """
    rows_name, cards = all_cards(record)
    if not cards:
        return f"The scores were {NOT_MEASURED}.\n"
    lines = [
        f"F1 on {rows_name}, in points of 100.{_own_rival(record)}",
        "",
        f"| label | {' | '.join(name for name, _ in cards)} | complaints |",
        "|---" * (len(cards) + 2) + "|",
    ]
    each = [card for _, card in cards]
    for number, label in enumerate(record.labels):
        scores = " | ".join(points(card.f1[number]) for card in each)
        lines.append(f"| {escape(label)} | {scores} | {each[0].support[number]:,.0f} |")
    scores = " | ".join(f"**{points(card.macro_f1)}**" for card in each)
    lines.append(f"| **macro-F1** | {scores} | {sum(each[0].support):,.0f} |")
    return "\n".join(lines) + "\n"


def _own_rival(record: DecisionRecord) -> str:
    linear = record.candidate.family == LINEAR
    return " The candidate is itself the linear model, its own rival." if linear else ""


def escape(text: str) -> str:
    """A label as it stands in a table cell."""
    return text.replace("|", "\\|").replace("\n", " ")


def _label_row(label: str, number: int, cards: list[ScoreCard]) -> str:
    cells = [
        _cell(_or_dash(card.precision[number], _answered(card, number)) for card in cards),
        _cell(_or_dash(card.recall[number], card.support[number]) for card in cards),
        _cell(points(card.f1[number]) for card in cards),
        _cell(f"{card.support[number]:,.0f}" for card in cards),
    ]
    return f"| {escape(label)} | {' | '.join(cells)} |"


def _answered(card: ScoreCard, number: int) -> float:
    return sum(row[number] for row in card.confusion)


def _or_dash(value: float, rows: float) -> str:
    return points(value) if rows else "–"


def _cell(values: Iterable[str]) -> str:
    return " / ".join(values)
