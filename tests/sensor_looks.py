"""Looks of the sensor at the corrections, on an instance of Dagster with runs of other people."""

import uuid
from datetime import UTC, datetime

import dagster as dg

from sambodhan_assets.jobs import TASK_TAG
from sambodhan_assets.label_tasks import LabelTask
from tests.lane_world import DEPARTMENT, World


def just_looked() -> str:
    """The cursor of a sensor that has looked closely a moment ago."""
    return datetime.now(UTC).isoformat()


def look(
    world: World,
    instance: dg.DagsterInstance,
    task: LabelTask = DEPARTMENT,
    *,
    cursor: str | None = None,
) -> dg.SensorResult:
    """What the sensor of a task asks for."""
    repository = world.definitions.get_repository_def()
    sensor = repository.get_sensor_def(f"{task.name}_reviewed_feedback")
    with dg.build_sensor_context(
        instance=instance, resources=repository.get_top_level_resources(), cursor=cursor
    ) as context:
        result = sensor(context)
    assert isinstance(result, dg.SensorResult)
    return result


def requests(result: dg.SensorResult) -> list[dg.RunRequest]:
    return list(result.run_requests or [])


def record_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, **tags: str) -> None:
    """A run of the department's task that ended or works."""
    instance.add_run(
        dg.DagsterRun(
            job_name="department_pipeline",
            run_id=str(uuid.uuid4()),
            status=status,
            tags={TASK_TAG: DEPARTMENT.name, **tags},
        )
    )
