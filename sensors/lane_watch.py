"""What every sensor that starts a lane asks before it does."""

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.deployment import is_settled
from resources.lane_settings import LaneSettings, decision_repository
from resources.registry.base import Registry, Version
from resources.task_lease import TaskLeases
from sambodhan_assets.jobs import TASK_TAG
from sambodhan_assets.label_tasks import Lane

STATE_TAG = "sambodhan/feedback_state"

_ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
# Not CANCELED: a run that somebody stopped keeps its run key, so that Dagster does not start it
# again until something changes.
_FAILED = [dg.DagsterRunStatus.FAILURE]


def run_at_work(instance: dg.DagsterInstance, leases: TaskLeases, task: Lane) -> str | None:
    """The run that waits to work on a task or does so; None if there is none."""
    active = instance.get_runs(dg.RunsFilter(tags={TASK_TAG: task.name}, statuses=_ACTIVE), limit=1)
    if active:
        return f"Run {active[0].run_id}"
    # Runs of several tasks, and assets that somebody materializes in the UI, carry no tag.
    holder = leases.holder(task.name)
    return holder and f"Another run ({holder})"


def failed_runs(instance: dg.DagsterInstance, task: Lane, state: str) -> int:
    """How many runs of a task failed on a state of its source."""
    tags = {TASK_TAG: task.name, STATE_TAG: state}
    return instance.get_runs_count(dg.RunsFilter(tags=tags, statuses=_FAILED))


def last_decided_dataset(
    task: Lane, settings: LaneSettings, artifacts: ArtifactStore, registry: Registry
) -> Version | None:
    """The dataset version that the newest settled decision was about; None before the first.

    Not the newest version, nor a decision to deploy that has not been carried out: a run that dies
    on the way must be started again.
    """
    decisions, datasets = decision_repository(task), settings.dataset_repository(task)
    deployment = registry.deployed(settings.model_repository(task))
    for tag in reversed(artifacts.tags(decisions)):
        decision = artifacts.version(decisions, tag)
        if is_settled(decision, deployment):
            return registry.version(datasets, decision.manifest.details["dataset_tag"])
    return None
