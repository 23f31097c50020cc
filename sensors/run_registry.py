"""What the registry adds to the summary of a run: what serves now, and the pages of versions."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

import dagster as dg

from resources.lane_settings import LaneSettings
from resources.registry.base import Deployment, Registry
from sambodhan_assets.domain.errors import PlatformError
from sambodhan_assets.domain.run_summary import RunEnd, RunSummary, Serving
from sambodhan_assets.jobs import TASK_TAG
from sambodhan_assets.label_tasks import LabelTask, Lane

log = logging.getLogger(__name__)


def with_registry(
    summary: RunSummary,
    run: dg.DagsterRun,
    tasks: Sequence[Lane],
    registry: Registry,
    settings: LaneSettings,
) -> RunSummary:
    """Adds what serves and the pages of versions.

    A registry that gives no answer leaves the summary as it is: the mail about a run goes out also
    when the reason of its failure is that very registry.
    """
    concerned = _concerned(summary, run, tasks)
    try:
        unsure = summary.end != RunEnd.SUCCEEDED
        serving = tuple(
            _serving(task, run, registry, settings, unsure=unsure) for task in concerned
        )
        pages = tuple(_pages(summary, concerned, registry, settings))
    except PlatformError as error:
        log.warning("The summary of run %s tells less: %s", run.run_id, error)
        return summary
    return replace(summary, serving=serving, links=(*summary.links, *pages))


def _concerned(summary: RunSummary, run: dg.DagsterRun, tasks: Sequence[Lane]) -> list[Lane]:
    """The tasks of a run: those that it tells of; of one that broke off, all that it may touch."""
    named = {news.task for news in summary.news} | {run.tags.get(TASK_TAG)}
    found = [task for task in tasks if task.name in named]
    return found if found or summary.end == RunEnd.SUCCEEDED else list(tasks)


def _serving(
    task: Lane, run: dg.DagsterRun, registry: Registry, settings: LaneSettings, *, unsure: bool
) -> Serving:
    repository = settings.model_repository(task)
    deployment = registry.deployed(repository)
    if deployment is None:
        return Serving(task=task.name, tag=None)
    moved = deployment.run_id == run.run_id
    before = _served_before(run, registry.deployments(repository)) if moved else None
    return Serving(
        task=task.name,
        tag=deployment.tag,
        replaced=deployment.replaced,
        by_this_run=moved and deployment.tag != before,
        put_back=moved and deployment.tag == before,
        # No Space serves the embedding lane.
        unsure=unsure and isinstance(task, LabelTask),
    )


def _served_before(run: dg.DagsterRun, history: Sequence[Deployment]) -> str | None:
    """What served before a run. It may serve again: a version that cannot serve is put back."""
    return next((move.tag for move in reversed(history) if move.run_id != run.run_id), None)


def _pages(
    summary: RunSummary, tasks: Sequence[Lane], registry: Registry, settings: LaneSettings
) -> Iterator[tuple[str, str]]:
    by_name = {task.name: task for task in tasks}
    for news in summary.news:
        if news.task not in by_name:
            continue
        task = by_name[news.task]
        versions = {
            "dataset": (settings.dataset_repository(task), news.dataset_tag),
            "model": (settings.model_repository(task), news.model_tag),
        }
        for kind, (repository, tag) in versions.items():
            address = registry.page(repository, tag) if tag else None
            if address is not None:
                yield f"{news.task} {kind} {tag}", address
