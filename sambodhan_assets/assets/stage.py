"""What every stage of a lane shares: the lease, the translation of failures, and metadata."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from resources.task_lease import TaskLeases
from sambodhan_assets.assets.failures import explained_failures
from sambodhan_assets.label_tasks import Lane

OWNERS = ["team:feedback-platform"]


@contextmanager
def running_stage(
    context: dg.AssetExecutionContext, leases: TaskLeases, task: Lane
) -> Generator[None]:
    """Holds the task's lease and shows failures as what was tried, found, and to be done."""
    with holding_lease(context, leases, task.name):
        yield


@contextmanager
def holding_lease(
    context: dg.AssetExecutionContext | dg.OpExecutionContext, leases: TaskLeases, name: str
) -> Generator[None]:
    """The same under any lease, for what belongs to no task."""
    run_id = context.run.run_id
    with explained_failures(leases.home, f"{run_id}-{name}.txt"):
        leases.hold(name, run_id=run_id)
        yield


def counts_table(counts: Mapping[str, Any], *, heading: str) -> dg.MarkdownMetadataValue:
    """A two-column table for the UI."""
    rows = "\n".join(f"| {name} | {value} |" for name, value in counts.items())
    return dg.MetadataValue.md(f"| {heading} | count |\n|---|---|\n{rows}")


def stage_key(task: Lane, stage: str) -> dg.AssetKey:
    """Key of one stage of a task's lane."""
    return dg.AssetKey([task.name, stage])
