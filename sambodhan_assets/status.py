"""What stands where, per lane: read from registry and artifact store, never from Dagster."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resources.artifact_store import ArtifactStore
from resources.assembly import build_lane_settings, open_registry
from resources.deployment import is_settled
from resources.lane_settings import LaneSettings, decision_repository
from resources.profiles import Settings
from resources.registry.base import Registry
from sambodhan_assets.domain.dataset.splits import SPLITS
from sambodhan_assets.domain.embedding.contest import CANDIDATE
from sambodhan_assets.label_tasks import EMBEDDING, LABEL_TASKS, LANES, Lane

HEADINGS = ("task", "dataset", "rows", "deployed", "score", "verdict")
LEGEND = (
    "rows: train/eval/test of the newest dataset version; score: of the deployed version when it "
    "was judged, macro-F1 on complaints, or accuracy@1 on typos of words that training saw/did not "
    "see; verdict: the newest one, whatever serves now."
)


@dataclass(frozen=True, kw_only=True)
class TaskStatus:
    """State of one lane; None where something does not exist yet.

    Attributes:
        pipeline_job: Job that runs the whole lane.
        dataset_version: Tag of the newest dataset version.
        rows: Its rows per split.
        model_version: Tag of the newest published model.
        deployed: Tag that serves.
        deployed_at: Since when, ISO 8601 in UTC.
        rolled_back_from: Tag that a rollback took out of service; None after a deployment.
        verdict: Verdict of the newest decision.
        reason: Why, in one sentence.
        next_step: What to do next; None in decisions that were made before it was told.
        candidate: Tag of the candidate that it was about.
        waiting: That candidate may be deployed, and is not: its run ended too early.
        macro_f1: Macro-F1 of the deployed version on traffic, as measured when it was deployed;
            None for an adopted one, and for the embedding model.
        accuracy_at_1: Of the embedding model that is deployed, on typos of seen and unseen words,
            as measured when it was deployed; None for label tasks.
    """

    pipeline_job: str
    dataset_version: str | None
    rows: dict[str, int] | None
    model_version: str | None
    deployed: str | None
    deployed_at: str | None
    rolled_back_from: str | None
    verdict: str | None
    reason: str | None
    next_step: str | None
    candidate: str | None
    waiting: bool
    macro_f1: float | None
    accuracy_at_1: dict[str, float | None] | None


def all_status(settings: Settings) -> dict[str, TaskStatus]:
    """State of every lane, by its name."""
    lanes, registry = build_lane_settings(settings, LABEL_TASKS), open_registry(settings)
    artifacts = ArtifactStore(url=settings.artifact_url)
    return {lane.name: task_status(lane, lanes, artifacts, registry) for lane in LANES}


def task_status(
    task: Lane, settings: LaneSettings, artifacts: ArtifactStore, registry: Registry
) -> TaskStatus:
    """Reads the state of one lane."""
    dataset = registry.newest(settings.dataset_repository(task))
    models = settings.model_repository(task)
    model, deployment = registry.newest(models), registry.deployed(models)
    serving = None if deployment is None else registry.version(models, deployment.tag)
    decision = artifacts.newest(decision_repository(task))
    found = decision.manifest.details if decision else {}
    rolled_back = deployment is not None and deployment.action == "rollback"
    served = serving.manifest.details if serving else {}
    return TaskStatus(
        pipeline_job=task.pipeline_job,
        dataset_version=dataset.tag if dataset else None,
        rows=dataset.manifest.details["rows_by_split"] if dataset else None,
        model_version=model.tag if model else None,
        deployed=deployment.tag if deployment else None,
        deployed_at=deployment.deployed_at if deployment else None,
        rolled_back_from=deployment.replaced if deployment and rolled_back else None,
        verdict=found.get("verdict"),
        reason=found.get("reason"),
        next_step=found.get("next_step"),
        candidate=found.get("candidate_tag"),
        waiting=decision is not None and not is_settled(decision, deployment),
        macro_f1=served.get("candidate_macro_f1"),
        accuracy_at_1=_accuracy(served) if task == EMBEDDING else None,
    )


def _accuracy(served: Mapping[str, Any]) -> dict[str, float | None] | None:
    """Scores of the embedding model that serves; None if nothing serves or it was not judged."""
    metrics = served.get("eval_metrics")
    if metrics is None:
        return None
    measured = metrics[CANDIDATE]
    return {
        words: measured[words] and measured[words]["accuracy_at_1"] for words in ("seen", "unseen")
    }


def status_lines(states: Mapping[str, TaskStatus]) -> list[str]:
    """A table of all tasks, and below it the reasons as sentences.

    Columns are as wide as their values, so that no tag is ever cut off.
    """
    cells = [HEADINGS, *(_cells(name, state) for name, state in states.items())]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    sentences = [line for name, state in states.items() for line in _sentences(name, state)]
    return [*table, "", *sentences, "", LEGEND]


def _cells(name: str, state: TaskStatus) -> tuple[str, ...]:
    return (
        name,
        state.dataset_version or "none",
        "/".join(str(state.rows[split]) for split in SPLITS) if state.rows else "-",
        state.deployed or "nothing",
        _score(state),
        state.verdict or "none",
    )


def _score(state: TaskStatus) -> str:
    scores = [state.macro_f1] if state.accuracy_at_1 is None else state.accuracy_at_1.values()
    return "/".join("-" if score is None else f"{score:.3f}" for score in scores)


def _sentences(name: str, state: TaskStatus) -> list[str]:
    if state.verdict is None:
        return [f"{name}: nothing was decided yet; the job {state.pipeline_job} does it."]
    lines = [f"{name}: {state.verdict}. {state.reason}"]
    if state.next_step is not None and state.verdict == "HOLD":
        lines.append(f"{name}: what to do next: {state.next_step}")
    if state.waiting:
        lines.append(f"{name}: this candidate is not deployed yet; the job decide_{name} does it.")
    if state.rolled_back_from is not None:
        lines.append(
            f"{name}: rolled back from {state.rolled_back_from}; {state.deployed} serves since "
            f"{state.deployed_at}."
        )
    return lines
