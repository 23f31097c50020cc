"""Jobs and schedules: which stages run together."""

import dagster as dg
from pydantic import Field

from resources.feedback_store import FeedbackStore
from resources.lane_settings import LaneSettings
from resources.registry.base import Registry
from resources.rollback import newest_if_known, roll_back
from resources.spaces import Spaces
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.audit_batch import AUDIT_BATCH
from sambodhan_assets.assets.dataset_export import DATASET_EXPORT
from sambodhan_assets.assets.deployment_events import rolled_back
from sambodhan_assets.assets.review_queue import REVIEW_QUEUE
from sambodhan_assets.assets.stage import holding_lease, stage_key
from sambodhan_assets.label_tasks import LabelTask, Lane
from sambodhan_assets.lanes import STAGES

# Marks the runs of one task, so that the sensor sees whether one is under way.
TASK_TAG = "sambodhan/task"
AUDIT_JOB = "draw_audit_batch"
EXPORT_JOB = "export_dataset"

_PREPARING = STAGES[: STAGES.index("dataset_version") + 1]
_RETRAINING = STAGES[STAGES.index("trained_model") :]
_DECIDING = STAGES[STAGES.index("evaluation") :]


def pipeline_name(task: LabelTask) -> str:
    """Name of the job that runs a task's whole lane."""
    return f"{task.name}_pipeline"


def build_jobs(tasks: tuple[LabelTask, ...]) -> list[dg.JobDefinition]:
    """All jobs of all tasks."""
    shared = lane_job("prepare_datasets", tasks, _PREPARING, "New dataset versions of all tasks.")
    return [
        shared,
        build_audit_job(),
        build_export_job(),
        *(job for task in tasks for job in build_task_jobs(task)),
    ]


def build_task_jobs(task: LabelTask) -> list[dg.JobDefinition]:
    """The jobs of one task."""
    one = (task,)
    return [
        lane_job(f"prepare_{task.name}", one, _PREPARING, "A new dataset version."),
        lane_job(
            f"retrain_{task.name}",
            one,
            _RETRAINING,
            "Train on the newest dataset version, decide, and deploy what is better.",
        ),
        lane_job(
            f"decide_{task.name}", one, _DECIDING, "Decide again about the candidate on hold."
        ),
        lane_job(pipeline_name(task), one, STAGES, "From corrections to a deployed version."),
        build_review_queue_job(task),
        build_rollback_job(task),
    ]


def build_weekly_schedule(task: LabelTask) -> dg.ScheduleDefinition:
    """Runs a task's lane every Monday at 02:00 UTC; off until somebody turns it on."""
    return dg.ScheduleDefinition(
        name=f"weekly_{task.name}",
        job_name=pipeline_name(task),
        cron_schedule="0 2 * * 1",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )


def build_audit_job() -> dg.JobDefinition:
    """Draws a batch of complaints for people to label."""
    return dg.define_asset_job(  # pyright: ignore[reportReturnType]
        AUDIT_JOB,
        selection=dg.AssetSelection.assets(AUDIT_BATCH),
        description="A sheet of randomly drawn complaints for people to label.",
    )


def build_export_job() -> dg.JobDefinition:
    """Exports the newest dataset versions."""
    return dg.define_asset_job(  # pyright: ignore[reportReturnType]
        EXPORT_JOB,
        selection=dg.AssetSelection.assets(DATASET_EXPORT),
        description="The newest dataset versions as files for people and programs outside.",
    )


def build_review_queue_job(task: LabelTask) -> dg.JobDefinition:
    """Chooses complaints for people to label; no schedule runs it."""
    return dg.define_asset_job(  # pyright: ignore[reportReturnType]
        f"draw_{REVIEW_QUEUE}_{task.name}",
        selection=dg.AssetSelection.assets(stage_key(task, REVIEW_QUEUE)),
        description=f"A sheet of the complaints whose {task.name} the model is least sure of.",
    )


def build_audit_schedule() -> dg.ScheduleDefinition:
    """Draws a batch every Monday at 01:00 UTC; off until somebody turns it on."""
    return dg.ScheduleDefinition(
        name=f"weekly_{AUDIT_BATCH}",
        job_name=AUDIT_JOB,
        cron_schedule="0 1 * * 1",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )


class RollbackConfig(dg.Config):
    """Where to go back to."""

    to: str = Field(
        default="", description="Tag to serve again; empty: the version that was replaced."
    )


def build_rollback_job(task: LabelTask) -> dg.JobDefinition:
    """Lets an earlier version of a task's model serve again."""

    @dg.op(name=f"roll_back_{task.name}", description=f"Moves the pointer of {task.name} back.")
    def roll_back_op(
        context: dg.OpExecutionContext,
        config: RollbackConfig,
        registry: Registry,
        feedback: FeedbackStore,
        settings: LaneSettings,
        leases: TaskLeases,
        spaces: Spaces,
    ) -> None:
        with holding_lease(context, leases, task.name):
            deployment = roll_back(
                task,
                settings,
                registry,
                spaces,
                to=config.to or None,
                traffic_after_id=newest_if_known(feedback, context.log.warning),
                run_id=context.run.run_id,
            )
        context.log_event(rolled_back(task, deployment))

    @dg.job(
        name=f"rollback_{task.name}",
        description=f"Lets an earlier {task.name} version serve again.",
        tags={TASK_TAG: task.name},
    )
    def rollback() -> None:
        roll_back_op()

    return rollback


def lane_job(
    name: str, tasks: tuple[Lane, ...], stages: tuple[str, ...], description: str
) -> dg.JobDefinition:
    """Some stages of some lanes; runs of one lane carry its name."""
    keys = [stage_key(task, stage) for task in tasks for stage in stages]
    tags = {TASK_TAG: tasks[0].name} if len(tasks) == 1 else {}
    return dg.define_asset_job(  # pyright: ignore[reportReturnType]
        name, selection=dg.AssetSelection.assets(*keys), description=description, tags=tags
    )
