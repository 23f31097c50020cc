"""What an evaluation compares, and what it measures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.evaluation.answers import Answering
from sambodhan_assets.domain.evaluation.window_rows import EvaluationMode, WindowRows
from sambodhan_assets.domain.gate.anchor_guard import AnchorScores
from sambodhan_assets.domain.gate.class_guard import ClassChange
from sambodhan_assets.domain.gate.evidence import Evidence
from sambodhan_assets.domain.gate.split_score import SplitScore
from sambodhan_assets.domain.gate.window import GateWindow
from sambodhan_assets.domain.models.classifier import TextClassifier
from sambodhan_assets.domain.models.latency import Latency
from sambodhan_assets.domain.scores import ScoreCard


@dataclass(frozen=True, kw_only=True, eq=False)
class Contest:
    """The models and rows of one evaluation.

    Attributes:
        labels: The task's labels.
        dataset: The version that the candidate was trained on.
        candidate: The model that may be deployed.
        deployed: The model that serves; None before the first deployment and where the label set
            has changed since.
        window_after_id: Complaints with higher ids were answered by the deployed version.
        trained_before: Text keys that the deployed version trained on.
        mode: crossfit or holdout.
        deployed_sample_size: Rows on which the f1_delta rule scores the deployed version. Where
            that runs elsewhere, it is asked at most so many rows of each kind; see asked_rows.py.
        replicates: Draws of the gain's interval.
        seed: Seed of folds, sample and interval.
        on_progress: Receives one line per finished fold.
        sheet: Label id by complaint id: this candidate's sheets of disagreements, and random audits
            filled in since the dataset was prepared. The folds and the rows stay what they were
            without them, so that a sheet decides about the answers that it was drawn from.
        critical_labels: Labels for which a mistake costs most; too few complaints of one hold a
            promotion.
        not_compared: Why the two cannot be compared although something serves, as a sentence; None
            if they can.
    """

    labels: tuple[str, ...]
    dataset: BalancedDataset
    candidate: TextClassifier
    deployed: Answering | None
    window_after_id: int | None
    trained_before: frozenset[str]
    mode: EvaluationMode
    deployed_sample_size: int
    replicates: int
    seed: int
    on_progress: Callable[[str], None]
    sheet: Mapping[int, int] = field(default_factory=dict[int, int])
    critical_labels: tuple[str, ...] = ()
    not_compared: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelCards:
    """Scores of one model.

    Attributes:
        window: On the window's traffic, as the gate estimates it; None where there is none.
        test: On the version's test split, whose near-duplicates are not in training; None if empty.
        latency: Time of single answers; None where there is no text to ask.
    """

    window: ScoreCard | None
    test: SplitScore | None
    latency: Latency | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """What was measured.

    Attributes:
        evidence: What the verdict rests on.
        rows: Window rows that were scored.
        compared: Both models' answers to the rows, the candidate's by a model that did not train on
            the row; None when nothing is deployed or no row is left.
        other_versions: Unflagged window rows left out, because another version answered them.
        drawn_from: Window rows that were to be scored before some were drawn; None where all are.
        candidate: Scores of the candidate.
        deployed: Scores of the deployed version; None when nothing is deployed.
        rival_window: The linear rival on the same rows; None where the candidate is linear.
        majority_window: Always answering the most frequent label; None for an empty window.
        classes: What changes per label; empty where nothing is compared.
        anchor: Both models on the anchor corpus; None where it was not measured.
    """

    evidence: Evidence
    rows: WindowRows
    compared: GateWindow | None
    other_versions: int
    candidate: ModelCards
    deployed: ModelCards | None
    rival_window: ScoreCard | None
    majority_window: ScoreCard | None
    classes: tuple[ClassChange, ...] = ()
    anchor: AnchorScores | None = None
    drawn_from: int | None = None
