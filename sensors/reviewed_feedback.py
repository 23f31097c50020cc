"""Starts a task's pipeline when enough corrections were reviewed since its last decision."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.deployment import is_settled
from resources.feedback_store import FeedbackStore
from resources.lane_settings import LaneSettings, decision_repository
from resources.registry.base import Registry, Version
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.failures import explained_failures
from sambodhan_assets.assets.raw_feedback import SamplingConfig
from sambodhan_assets.domain.dataset.files import read_dataset
from sambodhan_assets.domain.dataset.snapshot import CORRECTION
from sambodhan_assets.domain.feedback_watch import (
    WatchDecision,
    compare_corrections,
    decide_start,
    fingerprint,
)
from sambodhan_assets.jobs import TASK_TAG, pipeline_name
from sambodhan_assets.label_tasks import LabelTask

STATE_TAG = "sambodhan/feedback_state"
# The cheap count sees neither withdrawn reviews nor those that were loaded with an old time.
LOOK_CLOSELY_EVERY = timedelta(hours=1)

_ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
# Not CANCELED: a run that somebody stopped keeps its run key, so that Dagster does not start it
# again until a correction changes.
_FAILED = [dg.DagsterRunStatus.FAILURE]


def build_reviewed_feedback_sensor(
    task: LabelTask, *, interval_seconds: int
) -> dg.SensorDefinition:
    """The sensor of one task, which looks every `interval_seconds`."""

    @dg.sensor(
        name=f"{task.name}_reviewed_feedback",
        job_name=pipeline_name(task),
        minimum_interval_seconds=interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Watches reviewed corrections of {task.name}.",
    )
    def reviewed_feedback(
        context: dg.SensorEvaluationContext,
        feedback: FeedbackStore,
        artifacts: ArtifactStore,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> dg.SensorResult:
        # Dagster stores why a look failed, as it does of runs.
        with explained_failures(leases.home, f"sensor-{task.name}.txt"):
            return _look(context, task, feedback, artifacts, registry, settings, leases)

    return reviewed_feedback


def _look(
    context: dg.SensorEvaluationContext,
    task: LabelTask,
    feedback: FeedbackStore,
    artifacts: ArtifactStore,
    registry: Registry,
    settings: LaneSettings,
    leases: TaskLeases,
) -> dg.SensorResult:
    """Whether a run is worth its while now."""
    if at_work := _run_at_work(context.instance, leases, task):
        return dg.SensorResult(skip_reason=f"{at_work} works on {task.name}.")
    decided = last_decided_dataset(task, settings, artifacts, registry)
    poll = feedback.reviewed_since(_watermark(decided), tasks=[task])
    recent, now = poll.counts[task.name], datetime.now(UTC)
    if recent < settings.min_new_records and not _is_due(context.cursor, now):
        needed = settings.min_new_records
        return dg.SensorResult(skip_reason=f"{recent} new corrections, {needed} start a run.")
    state, decision = _compare(context, task, feedback, settings, registry, decided)
    if decision.run_key is None:
        return dg.SensorResult(skip_reason=decision.reason, cursor=now.isoformat())
    context.log.info(decision.reason)
    request = dg.RunRequest(run_key=decision.run_key, tags={STATE_TAG: state})
    return dg.SensorResult(run_requests=[request], cursor=now.isoformat())


def last_decided_dataset(
    task: LabelTask, settings: LaneSettings, artifacts: ArtifactStore, registry: Registry
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


def _run_at_work(instance: dg.DagsterInstance, leases: TaskLeases, task: LabelTask) -> str | None:
    """The run that waits to work on a task or does so; None if there is none."""
    active = instance.get_runs(dg.RunsFilter(tags={TASK_TAG: task.name}, statuses=_ACTIVE), limit=1)
    if active:
        return f"Run {active[0].run_id}"
    # Runs of several tasks, and assets that somebody materializes in the UI, carry no tag.
    holder = leases.holder(task.name)
    return holder and f"Another run ({holder})"


def _is_due(cursor: str | None, now: datetime) -> bool:
    """Whether the last close look, whose time is the cursor, is long ago."""
    return cursor is None or now - datetime.fromisoformat(cursor) >= LOOK_CLOSELY_EVERY


def _watermark(decided: Version | None) -> datetime | None:
    newest = None if decided is None else decided.manifest.details["newest_reviewed_at"]
    return None if newest is None else datetime.fromisoformat(newest)


def _compare(
    context: dg.SensorEvaluationContext,
    task: LabelTask,
    feedback: FeedbackStore,
    settings: LaneSettings,
    registry: Registry,
    decided: Version | None,
) -> tuple[str, WatchDecision]:
    """The exact comparison, made when the cheap count may start a run, else once in a while."""
    current = _labels(feedback.corrections(task).to_pylist())
    known: dict[int, str] = {}
    if decided is not None:
        with registry.fetched(decided) as folder:
            lineage = read_dataset(folder).lineage.to_pylist()
        known = _labels([row for row in lineage if row["source"] == CORRECTION])
    state = fingerprint(current)
    failed = context.instance.get_runs_count(
        dg.RunsFilter(tags={TASK_TAG: task.name, STATE_TAG: state}, statuses=_FAILED)
    )
    ratio = SamplingConfig().correct_ratio
    return state, decide_start(
        task_name=task.name,
        changes=compare_corrections(current, known),
        state=state,
        min_new_records=settings.min_new_records,
        expected_rows=int(len(current) * (1 + ratio)),
        min_dataset_len=settings.min_dataset_len,
        failed_attempts=failed,
    )


def _labels(rows: list[dict[str, object]]) -> dict[int, str]:
    return {int(str(row["review_id"])): str(row["label"]) for row in rows}
