"""Starts the embedding lane when enough pairs are new since its last decision."""

import hashlib

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.deployment import is_settled
from resources.embedding.options import EmbeddingOptions
from resources.embedding.pair_source import PairSource
from resources.lane_settings import LaneSettings, decision_repository
from resources.registry.base import Registry
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.failures import explained_failures
from sambodhan_assets.domain.embedding.dataset import read_embedding_dataset
from sambodhan_assets.domain.embedding.pairs import PAIRS_SCHEMA, prepare_pairs
from sambodhan_assets.label_tasks import EMBEDDING

# Pairs are few and all are read, so more often would be a waste.
LEAST_SECONDS = 300


def build_training_pairs_sensor(*, interval_seconds: int) -> dg.SensorDefinition:
    """The sensor on new pairs, which looks every `interval_seconds`, or every five minutes."""

    @dg.sensor(
        name="new_training_pairs",
        job_name=EMBEDDING.pipeline_job,
        minimum_interval_seconds=max(interval_seconds, LEAST_SECONDS),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Watches pairs of typos and corrections.",
    )
    def new_training_pairs(
        pairs: PairSource,
        embedding: EmbeddingOptions,
        artifacts: ArtifactStore,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> dg.SensorResult:
        # Dagster stores why a look failed, as it does of runs.
        with explained_failures(leases.home, f"sensor-{EMBEDDING.name}.txt"):
            if (holder := leases.holder(EMBEDDING.name)) is not None:
                return dg.SensorResult(skip_reason=f"Another run ({holder}) works on it.")
            rows = pairs.read()
            if rows is None:
                return dg.SensorResult(skip_reason=f"There is no {pairs.place()}.")
            found = set(_rows(prepare_pairs(rows, embedding.templates).pairs.to_pylist()))
            new = len(found - decided_pairs(settings, artifacts, registry))
            needed = max(embedding.min_new_pairs, embedding.min_pairs - len(found) + new)
            if new < needed:
                return dg.SensorResult(skip_reason=f"{new} new pairs, {needed} start a run.")
            state = hashlib.sha256(repr(sorted(found)).encode()).hexdigest()[:16]
            return dg.SensorResult(run_requests=[dg.RunRequest(run_key=f"embedding-{state}")])

    return new_training_pairs


def decided_pairs(
    settings: LaneSettings, artifacts: ArtifactStore, registry: Registry
) -> set[tuple[str, ...]]:
    """Pairs of the dataset version that the newest settled decision was about."""
    decisions = decision_repository(EMBEDDING)
    deployment = registry.deployed(settings.model_repository(EMBEDDING))
    for tag in reversed(artifacts.tags(decisions)):
        decision = artifacts.version(decisions, tag)
        if is_settled(decision, deployment):
            dataset_tag = decision.manifest.details["dataset_tag"]
            version = registry.version(settings.dataset_repository(EMBEDDING), dataset_tag)
            with registry.fetched(version) as folder:
                splits = read_embedding_dataset(folder).splits.values()
            return {row for table in splits for row in _rows(table.to_pylist())}
    return set()


def _rows(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in PAIRS_SCHEMA.names) for row in rows]
