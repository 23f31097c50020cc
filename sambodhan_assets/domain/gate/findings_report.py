"""The parts of a decision's page that tell about exchange, guards, power and slices."""

from sambodhan_assets.domain.gate.break_even import MOST_FLIPS, BreakEven
from sambodhan_assets.domain.gate.decision_record import Comparison, DecisionRecord
from sambodhan_assets.domain.gate.evidence import GuardResult
from sambodhan_assets.domain.gate.power import Power
from sambodhan_assets.domain.gate.score_tables import NOT_MEASURED
from sambodhan_assets.domain.gate.slices import FEWEST_ROWS, SliceScore
from sambodhan_assets.domain.gate.wording import count_of, points
from sambodhan_assets.domain.scores import ScoreCard


def exchange_sentence(record: DecisionRecord) -> str | None:
    """What the candidate repairs and spoils in one line; None where nothing was compared."""
    found, comparison = record.break_even, record.comparison
    if found is None or comparison is None:
        return None
    gain = f"{points(comparison.gain, signed=True)} points on real traffic"
    return (
        f"It fixes {found.flagged_fixed:,} of {found.flagged:,} flagged complaints and breaks"
        f" {_broken(found)} of {found.unflagged:,} unflagged ones: {gain}"
        f"{' if all of these are broken' if found.presumed_broken else ''}."
    )


def exchange_part(record: DecisionRecord) -> list[str]:
    """The exchange with what it was counted from."""
    found, sentence = record.break_even, exchange_sentence(record)
    if found is None or sentence is None:
        return []
    lines = [
        sentence,
        "",
        f"- Of the unflagged complaints it answers {found.changed:,} differently."
        f" {_checked(found)}",
        f"- On the {found.traffic:,.0f} complaints of the window that makes about"
        f" {found.fixed_on_traffic:,.0f} fixed and {_at_most(found)}{found.broken_on_traffic:,.0f}"
        f" broken; {_at_most(found)}{100 * found.flip_share:.1f} of 100 answers turn from right to"
        " wrong.",
        *_labelled_flips(record.comparison),
        "- Flagged are complaints whose answer an official called wrong. Points are of macro-F1,"
        " which counts rare labels as much as frequent ones.",
    ]
    return ["## In plain numbers", "\n".join(lines)]


def warnings_part(record: DecisionRecord) -> list[str]:
    """What people should know although it does not decide."""
    sentences = list(record.reuse.warnings()) if record.reuse else []
    found = record.break_even
    # Presumed flips are the worst case; nobody has seen one of them.
    if found and not found.presumed_broken and found.flip_share > MOST_FLIPS:
        sentences.append(
            f"{100 * found.flip_share:.1f} of 100 answers would turn from right to wrong, more than"
            f" the {100 * MOST_FLIPS:.0f} that updates usually cost. People notice that even where"
            " the score rises."
        )
    if record.deployed and not record.deployed.training_known:
        sentences.append(
            f"Nobody here knows which rows {record.deployed.tag} was trained on. None of the"
            " compared rows was taken for one of them, so its scores may be too good; the"
            " candidate's are not."
        )
    if not sentences:
        return []
    return ["## Take note", "\n".join(f"- {sentence}" for sentence in sentences)]


def guards_part(record: DecisionRecord) -> list[str]:
    """Every guard with what it found."""
    if not record.guards:
        return []
    return ["## Guards", "\n".join(f"- {_outcome(g)}: {g.sentence}" for g in record.guards)]


def power_lines(power: Power | None) -> list[str]:
    """The smallest gain that can be shown, as list items."""
    if power is None:
        return []
    labelled = points(power.smallest_gain_labelled)
    if power.smallest_gain is None:
        return [
            "- As no disagreement has a label, only the worst case can be shown. With a label on"
            f" each, a true gain of {labelled} points would be shown in 8 of 10 such windows."
        ]
    now = f"- A true gain of {points(power.smallest_gain)} points is shown in 8 of 10 such windows"
    if not power.unlabelled:
        return [f"{now}; every disagreement has a label."]
    return [f"{now}; with a label on every disagreement, one of {labelled}."]


def slices_part(record: DecisionRecord) -> list[str]:
    """Scores by script and by label source."""
    if not record.slices:
        return []
    lines = [
        "In each cell candidate / deployed version, in points of 100. An answer without a label"
        " counts as the deployed version gave it.",
        "",
        "| part | complaints | with a label | answered alike | right | macro-F1 |",
        "|---|---|---|---|---|---|",
        *[_slice_row(part) for part in record.slices],
    ]
    return ["## Scores by script and by source of the label", "\n".join(lines)]


def reuse_lines(record: DecisionRecord) -> list[str]:
    """How often the rows were used before, as list items."""
    if record.reuse is None:
        return []
    lines = [f"- earlier decisions with the same test rows: {record.reuse.test_split:,}"]
    if record.reuse.window is not None:
        lines.append(f"- earlier decisions on this window: {record.reuse.window:,}")
    return lines


def _outcome(guard: GuardResult) -> str:
    if not guard.measured:
        return NOT_MEASURED
    return "passed" if guard.passed else "FAILED"


def _broken(found: BreakEven) -> str:
    if found.presumed_broken:
        return f"at most {found.presumed_broken:,} (presumed, for nobody has checked one)"
    if found.checked == found.changed:
        return f"{found.checked_broken:,}"
    return f"about {found.changed / found.checked * found.checked_broken:,.0f}"


def _at_most(found: BreakEven) -> str:
    return "at most " if found.presumed_broken else ""


def _checked(found: BreakEven) -> str:
    if not found.checked:
        return "People checked none of these." if found.changed else "So there is nothing to check."
    return (
        f"People checked {found.checked:,} of these: it fixes {found.checked_fixed:,} and breaks"
        f" {found.checked_broken:,}."
    )


def _labelled_flips(comparison: Comparison | None) -> list[str]:
    if comparison is None:
        return []
    counts, broken = comparison.counts, comparison.changes.broken
    labelled = counts.certain_rows + counts.agreed_labels + counts.disagreed_labels
    if not labelled:
        return ["- No complaint of the window has a label."]
    return [
        f"- Among {count_of(labelled, 'complaint')} with a label {broken:,} turn from right to"
        f" wrong ({100 * broken / labelled:.1f} of 100); most labels are on complaints that"
        " somebody doubted."
    ]


def _slice_row(part: SliceScore) -> str:
    if part.candidate is None or part.deployed is None:
        scores = ["too few rows" if part.rows < FEWEST_ROWS else "no label"] * 2
    else:
        cards = (part.candidate, part.deployed)
        scores = [_both(cards, "accuracy"), _both(cards, "macro_f1")]
    return (
        f"| {part.name} | {part.rows:,} | {part.labelled:,} | {part.alike:,} | {scores[0]} |"
        f" {scores[1]} |"
    )


def _both(cards: tuple[ScoreCard, ScoreCard], score: str) -> str:
    return " / ".join(points(getattr(card, score)) for card in cards)
