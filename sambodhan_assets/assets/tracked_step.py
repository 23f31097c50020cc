"""What the events of one step of a run say, for the experiment tracker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import dagster as dg

from resources.postgres.failures import DatabaseOutage, DatabaseRefusal


@dataclass(frozen=True, kw_only=True)
class Step:
    """What the events of one step say.

    Attributes:
        made: Metadata of what it materialized; None if it made nothing.
        observed: Metadata of what it observed.
        unpassed: Description of each blocking check that did not pass.
        failure: Why it failed, as a sentence; None if it did not.
        by_database: Whether the database was the reason.
    """

    made: Mapping[str, Any] | None = None
    observed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    unpassed: Mapping[str, str] = field(default_factory=dict[str, str])
    failure: str | None = None
    by_database: bool = False

    @classmethod
    def of(cls, events: Sequence[dg.DagsterEvent], error: BaseException | None) -> Self:
        """Reads the events of one step, and what it raised."""
        kinds = dg.DagsterEventType
        found: dict[str, Any] = {}
        unpassed: dict[str, str] = {}
        for event in events:
            if event.event_type == kinds.ASSET_MATERIALIZATION:
                found["made"] = _plain(event.step_materialization_data.materialization.metadata)
            elif event.event_type == kinds.ASSET_OBSERVATION:
                found["observed"] = _plain(event.asset_observation_data.asset_observation.metadata)
            elif event.event_type == kinds.ASSET_CHECK_EVALUATION:
                check = event.asset_check_evaluation_data
                if check.blocking and not check.passed:
                    unpassed[check.check_name] = check.description or check.check_name
            elif event.event_type == kinds.STEP_FAILURE:
                found["failure"] = _failure(event)
        # The stage says it in other words; what it heard stands behind them.
        heard = None if error is None else error.__context__
        by_database = isinstance(heard, DatabaseRefusal | DatabaseOutage)
        return cls(unpassed=unpassed, by_database=by_database, **found)


def _plain(metadata: Mapping[str, dg.MetadataValue]) -> dict[str, Any]:
    return {name: value.value for name, value in metadata.items()}


def _failure(event: dg.DagsterEvent) -> str:
    """The words of a known failure; of any other only its kind, for its text may hold data."""
    data = event.step_failure_data
    known = data.user_failure_data
    if known is not None and known.description is not None:
        return known.description
    kind = data.error.cls_name if data.error else None
    return f"{kind or 'An unknown error'}; the run's log tells more."
