"""Measures what a promotion must not cost: a class, or what was known before."""

from dataclasses import dataclass

import numpy as np

from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.evaluation.answers import known, predict
from sambodhan_assets.domain.evaluation.contest import Contest
from sambodhan_assets.domain.evaluation.text_groups import group_keys
from sambodhan_assets.domain.gate.anchor_guard import AnchorScores, anchor_guard, score_anchor
from sambodhan_assets.domain.gate.class_guard import ClassChange, class_changes, class_guards
from sambodhan_assets.domain.gate.estimator import Estimate
from sambodhan_assets.domain.gate.evidence import GuardResult
from sambodhan_assets.domain.gate.window import GateWindow
from sambodhan_assets.domain.models.training import training_rows


@dataclass(frozen=True, kw_only=True)
class GuardMeasurements:
    """What the guards measured, and what each says.

    Attributes:
        classes: What changes per label.
        anchor: Both models on the anchor corpus; None where there is none to measure on.
        results: The guards in the order in which they are told.
    """

    classes: tuple[ClassChange, ...]
    anchor: AnchorScores | None
    results: tuple[GuardResult, ...]


def measure_guards(contest: Contest, window: GateWindow, estimate: Estimate) -> GuardMeasurements:
    """Judges classes and anchor corpus of a candidate that has a deployed version to beat."""
    classes = class_changes(window, estimate, contest.labels)
    anchor = _anchor_scores(contest)
    return GuardMeasurements(
        classes=classes,
        anchor=anchor,
        results=(
            *class_guards(classes, critical=contest.critical_labels),
            anchor_guard(anchor, configured=contest.dataset.anchor_test.num_rows > 0),
        ),
    )


def _anchor_scores(contest: Contest) -> AnchorScores | None:
    """Both models on the anchor test rows that neither trained on."""
    table = contest.dataset.anchor_test
    learned = contest.trained_before.union(map(text_key, training_rows(contest.dataset)[0]))
    texts: list[str] = table["grievance"].to_pylist()
    new = np.array([text_key(text) not in learned for text in texts], dtype=bool)
    if contest.deployed is None:
        return None
    kept = new & known(contest.deployed, texts)
    if not kept.any():
        return None
    texts = [texts[row] for row in np.flatnonzero(kept).tolist()]
    window = GateWindow(
        candidate=predict(contest.candidate, texts),
        deployed=predict(contest.deployed, texts),
        truth=table["label"].to_numpy()[kept],
        certain=np.ones(len(texts), dtype=bool),
        group=np.unique(np.array(group_keys(texts), dtype=str), return_inverse=True)[1],
        weight=np.ones(len(texts)),
    )
    return score_anchor(
        window,
        len(contest.labels),
        learned=int((~new).sum()),
        replicates=contest.replicates,
        seed=contest.seed,
    )
