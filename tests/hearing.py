"""Lets the sensors of a code location hear of a run, as a daemon would."""

import dagster as dg

_SENSORS = {
    dg.DagsterRunStatus.SUCCESS: ("run_succeeded", dg.DagsterEventType.RUN_SUCCESS),
    dg.DagsterRunStatus.FAILURE: ("run_failed", dg.DagsterEventType.RUN_FAILURE),
    dg.DagsterRunStatus.CANCELED: ("run_cancelled", dg.DagsterEventType.RUN_CANCELED),
}


def let_sensors_hear(
    definitions: dg.Definitions, instance: dg.DagsterInstance, run_id: str
) -> None:
    """Tells them of a run that has ended; twice, as a daemon that restarts may."""
    repository = definitions.get_repository_def()
    run = instance.get_run_by_id(run_id)
    assert run is not None
    name, kind = _SENSORS[run.status]
    (event,) = instance.all_logs(run_id, of_type=kind)
    assert event.dagster_event is not None
    for _ in range(2):
        with dg.build_run_status_sensor_context(
            sensor_name=name,
            dagster_instance=instance,
            dagster_run=run,
            dagster_event=event.dagster_event,
            resources=repository.get_top_level_resources(),
        ) as context:
            repository.get_sensor_def(name)(context)
