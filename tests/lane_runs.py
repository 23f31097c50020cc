"""Runs of Dagster jobs in this process, and what a test reads of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from tests.lane_world import World


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        run_id: The run.
        success: False for a red run.
        made: Keys of the materialized assets, in order.
        skipped: Keys of the skipped steps.
        checks: Evaluated checks by name.
        observations: Observations by asset key.
        failure: Description and metadata of the failed step; None in a green run.
        events: The whole event log as Dagster stores it.
    """

    run_id: str
    success: bool
    made: list[str]
    skipped: list[str]
    checks: dict[str, dg.AssetCheckEvaluation]
    observations: dict[str, dg.AssetObservation]
    failure: dg.Failure | None
    events: str

    def amber(self, check: str) -> bool:
        """Whether a check failed without turning the run red."""
        found = self.checks[check]
        return not found.passed and found.severity == dg.AssetCheckSeverity.WARN


def run_job(
    definitions: dg.Definitions,
    name: str,
    instance: dg.DagsterInstance,
    run_config: Mapping[str, Any] | None = None,
    selection: Sequence[dg.AssetKey] | None = None,
) -> Outcome:
    """Runs a job, or some of its assets, in this process."""
    job = definitions.resolve_job_def(name)
    result = job.execute_in_process(
        instance=instance,
        run_config=run_config,
        asset_selection=selection,
        raise_on_error=False,
    )
    return outcome_of(instance, result.run_id)


def run(
    world: World,
    name: str = "department_pipeline",
    *,
    only: Sequence[str] = (),
    run_config: Mapping[str, Any] | None = None,
) -> Outcome:
    """Runs a job on an instance of its own; `only` selects some of its assets, as the UI can."""
    selection = [dg.AssetKey(key.split("/")) for key in only] or None
    with dg.DagsterInstance.ephemeral() as instance:
        return run_job(world.definitions, name, instance, run_config, selection)


def outcome_of(instance: dg.DagsterInstance, run_id: str) -> Outcome:
    """Reads a finished run."""
    logs = instance.all_logs(run_id)
    events = [record.dagster_event for record in logs if record.dagster_event is not None]

    def of(kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
        return [event for event in events if event.event_type == kind]

    checks = [e.asset_check_evaluation_data for e in of(dg.DagsterEventType.ASSET_CHECK_EVALUATION)]
    seen = [e.asset_observation_data for e in of(dg.DagsterEventType.ASSET_OBSERVATION)]
    failures = [event.step_failure_data for event in of(dg.DagsterEventType.STEP_FAILURE)]
    found = failures[0].user_failure_data if failures else None
    run_record = instance.get_run_by_id(run_id)
    assert run_record is not None
    return Outcome(
        run_id=run_id,
        success=run_record.status == dg.DagsterRunStatus.SUCCESS,
        made=[
            event.asset_key.to_user_string()
            for event in of(dg.DagsterEventType.ASSET_MATERIALIZATION)
            if event.asset_key is not None
        ],
        skipped=[str(event.step_key) for event in of(dg.DagsterEventType.STEP_SKIPPED)],
        checks={found.check_name: found for found in checks},
        observations={
            data.asset_observation.asset_key.to_user_string(): data.asset_observation
            for data in seen
        },
        failure=None if found is None else dg.Failure(found.description, found.metadata),
        events="\n".join(record.to_json() for record in logs),
    )


def words_of_failure(outcome: Outcome) -> str:
    """What a red run says."""
    assert not outcome.success
    assert outcome.failure is not None
    return str(outcome.failure.description)
