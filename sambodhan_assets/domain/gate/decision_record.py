"""The decision record: all that a verdict rests on, as a file that anyone can check later."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.gate.anchor_guard import AnchorScores
from sambodhan_assets.domain.gate.break_even import BreakEven
from sambodhan_assets.domain.gate.class_guard import ClassChange
from sambodhan_assets.domain.gate.estimator import CellCounts, Changes, Estimate
from sambodhan_assets.domain.gate.evidence import F1DeltaScores, GuardResult
from sambodhan_assets.domain.gate.examples import Example
from sambodhan_assets.domain.gate.interval import GainInterval
from sambodhan_assets.domain.gate.policies import PolicySettings
from sambodhan_assets.domain.gate.power import Power
from sambodhan_assets.domain.gate.reuse import Reuse
from sambodhan_assets.domain.gate.slices import SliceScore
from sambodhan_assets.domain.gate.split_score import SplitScore
from sambodhan_assets.domain.gate.verdict import Verdict
from sambodhan_assets.domain.scores import ScoreCard


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Milliseconds within which 50 and 99 of 100 answers came, one text at a time."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """One model of the comparison; what was not measured is None.

    Attributes:
        tag: Version tag.
        content_hash: Hash of the version's files.
        family: "linear" or "transformer".
        window: Scores on the window's traffic by the estimator.
        test_split: Scores on the test split of the dataset version.
        unlike_training: Scores on the rows of that split that resemble nothing in training.
        latency: Speed of its answers.
        training_known: Whether anybody here knows the rows that it was trained on.
    """

    tag: str
    content_hash: str
    family: str
    window: ScoreCard | None = None
    test_split: SplitScore | None = None
    unlike_training: SplitScore | None = None
    latency: Latency | None = None
    training_known: bool = True


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """The dataset version that the candidate was trained on."""

    tag: str
    content_hash: str


@dataclass(frozen=True, kw_only=True)
class WindowFacts:
    """The complaints that the deployed version answered.

    Attributes:
        after_id: The window holds complaints with a higher id; None if it holds all.
        rows: Rows that both models were compared on.
        corrections: Corrections among them.
        unflagged_population: Complaints in the window without a correction, in the database.
        drawn_from: Window rows that these were drawn from, because the deployed version runs
            elsewhere and was asked no more; None if all were to be compared.
    """

    after_id: int | None
    rows: int
    corrections: int
    unflagged_population: int
    drawn_from: int | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The gain of the candidate over the deployed version; see Estimate and GainInterval."""

    gain: float
    worst_gain: float
    best_gain: float
    interval: GainInterval
    counts: CellCounts
    changes: Changes


@dataclass(frozen=True, kw_only=True)
class RivalFacts:
    """The cheap model that is always trained beside a candidate.

    Attributes:
        name: How it is called in sentences.
        window_f1: Its macro-F1 on the window; None if not measured.
        interval: Interval of the candidate's gain over it; None if not measured.
        window: Its scores on the window; None if not measured.
    """

    name: str
    window_f1: float | None
    interval: GainInterval | None
    window: ScoreCard | None = None


@dataclass(frozen=True, kw_only=True)
class DecisionRecord:
    """One decision of the gate. Complaints appear by id and label, never by text.

    Attributes:
        task: Label task.
        labels: The task's labels; the position is the label id.
        created_at: ISO 8601 time in UTC, given by the caller.
        settings: Policy and thresholds.
        verdict: Verdict, reason, failed conditions and what the published rule would have said.
        candidate: The model that was judged.
        deployed: The version that served; None if nothing was deployed.
        dataset: What the candidate was trained on.
        evaluation: "crossfit" (every window row, by fold models) or "holdout".
        window: Size of the window; None if nothing was deployed.
        comparison: None if nothing was deployed or the window is empty.
        rival: None if no rival was trained.
        majority_f1: Macro-F1 of always answering the most frequent label; None if not measured.
        majority: All its scores on the window; None if not measured.
        f1_delta: The scores of the published rule; None if not measured.
        guards: Further conditions, passed or not.
        fixed: Complaints that only the candidate answers rightly.
        broken: Complaints that only the deployed version answers rightly.
        classes: What changes per label.
        anchor: Both models on the anchor corpus; None if not measured.
        break_even: What the candidate fixes and breaks; None where nothing was compared.
        power: What the window can show; None where it was not measured.
        slices: Scores by script and by label source.
        reuse: Earlier decisions on the same rows; None if not counted.
        seeds: Every seed by what it is for.
        library_versions: Installed version by library.
        not_compared: Why nothing was compared although something serves; None if it was.
        sheet: Reference of the sheet of disagreements to label; None if none was written.
    """

    task: str
    labels: tuple[str, ...]
    created_at: str
    settings: PolicySettings
    verdict: Verdict
    candidate: ModelFacts
    deployed: ModelFacts | None
    dataset: DatasetFacts
    evaluation: Literal["crossfit", "holdout"]
    window: WindowFacts | None
    comparison: Comparison | None
    rival: RivalFacts | None = None
    majority_f1: float | None = None
    majority: ScoreCard | None = None
    f1_delta: F1DeltaScores | None = None
    guards: tuple[GuardResult, ...] = ()
    fixed: tuple[Example, ...] = ()
    broken: tuple[Example, ...] = ()
    classes: tuple[ClassChange, ...] = ()
    anchor: AnchorScores | None = None
    break_even: BreakEven | None = None
    power: Power | None = None
    slices: tuple[SliceScore, ...] = ()
    reuse: Reuse | None = None
    seeds: dict[str, int] = field(default_factory=dict[str, int])
    library_versions: dict[str, str] = field(default_factory=dict[str, str])
    sheet: str | None = None
    not_compared: str | None = None

    def __post_init__(self) -> None:
        if not _is_utc(self.created_at):
            raise _unusable(f"created_at is {self.created_at!r}, which is not a time in UTC.")
        if self.deployed is None and self.comparison is not None:
            raise _unusable("it compares with a deployed version but names none.")

    def to_json(self) -> str:
        """The record as JSON text; numbers keep every digit.

        Raises:
            PermanentError: A number is not finite. "Not measured" is None.
        """
        content = _ADAPTER.dump_python(self, mode="json")
        try:
            return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        except ValueError as error:
            raise _unusable(f"a number in it is not finite ({error}).") from error


_ADAPTER = TypeAdapter(DecisionRecord)


def compare(estimate: Estimate, interval: GainInterval) -> Comparison:
    """The part of an estimate that a record keeps beside the two score cards."""
    return Comparison(
        gain=estimate.gain,
        worst_gain=estimate.worst_gain,
        best_gain=estimate.best_gain,
        interval=interval,
        counts=estimate.counts,
        changes=estimate.changes,
    )


def record_from_json(text: str) -> DecisionRecord:
    """Read a record back.

    Raises:
        PermanentError: The text is no decision record; names what is missing or wrong.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole text"
        raise _unusable(f"{place}: {first['msg']}.") from error


def _is_utc(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).utcoffset() == timedelta(0)
    except ValueError:
        return False


def _unusable(found: str) -> PermanentError:
    return PermanentError(
        tried="Reading or writing a decision record",
        found=found,
        todo="Run the evaluation again; do not edit the record.",
    )
