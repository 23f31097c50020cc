"""What `sambodhan doctor` says about versions, and about what the embedding lane needs."""

from collections.abc import Iterator
from typing import Literal

from resources.assembly import build_lane_settings, open_registry
from resources.embedding.base_model import MISSING, packaged_model
from resources.embedding.chosen import open_pair_source
from resources.profiles import Settings
from resources.registry.base import Registry, Repository
from sambodhan_assets.domain.errors import PlatformError
from sambodhan_assets.label_tasks import EMBEDDING, LABEL_TASKS, LANES, Lane

Level = Literal["ok", "warning", "error"]


def examine_lanes(settings: Settings) -> Iterator[tuple[Level, str]]:
    """What serves and the newest datasets, whole or not; then pairs and base model."""
    lanes, registry = build_lane_settings(settings, LABEL_TASKS), open_registry(settings)
    for lane in LANES:
        yield from _serving(lane, lanes.model_repository(lane), registry)
    for lane in LANES:
        yield from _dataset(lane, lanes.dataset_repository(lane), registry)
    yield from _pairs(settings)


def _serving(lane: Lane, models: Repository, registry: Registry) -> Iterator[tuple[Level, str]]:
    try:
        deployment = registry.deployed(models)
        if deployment is None:
            # Not everybody corrects typos, but whoever runs the platform has complaints.
            level = "ok" if lane == EMBEDDING else "warning"
            yield level, f"No {lane.name} model is deployed yet; {lane.pipeline_job} makes one."
            return
        with registry.fetched(registry.version(models, deployment.tag)):
            yield "ok", f"{lane.name}: {deployment.tag} serves, unchanged."
    except PlatformError as error:
        yield "error", f"{error} `sambodhan rollback {lane.name}` serves the version before it."


def _dataset(lane: Lane, datasets: Repository, registry: Registry) -> Iterator[tuple[Level, str]]:
    """The next dataset version takes its splits from the newest one."""
    try:
        newest = registry.newest(datasets)
        if newest is not None:
            with registry.fetched(newest):
                yield "ok", f"{lane.name}: dataset {newest.tag} is whole."
    except PlatformError as error:
        yield "error", str(error)


def _pairs(settings: Settings) -> Iterator[tuple[Level, str]]:
    source = open_pair_source(settings)
    try:
        rows = source.read()
    except PlatformError as error:
        yield "error", str(error)
        return
    if rows is None:
        text = f"No pairs of typos: there is no {source.place()}; `sambodhan load pairs` makes it."
        yield "ok", text
        return
    if not rows.num_rows and source.why_empty:
        yield "warning", f"No pairs of typos in {source.place()}. {source.why_empty}"
        return
    yield "ok", f"Pairs of typos: {rows.num_rows:,} rows in {source.place()}."
    if settings.embedding_checkpoint is None and packaged_model() is None:
        yield "warning", MISSING
