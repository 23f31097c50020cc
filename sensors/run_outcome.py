"""Tells people how every run ended, also those of the command line and cancelled ones."""

from collections.abc import Sequence

import dagster as dg

from resources.lane_settings import LaneSettings
from resources.notifier import Notifier
from resources.registry.base import Registry
from sambodhan_assets.domain.run_summary import RunEnd, RunSummary
from sambodhan_assets.label_tasks import EMBEDDING, LabelTask, Lane
from sensors.run_news import UNCHANGED, news_of
from sensors.run_registry import with_registry

# Dagster's own name for the job behind the button "Materialize"; people do not know it.
_BUTTON_JOB = "__ASSET_JOB"
_ENDS = {
    dg.DagsterRunStatus.SUCCESS: RunEnd.SUCCEEDED,
    dg.DagsterRunStatus.CANCELED: RunEnd.CANCELLED,
}
_SENSORS = {
    "run_succeeded": (
        dg.DagsterRunStatus.SUCCESS,
        "Reports what a green run made, skipped and checked.",
    ),
    "run_failed": (
        dg.DagsterRunStatus.FAILURE,
        "Reports why a red run failed; the previous version still serves.",
    ),
    "run_cancelled": (
        dg.DagsterRunStatus.CANCELED,
        "Reports that a run was stopped, and what serves after it.",
    ),
}


def build_run_outcome_sensors(
    tasks: tuple[LabelTask, ...], *, interval_seconds: int
) -> list[dg.SensorDefinition]:
    """One sensor each for green, red and cancelled runs, which look every `interval_seconds`."""
    return [_sensor(tasks, name, interval_seconds) for name in _SENSORS]


def _sensor(tasks: tuple[LabelTask, ...], name: str, interval_seconds: int) -> dg.SensorDefinition:
    status, description = _SENSORS[name]

    # Runs of `dagster job execute` carry no code location; only monitor_all_code_locations lets
    # the sensors see them.
    @dg.run_status_sensor(
        name=name,
        run_status=status,
        description=description,
        minimum_interval_seconds=interval_seconds,
        monitor_all_code_locations=True,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def run_ended(
        context: dg.RunStatusSensorContext,
        notifier: Notifier,
        registry: Registry,
        settings: LaneSettings,
    ) -> None:
        run = context.dagster_run
        summary = summarise(context.instance, run)
        lanes: tuple[Lane, ...] = (*tasks, EMBEDDING)
        notifier.send(with_registry(summary, run, lanes, registry, settings))

    return run_ended


def summarise(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunSummary:
    """What a finished run made, skipped, checked and decided, or why it failed."""
    logs = instance.all_logs(run.run_id)
    events = [record.dagster_event for record in logs if record.dagster_event is not None]
    end = _ENDS.get(run.status, RunEnd.FAILED)
    return RunSummary(
        run_id=run.run_id,
        job="materialization" if run.job_name == _BUTTON_JOB else run.job_name,
        end=end,
        news=news_of(events, rolled_back=run.job_name.startswith("rollback_")),
        # What was interrupted failed too, but that is no reason.
        reasons=_reasons(events) if end == RunEnd.FAILED else (),
        steps=tuple(line for event in events for line in _describe_event(event)),
    )


def _reasons(events: Sequence[dg.DagsterEvent]) -> tuple[str, ...]:
    """Why the steps failed; what ended the run, where no step failed."""
    kinds = dg.DagsterEventType
    failed = [event for event in events if event.event_type == kinds.STEP_FAILURE]
    if failed:
        return tuple(_reason(event) for event in failed)
    return tuple(event.message or "" for event in events if event.event_type == kinds.RUN_FAILURE)


def _reason(event: dg.DagsterEvent) -> str:
    """The description of a known failure; of any other only its kind, for its text may hold data.

    What Dagster raises itself (an interrupt, a lost process) holds none.
    """
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    step = str(event.step_key).replace("__", "/")
    error = data.error.cause or data.error if data.error else None
    kind = error.cls_name if error else "an unknown error"
    return f"{step} ended with {kind}; the run's log in the UI tells more."


def _describe_event(event: dg.DagsterEvent) -> list[str]:
    """One line for an event that people want to read about, none for others."""
    kinds = dg.DagsterEventType
    if event.event_type == kinds.ASSET_MATERIALIZATION and event.asset_key is not None:
        again = event.step_materialization_data.materialization.metadata.get(UNCHANGED)
        if again is not None:
            return [f"{event.asset_key.to_user_string()}: {UNCHANGED} {again.value}"]
        return [f"made {event.asset_key.to_user_string()}"]
    if event.event_type == kinds.ASSET_OBSERVATION:
        seen = event.asset_observation_data.asset_observation
        facts = [f"{name} {value.value}" for name, value in seen.metadata.items()]
        return [f"{seen.asset_key.to_user_string()}: {', '.join(facts)}"]
    if event.event_type == kinds.STEP_SKIPPED and event.step_key is not None:
        return [f"skipped {event.step_key.replace('__', '/')}"]
    if event.event_type == kinds.ASSET_CHECK_EVALUATION:
        found = event.asset_check_evaluation_data
        passed = "passed" if found.passed else "not passed"
        return [f"check {found.check_name} {passed}: {found.description or 'without a reason'}"]
    return []
