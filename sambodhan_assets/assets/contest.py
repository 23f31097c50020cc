"""Collects what an evaluation needs from registry and artifact store."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from resources.artifact_store import ArtifactStore
from resources.audits.base import AuditStore
from resources.lane_settings import LaneSettings, candidate_repository
from resources.registry.base import Deployment, Registry, Version
from resources.sheets import SheetFolder
from sambodhan_assets.assets.reuse import count_reuse
from sambodhan_assets.assets.sheet_on_hold import SheetDesk
from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.files import read_dataset
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
class Incumbent:
    """What the candidate has to beat.

    Attributes:
        model: Its answers.
        name: How the record names it.
        trained_before: Text keys that it trained on; none where nobody knows. The candidate is then
            judged more strictly: it never profits from rows that only the other may have seen.
    """

    model: TextClassifier
    name: VersionName
    trained_before: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """The versions that meet in an evaluation.

    Attributes:
        contest: Models and rows.
        candidate: Version of the candidate.
        dataset: Version that it was trained on.
        deployment: The pointer as it stood; None if nothing was deployed.
        deployed: The version that it names, if it can be compared.
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
    audits: AuditStore,
    sheets: SheetFolder,
    *,
    run_id: str,
    on_progress: Callable[[str], None],
) -> Entry:
    """Fetches candidate, dataset version, deployed model, and what people labelled since."""
    candidate, model = _candidate_model(task, artifacts, run_id)
    dataset, rows = _dataset_of(candidate, task, settings, registry)
    deployment = registry.deployed(settings.model_repository(task))
    incumbent = _deployed_model(task, settings, registry, deployment)
    compared = deployment if incumbent else None
    name = incumbent and incumbent.name
    desk = _desk(task, settings, candidate, name, audits, sheets, run_id)
    contest = Contest(
        **_terms(task, settings),
        dataset=rows,
        candidate=model,
        deployed=incumbent and incumbent.model,
        window_after_id=compared.traffic_after_id if compared else None,
        trained_before=incumbent.trained_before if incumbent else frozenset(),
        on_progress=on_progress,
        sheet=desk.labels() if desk else {},
    )
    return Entry(
        contest=contest,
        candidate=candidate,
        dataset=dataset,
        deployment=deployment,
        deployed=name,
        reuse=count_reuse(task, artifacts, dataset=dataset, deployment=compared),
        desk=desk,
    )


def version_name(version: Version) -> VersionName:
    """How the record names a version."""
    return VersionName(tag=version.tag, content_hash=version.content_hash)


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


def _desk(
    task: LabelTask,
    settings: LaneSettings,
    candidate: Version,
    deployed: VersionName | None,
    audits: AuditStore,
    sheets: SheetFolder,
    run_id: str,
) -> SheetDesk | None:
    if deployed is None:
        return None
    pair = Pair(
        task=task.name, candidate=candidate.tag, deployed=deployed.tag, mode=settings.evaluation
    )
    return SheetDesk(
        task=task, pair=pair, audits=audits, sheets=sheets, size=settings.sheet_size, run_id=run_id
    )


def _dataset_of(
    model: Version, task: LabelTask, settings: LaneSettings, registry: Registry
) -> tuple[Version, BalancedDataset]:
    """The dataset version that a model was trained on."""
    tag = model.manifest.details["dataset_tag"]
    version = registry.version(settings.dataset_repository(task), tag)
    with registry.fetched(version) as folder:
        return version, read_dataset(folder)


def _deployed_model(
    task: LabelTask, settings: LaneSettings, registry: Registry, deployment: Deployment | None
) -> Incumbent | None:
    """The model that serves.

    A model of another label set cannot be compared: the line starts anew, as if nothing served.
    """
    if deployment is None:
        return None
    version = registry.version(settings.model_repository(task), deployment.tag)
    with registry.fetched(version) as folder:
        model = load_classifier(folder)
    if model.labels != task.labels:
        return None
    _, origin = _dataset_of(version, task, settings, registry)
    assignments = origin.assignments.to_pylist()
    keys = frozenset(row["text_key"] for row in assignments if row["split"] == "train")
    return Incumbent(model=model, name=version_name(version), trained_before=keys)
