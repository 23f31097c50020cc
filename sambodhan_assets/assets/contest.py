"""Collects what an evaluation needs from registry and artifact store."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from resources.artifact_store import ArtifactStore
from resources.audits.base import AuditStore
from resources.lane_settings import LaneSettings, candidate_repository
from resources.registry.base import Deployment, Registry, Version
from resources.remote_model import RemoteModels
from resources.sheets import SheetFolder
from sambodhan_assets.assets.incumbent import (
    Incumbent,
    dataset_of,
    deployed_elsewhere,
    deployed_here,
)
from sambodhan_assets.assets.reuse import count_reuse
from sambodhan_assets.assets.sheet_on_hold import SheetDesk, kept_originals
from sambodhan_assets.domain.evaluation.contest import Contest
from sambodhan_assets.domain.evaluation.record import VersionName
from sambodhan_assets.domain.gate.reuse import Reuse
from sambodhan_assets.domain.labelling.disagreements import Pair
from sambodhan_assets.domain.models.classifier import TextClassifier, load_classifier
from sambodhan_assets.label_tasks import LabelTask

# Ten thousand draws put the 5 % bound of the gain within about 0.0005 of its limit.
REPLICATES = 10_000
SEED = 42


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """The versions that meet in an evaluation.

    Attributes:
        contest: Models and rows.
        candidate: Version of the candidate.
        dataset: Version that it was trained on.
        deployment: The pointer as it stood; None if nothing was deployed.
        deployed: The version that serves, here or elsewhere; None if there is none to compare.
        reuse: Earlier decisions on the same rows.
        desk: Hands out sheets of this candidate; None if it is compared with nothing.
    """

    contest: Contest
    candidate: Version
    dataset: Version
    deployment: Deployment | None
    deployed: VersionName | None
    reuse: Reuse
    desk: SheetDesk | None


def enter_contest(
    task: LabelTask,
    settings: LaneSettings,
    artifacts: ArtifactStore,
    registry: Registry,
    remote: RemoteModels,
    audits: AuditStore,
    sheets: SheetFolder,
    *,
    run_id: str,
    on_progress: Callable[[str], None],
) -> Entry:
    """Fetches candidate, dataset version, deployed model, and what people labelled since."""
    candidate, model = _candidate_model(task, artifacts, run_id)
    dataset, rows = dataset_of(candidate, task, settings, registry)
    deployment = registry.deployed(settings.model_repository(task))
    incumbent = (
        deployed_here(task, settings, registry, deployment)
        if deployment
        else deployed_elsewhere(task, settings, remote, rows, seed=SEED, on_progress=on_progress)
    )
    desk = _desk(task, settings, candidate, incumbent, artifacts, audits, sheets, run_id)
    contest = Contest(
        **_terms(task, settings),
        **_terms_of(incumbent, deployment),
        dataset=rows,
        candidate=model,
        on_progress=on_progress,
        sheet=desk.labels() if desk else {},
    )
    return Entry(
        contest=contest,
        candidate=candidate,
        dataset=dataset,
        deployment=deployment,
        deployed=incumbent and incumbent.name,
        reuse=count_reuse(task, artifacts, dataset=dataset, move=_move(deployment, incumbent)),
        desk=desk,
    )


def _candidate_model(
    task: LabelTask, artifacts: ArtifactStore, run_id: str
) -> tuple[Version, TextClassifier]:
    candidate = artifacts.written_by(
        candidate_repository(task), run_id=run_id, todo=f"Run the job retrain_{task.name} first."
    )
    with artifacts.fetched(candidate) as folder:
        return candidate, load_classifier(folder, labels=task.labels)


def _terms(task: LabelTask, settings: LaneSettings) -> dict[str, Any]:
    """What of a contest does not depend on the versions that meet."""
    return {
        "labels": task.labels,
        "critical_labels": task.critical_labels,
        "mode": settings.evaluation,
        "deployed_sample_size": settings.deployed_sample_size,
        "replicates": REPLICATES,
        "seed": SEED,
    }


def _terms_of(incumbent: Incumbent | None, deployment: Deployment | None) -> dict[str, Any]:
    """What of a contest the deployed version brings."""
    if incumbent is None:
        return {"deployed": None, "trained_before": frozenset(), "window_after_id": None}
    return {
        "deployed": incumbent.model,
        "trained_before": incumbent.trained_before,
        "not_compared": incumbent.not_compared,
        "window_after_id": deployment and deployment.traffic_after_id,
    }


def _move(deployment: Deployment | None, incumbent: Incumbent | None) -> int | None:
    """The move of the pointer since which the compared version serves; 0 for one elsewhere."""
    if incumbent is None:
        return None
    return 0 if deployment is None else deployment.sequence


def _desk(
    task: LabelTask,
    settings: LaneSettings,
    candidate: Version,
    deployed: Incumbent | None,
    artifacts: ArtifactStore,
    audits: AuditStore,
    sheets: SheetFolder,
    run_id: str,
) -> SheetDesk | None:
    if deployed is None:
        return None
    pair = Pair(
        task=task.name,
        candidate=candidate.tag,
        deployed=deployed.identity,
        mode=settings.evaluation,
    )
    return SheetDesk(
        task=task,
        pair=pair,
        audits=audits,
        sheets=sheets,
        size=settings.sheet_size,
        run_id=run_id,
        originals=partial(kept_originals, task, artifacts),
    )
