"""What every stage of a lane shares: the lease, the translation of failures, and metadata."""

import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from resources.scratch import sweep_scratch
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
        sweep_scratch()
        yield


@contextmanager
def work_folder(leases: TaskLeases, lane: Lane) -> Generator[Path]:
    """An empty folder for the files of one stage, below `running_stage`.

    Nothing of it stays: what a killed run leaves goes when the next stage of the lane begins, and
    the lease says that nobody else works in it.
    """
    folder = Path(leases.home) / "work" / lane.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        # A stage that broke off is closed late: the folder may be that of the next run by then.
        if leases.holds(lane.name):
            shutil.rmtree(folder, ignore_errors=True)


def counts_table(counts: Mapping[str, Any], *, heading: str) -> dg.MarkdownMetadataValue:
    """A two-column table for the UI."""
    rows = "\n".join(f"| {name} | {value} |" for name, value in counts.items())
    return dg.MetadataValue.md(f"| {heading} | count |\n|---|---|\n{rows}")


def stage_key(task: Lane, stage: str) -> dg.AssetKey:
    """Key of one stage of a task's lane."""
    return dg.AssetKey([task.name, stage])
