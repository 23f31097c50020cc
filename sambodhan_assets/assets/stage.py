"""What every stage of a lane shares: the lease, the translation of failures, and metadata."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from resources.task_lease import TaskLeases
from sambodhan_assets.domain.errors import PlatformError, TransientError
from sambodhan_assets.label_tasks import LabelTask

OWNERS = ["team:feedback-platform"]


@contextmanager
def running_stage(
    context: dg.AssetExecutionContext, leases: TaskLeases, task: LabelTask
) -> Generator[None]:
    """Holds the task's lease and shows failures as what was tried, found, and to be done."""
    with holding_lease(context, leases, task.name):
        yield


@contextmanager
def holding_lease(
    context: dg.AssetExecutionContext, leases: TaskLeases, name: str
) -> Generator[None]:
    """The same under any lease, for what belongs to no task."""
    try:
        leases.hold(name, run_id=context.run.run_id)
        yield
    except PlatformError as error:
        raise failure(error) from error


def failure(error: PlatformError) -> dg.Failure:
    """The red outcome of a run. Only transient errors may be retried by a policy."""
    return dg.Failure(
        description=str(error),
        metadata={"tried": error.tried, "found": error.found, "what to do": error.todo},
        allow_retries=isinstance(error, TransientError),
    )


def counts_table(counts: Mapping[str, Any], *, heading: str) -> dg.MarkdownMetadataValue:
    """A two-column table for the UI."""
    rows = "\n".join(f"| {name} | {value} |" for name, value in counts.items())
    return dg.MetadataValue.md(f"| {heading} | count |\n|---|---|\n{rows}")


def stage_key(task: LabelTask, stage: str) -> dg.AssetKey:
    """Key of one stage of a task's lane."""
    return dg.AssetKey([task.name, stage])
