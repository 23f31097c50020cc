"""Shows in the experiment tracker what each stage of a lane did, from the events of its step.

A hook and not a line in each stage: Dagster calls it in the process of the step, whatever started
the run and however the step ended, and a hook that breaks is an entry in the log, never a red run.
So the stages know nothing of tracking, and failures are told once, where they arrive.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.lane_settings import LaneSettings, decision_repository
from resources.registry.base import Registry, Repository, Version
from resources.tracking.base import Tracker
from sambodhan_assets.assets.dataset_checks import MIN_DATASET_LEN
from sambodhan_assets.assets.tracked_step import Step
from sambodhan_assets.domain.errors import PlatformError
from sambodhan_assets.domain.gate.record_files import read_record
from sambodhan_assets.domain.tracking import preparation, retraining
from sambodhan_assets.domain.tracking.tracked import RunPlace, Tracked, TrackedVersion
from sambodhan_assets.label_tasks import LabelTask, Lane


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Where the descriptions of versions and the decision records are.

    Attributes:
        task: Label task.
        settings: Names of its repositories.
        registry: Published versions.
        artifacts: Decision records.
    """

    task: Lane
    settings: LaneSettings
    registry: Registry
    artifacts: ArtifactStore

    def dataset(self, tag: str) -> Version:
        """A published dataset version."""
        return self.registry.version(self.settings.dataset_repository(self.task), tag)

    def model(self, tag: str) -> Version:
        """A published model version."""
        return self.registry.version(self.settings.model_repository(self.task), tag)


def tracking_hook(
    task: Lane,
    stage: str,
    tell: "Teller | None" = None,
    tell_failure: "FailureTeller | None" = None,
) -> dg.HookDefinition:
    """Tells the tracker about every end of a stage, in the words of label tasks by default."""
    tell, tell_failure = tell or _TELLERS[stage], tell_failure or _failed

    def track(context: dg.HookContext, events: Sequence[dg.DagsterEvent]) -> dg.HookExecutionResult:
        resources: Any = context.resources
        tracker: Tracker = resources.tracker
        if tracker.is_on:
            shelf = Shelf(
                task=task,
                settings=resources.settings,
                registry=resources.registry,
                artifacts=resources.artifacts,
            )
            place = RunPlace(
                project=_project(tracker, task, stage), run_id=context.run_id, job=context.job_name
            )
            step = Step.of(events, context.op_exception)
            try:
                failed = step.failure is not None
                tracker.note(
                    place, tell_failure(task.name, stage, step) if failed else tell(shelf, step)
                )
            except PlatformError as error:
                context.log.warning(f"{stage} is not tracked in {place.project}. {error}")
        return dg.HookExecutionResult(hook_name=f"track_{task.name}_{stage}")

    return dg.HookDefinition(
        name=f"track_{task.name}_{stage}",
        hook_fn=track,
        required_resource_keys={"tracker", "settings", "registry", "artifacts"},
    )


def _project(tracker: Tracker, task: Lane, stage: str) -> str:
    """Label tasks prepare their datasets in one project; any other lane has one for all."""
    if isinstance(task, LabelTask) and stage not in retraining.RETRAINING:
        return tracker.dataset_project
    return tracker.model_projects[task.name]


Teller = Callable[[Shelf, Step], Tracked]
# Name of the lane, stage, and the step that failed.
FailureTeller = Callable[[str, str, Step], Tracked]


def _failed(name: str, stage: str, step: Step) -> Tracked:
    reason = str(step.failure)
    if stage in retraining.RETRAINING:
        return retraining.retraining_failed(name, stage, reason)
    if step.by_database:
        return preparation.database_failed(name, reason)
    return preparation.preparation_failed(name, reason)


def _raw_feedback(shelf: Shelf, step: Step) -> Tracked:
    assert step.made is not None
    return preparation.fetched(shelf.task.name, records=step.made["dagster/row_count"])


def _balanced_dataset(shelf: Shelf, step: Step) -> Tracked:
    if not step.unpassed:
        return Tracked()
    # A leak is worse than too few rows, and both may be found.
    for check, sentence in step.unpassed.items():
        if check != MIN_DATASET_LEN:
            return preparation.preparation_failed(shelf.task.name, f"{check}: {sentence}")
    return preparation.too_few_rows(shelf.task.name, step.unpassed[MIN_DATASET_LEN])


def _dataset_version(shelf: Shelf, step: Step) -> Tracked:
    # An unchanged version that the lane has not finished with is made, not observed.
    said = step.observed if step.made is None else step.made
    if (unchanged := said.get("nothing changed since")) is not None:
        return preparation.unchanged(shelf.task.name, tag=unchanged)
    assert step.made is not None
    version = shelf.dataset(step.made["tag"])
    return preparation.published(shelf.task.name, tracked(version), version.manifest.details)


def tell_training(shelf: Shelf, step: Step) -> Tracked:
    """A candidate was trained."""
    assert step.made is not None
    dataset = shelf.dataset(step.made["dataset version"])
    return retraining.trained(
        tracked(dataset),
        dataset.manifest.details,
        candidate=step.made["candidate"],
        record={
            "family": step.made["family"],
            "training_rows": step.made["training rows"],
            "hyperparameters": step.made["hyperparameters"],
            "outcome": step.made["training"],
        },
    )


def _evaluation(shelf: Shelf, step: Step) -> Tracked:
    assert step.made is not None
    repository: Repository = decision_repository(shelf.task)
    version = shelf.artifacts.version(repository, step.made["decision record"])
    with shelf.artifacts.fetched(version) as folder:
        return retraining.decided(read_record(folder))


def _deployed_tag(shelf: Shelf, step: Step) -> Tracked:
    if step.made is None:
        return Tracked()
    if "brought up again" in step.made:
        name, found = shelf.task.name, step.made["brought up again"]
        return retraining.brought_up_again(name, step.made["deployed"], found)
    model = shelf.model(step.made["deployed"])
    tag = model.manifest.details.get("dataset_tag")
    return retraining.deployed(
        shelf.task.name,
        tracked(model),
        None if tag is None else tracked(shelf.dataset(tag)),
        replaced=step.made["replaced"],
        reason=step.made["why"],
    )


_TELLERS: dict[str, Teller] = {
    "raw_feedback": _raw_feedback,
    "balanced_dataset": _balanced_dataset,
    "dataset_version": _dataset_version,
    "trained_model": tell_training,
    "evaluation": _evaluation,
    "deployed_tag": _deployed_tag,
}


def tracked(version: Version) -> TrackedVersion:
    """A version by its manifest."""
    manifest = version.manifest
    return TrackedVersion(
        kind=version.repository.kind,
        name=version.repository.name,
        tag=version.tag,
        manifest=manifest.to_json(),
        facts={
            "tag": version.tag,
            "content_hash": version.content_hash,
            "created_at": manifest.created_at,
            "parent": manifest.parent or "none",
        },
    )
