"""The composition root: every asset, check, job, sensor, schedule and resource."""

import dagster as dg

from resources.assembly import build_resources
from resources.masking import mask_logs
from resources.profiles import Settings, keep_caches, load_settings
from sambodhan_assets.assets.audit_batch import build_audit_batch
from sambodhan_assets.assets.dataset_export import build_dataset_export
from sambodhan_assets.assets.review_queue import build_review_queue
from sambodhan_assets.embedding_jobs import build_embedding_jobs, build_embedding_schedule
from sambodhan_assets.jobs import build_audit_schedule, build_jobs, build_weekly_schedule
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask
from sambodhan_assets.lanes import (
    build_embedding_lane,
    build_lane,
    build_pairs_table,
    build_source_tables,
)
from sensors.lost_runs import build_lost_runs_sensor
from sensors.reviewed_feedback import build_reviewed_feedback_sensor
from sensors.run_outcome import build_run_outcome_sensors
from sensors.training_pairs import build_training_pairs_sensor
from sensors.unsent_mails import build_unsent_mails_sensor

_EXECUTORS = {
    "in_process": dg.in_process_executor,
    "multiprocess": dg.multiprocess_executor,
}


def build_definitions(tasks: tuple[LabelTask, ...], settings: Settings) -> dg.Definitions:
    """The code location for some label tasks under some settings."""
    mask_logs()
    keep_caches(settings)
    interval = settings.sensor_interval_seconds
    return dg.Definitions(
        assets=[
            *build_source_tables(),
            build_audit_batch(tasks),
            build_dataset_export(tasks),
            *(asset for task in tasks for asset in build_lane(task)),
            *(build_review_queue(task) for task in tasks),
            build_pairs_table(),
            *build_embedding_lane(),
        ],
        jobs=[*build_jobs(tasks), *build_embedding_jobs()],
        schedules=[
            build_audit_schedule(),
            *(build_weekly_schedule(task) for task in tasks),
            build_embedding_schedule(),
        ],
        sensors=[
            *(build_reviewed_feedback_sensor(task, interval_seconds=interval) for task in tasks),
            *build_run_outcome_sensors(tasks, interval_seconds=interval),
            build_lost_runs_sensor(interval_seconds=interval),
            build_unsent_mails_sensor(interval_seconds=interval),
            build_training_pairs_sensor(interval_seconds=interval),
        ],
        resources=build_resources(settings, tasks),
        executor=_EXECUTORS[settings.executor],
    )


defs = build_definitions(LABEL_TASKS, load_settings())
