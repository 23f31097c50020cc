"""What a decision tells beside its verdict: the exchange, what the window can show, its parts."""

from dataclasses import dataclass

import numpy as np

from sambodhan_assets.domain.dataset.snapshot import AUDIT, CORRECTION
from sambodhan_assets.domain.evaluation.contest import Contest, Evaluation
from sambodhan_assets.domain.gate.break_even import BreakEven, break_even
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings
from sambodhan_assets.domain.gate.power import Power, measure_power
from sambodhan_assets.domain.gate.scripts import script_of
from sambodhan_assets.domain.gate.slices import SliceScore, score_slices

CORRECTED = "corrections"
ASKED_FOR = "labels asked for (review queue, earlier sheets)"
AUDITED = "random audits"
ON_SHEET = "sheets of this candidate and audits since it was trained"
PRESUMED = "no label: nobody objected"


@dataclass(frozen=True, kw_only=True)
class Findings:
    """None of it decides; all is None or empty where nothing was compared.

    Attributes:
        break_even: What the candidate fixes and breaks.
        power: What the window can show; None under the published rule, which has no bound.
        slices: Scores by script of the text and by the source of the label.
    """

    break_even: BreakEven | None = None
    power: Power | None = None
    slices: tuple[SliceScore, ...] = ()


def find_out(
    contest: Contest, evaluation: Evaluation, policy: PolicySettings, *, sheet_size: int
) -> Findings:
    """Measures what people want to know about a comparison.

    Args:
        contest: What was compared.
        evaluation: What was measured.
        policy: The policy that decides.
        sheet_size: Disagreements on one sheet.
    """
    window = evaluation.compared
    if window is None:
        return Findings()
    n_labels = len(contest.labels)
    scripts = [script_of(text).value for text in evaluation.rows.texts]
    return Findings(
        break_even=break_even(window),
        power=None
        if policy.policy == Policy.F1_DELTA
        else measure_power(window, n_labels, policy, sheet_size=sheet_size, seed=contest.seed),
        slices=(
            *score_slices(window, "script", scripts, n_labels),
            *score_slices(window, "label", label_sources(contest, evaluation), n_labels),
        ),
    )


def label_sources(contest: Contest, evaluation: Evaluation) -> list[str]:
    """Where the label of each window row comes from."""
    table, rows = contest.dataset.window, evaluation.rows
    ids, sources = table["complaint_id"].to_pylist(), table["source"].to_pylist()
    source_of = dict(zip(ids, sources, strict=True))
    source = np.array([source_of[row] for row in rows.complaint_ids.tolist()], dtype=str)
    # Conditions in the order in which they are asked; the first that holds names the row.
    conditions = {
        PRESUMED: ~rows.labelled,
        CORRECTED: source == CORRECTION,
        ASKED_FOR: rows.certain,
        AUDITED: source == AUDIT,
    }
    return np.select(list(conditions.values()), list(conditions), ON_SHEET).tolist()
