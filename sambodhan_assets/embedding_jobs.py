"""Jobs and the schedule of the embedding lane."""

import dagster as dg

from resources.lane_settings import LaneSettings
from resources.registry.base import Registry
from resources.rollback import move_back
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.deployment_events import rolled_back
from sambodhan_assets.assets.stage import holding_lease
from sambodhan_assets.jobs import TASK_TAG, RollbackConfig, lane_job
from sambodhan_assets.label_tasks import EMBEDDING
from sambodhan_assets.lanes import EMBEDDING_STAGES


def build_embedding_jobs() -> list[dg.JobDefinition]:
    """All jobs of the lane."""
    one = (EMBEDDING,)
    return [
        lane_job(
            EMBEDDING.pipeline_job,
            one,
            EMBEDDING_STAGES,
            "From pairs of typos to a deployed model.",
        ),
        lane_job(
            f"decide_{EMBEDDING.name}",
            one,
            EMBEDDING_STAGES[EMBEDDING_STAGES.index("evaluation") :],
            "Decide again about the newest embedding candidate: against what serves by now, or "
            "under another policy.",
        ),
        build_embedding_rollback(),
    ]


def build_embedding_schedule() -> dg.ScheduleDefinition:
    """Runs the lane every Monday at 00:00 UTC; off until somebody turns it on."""
    return dg.ScheduleDefinition(
        name=f"weekly_{EMBEDDING.name}",
        job_name=EMBEDDING.pipeline_job,
        cron_schedule="0 0 * * 1",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )


def build_embedding_rollback() -> dg.JobDefinition:
    """Lets an earlier version of the embedding model serve again."""

    @dg.op(name="roll_back_embedding", description="Moves the pointer of embedding back.")
    def roll_back_op(
        context: dg.OpExecutionContext,
        config: RollbackConfig,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> None:
        with holding_lease(context, leases, EMBEDDING.name):
            deployment = move_back(
                EMBEDDING,
                settings,
                registry,
                to=config.to or None,
                traffic_after_id=0,
                run_id=context.run.run_id,
            )
        context.log_event(rolled_back(EMBEDDING, deployment))

    @dg.job(
        name="rollback_embedding",
        description="Lets an earlier embedding version serve again.",
        tags={TASK_TAG: EMBEDDING.name},
    )
    def rollback() -> None:
        roll_back_op()

    return rollback
