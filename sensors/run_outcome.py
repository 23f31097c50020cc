"""Tells people how every run ended, also those started from the command line."""

import dagster as dg

from resources.notifier import Notifier, RunOutcome


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
        notifier.send(describe_success(context.instance, context.dagster_run))

    @dg.run_status_sensor(
        name="run_failed",
        run_status=dg.DagsterRunStatus.FAILURE,
        description="Reports why a red run failed; the previous version still serves.",
        minimum_interval_seconds=interval_seconds,
        monitor_all_code_locations=True,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def run_failed(context: dg.RunStatusSensorContext, notifier: Notifier) -> None:
        notifier.send(describe_failure(context.instance, context.dagster_run))

    return [run_succeeded, run_failed]


def describe_success(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunOutcome:
    """What a green run made, skipped and checked, from its event log."""
    events = [record.dagster_event for record in instance.all_logs(run.run_id)]
    told = [line for event in events if event is not None for line in _describe_event(event)]
    lines = tuple(told) or ("made nothing",)
    return RunOutcome(run_id=run.run_id, job=run.job_name, succeeded=True, lines=lines)


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


def describe_failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunOutcome:
    """Why a red run failed, from its event log; what ended it, where no step failed."""
    failures = [
        record.dagster_event.step_failure_data
        for record in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        if record.dagster_event is not None
    ]
    reasons = [
        data.user_failure_data.description or data.error_display_string
        if data.user_failure_data
        else data.error_display_string
        for data in failures
    ]
    if not reasons:
        ends = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        reasons = [end.dagster_event.message or "" for end in ends if end.dagster_event]
    lines = (*reasons, "The previous version still serves.")
    return RunOutcome(run_id=run.run_id, job=run.job_name, succeeded=False, lines=lines)
