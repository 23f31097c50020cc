"""What stands where, per label task: read from registry and artifact store, never from Dagster."""

from dataclasses import dataclass

from resources.artifact_store import ArtifactStore
from resources.lane_settings import LaneSettings, decision_repository
from resources.registry.base import Registry
from sambodhan_assets.label_tasks import LabelTask


@dataclass(frozen=True, kw_only=True)
class TaskStatus:
    """State of one label task; None where something does not exist yet.

    Attributes:
        dataset_version: Tag of the newest dataset version.
        rows: Its rows per split.
        model_version: Tag of the newest published model.
        deployed: Tag that serves.
        verdict: Verdict of the newest decision.
        reason: Why, in one sentence.
        candidate: Tag of the candidate that it was about.
        macro_f1: Macro-F1 of the deployed version on traffic, as measured when it was deployed.
    """

    dataset_version: str | None
    rows: dict[str, int] | None
    model_version: str | None
    deployed: str | None
    verdict: str | None
    reason: str | None
    candidate: str | None
    macro_f1: float | None


def task_status(
    task: LabelTask, settings: LaneSettings, artifacts: ArtifactStore, registry: Registry
) -> TaskStatus:
    """Reads the state of one task."""
    dataset = registry.newest(settings.dataset_repository(task))
    models = settings.model_repository(task)
    model, deployment = registry.newest(models), registry.deployed(models)
    serving = None if deployment is None else registry.version(models, deployment.tag)
    decision = artifacts.newest(decision_repository(task))
    found = decision.manifest.details if decision else {}
    return TaskStatus(
        dataset_version=dataset.tag if dataset else None,
        rows=dataset.manifest.details["rows_by_split"] if dataset else None,
        model_version=model.tag if model else None,
        deployed=deployment.tag if deployment else None,
        verdict=found.get("verdict"),
        reason=found.get("reason"),
        candidate=found.get("candidate_tag"),
        macro_f1=serving.manifest.details["candidate_macro_f1"] if serving else None,
    )
