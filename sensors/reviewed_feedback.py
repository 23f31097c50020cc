"""Starts a task's pipeline when enough corrections were reviewed since its last decision."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.feedback_store import FeedbackStore
from resources.lane_settings import LaneSettings
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
from sambodhan_assets.jobs import pipeline_name
from sambodhan_assets.label_tasks import LabelTask
from sensors.lane_watch import STATE_TAG, failed_runs, last_decided_dataset, run_at_work

# The cheap count sees neither withdrawn reviews nor those that were loaded with an old time.
LOOK_CLOSELY_EVERY = timedelta(hours=1)


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
    if at_work := run_at_work(context.instance, leases, task):
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
    failed = failed_runs(context.instance, task, state)
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
