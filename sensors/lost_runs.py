"""Ends runs whose process is gone: a kill or a power cut leaves them started for ever.

Dagster itself would end them after a day. Until then they keep a place in the queue, the sensors
wait for them, and nobody is told.
"""

import dagster as dg

from resources.task_lease import TaskLeases


def build_lost_runs_sensor(*, interval_seconds: int) -> dg.SensorDefinition:
    """The sensor of all tasks, which looks every `interval_seconds`."""

    @dg.sensor(
        name="lost_runs",
        minimum_interval_seconds=interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Marks runs as failed whose process died without a word.",
    )
    def lost_runs(context: dg.SensorEvaluationContext, leases: TaskLeases) -> dg.SkipReason:
        ended: list[str] = []
        for run_id in leases.lost_runs():
            run = context.instance.get_run_by_id(run_id)
            if run is not None and not run.is_finished:
                context.instance.report_run_failed(
                    run, "The process of the run is gone: killed, out of memory, or a power cut."
                )
                ended.append(run_id)
            leases.forget(run_id)
        return dg.SkipReason(f"Ended {', '.join(ended)}." if ended else "Every run is alive.")

    return lost_runs
