"""Tells people how every run ended, also those started from the command line."""

from collections.abc import Sequence

import dagster as dg

from resources.notifier import Notifier
from sambodhan_assets.domain.run_summary import RunSummary
from sensors.run_news import news_of

# Dagster's own name for the job behind the button "Materialize"; people do not know it.
_BUTTON_JOB = "__ASSET_JOB"


def build_run_outcome_sensors(*, interval_seconds: int) -> list[dg.SensorDefinition]:
    """One sensor for green runs and one for red ones, which look every `interval_seconds`."""
    # Runs of `dagster job execute` carry no code location; only monitor_all_code_locations lets
    # the sensors see them.

    @dg.run_status_sensor(
        name="run_succeeded",
        run_status=dg.DagsterRunStatus.SUCCESS,
        description="Reports what a green run made, skipped and checked.",
        minimum_interval_seconds=interval_seconds,
        monitor_all_code_locations=True,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def run_succeeded(context: dg.RunStatusSensorContext, notifier: Notifier) -> None:
        notifier.send(summarise(context.instance, context.dagster_run))

    @dg.run_status_sensor(
        name="run_failed",
        run_status=dg.DagsterRunStatus.FAILURE,
        description="Reports why a red run failed; the previous version still serves.",
        minimum_interval_seconds=interval_seconds,
        monitor_all_code_locations=True,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def run_failed(context: dg.RunStatusSensorContext, notifier: Notifier) -> None:
        notifier.send(summarise(context.instance, context.dagster_run))

    return [run_succeeded, run_failed]


def summarise(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunSummary:
    """What a finished run made, skipped, checked and decided, or why it failed."""
    logs = instance.all_logs(run.run_id)
    events = [record.dagster_event for record in logs if record.dagster_event is not None]
    succeeded = run.status == dg.DagsterRunStatus.SUCCESS
    return RunSummary(
        run_id=run.run_id,
        job="materialization" if run.job_name == _BUTTON_JOB else run.job_name,
        succeeded=succeeded,
        news=news_of(events, rolled_back=run.job_name.startswith("rollback_")),
        reasons=() if succeeded else _reasons(events),
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
