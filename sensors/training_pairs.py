"""Starts the embedding lane when enough pairs have changed since its last decision."""

from collections.abc import Iterable, Mapping

import dagster as dg
import pyarrow as pa

from resources.artifact_store import ArtifactStore
from resources.embedding.options import EmbeddingOptions
from resources.embedding.pair_source import PairSource
from resources.lane_settings import LaneSettings
from resources.registry.base import Registry
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.failures import explained_failures
from sambodhan_assets.domain.embedding.dataset import read_embedding_dataset
from sambodhan_assets.domain.embedding.domains import word_key
from sambodhan_assets.domain.embedding.pairs import left_out_by_split, prepare_pairs
from sambodhan_assets.domain.feedback_watch import (
    WatchDecision,
    compare_corrections,
    decide_start,
    fingerprint,
)
from sambodhan_assets.label_tasks import EMBEDDING
from sensors.lane_watch import STATE_TAG, failed_runs, last_decided_dataset, run_at_work

# Pairs are few and all are read, so more often would be a waste.
LEAST_SECONDS = 300

# (domain, typo) -> correct word.
Pairs = Mapping[tuple[str, str], str]


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
        context: dg.SensorEvaluationContext,
        pairs: PairSource,
        embedding: EmbeddingOptions,
        artifacts: ArtifactStore,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> dg.SensorResult:
        # Dagster stores why a look failed, as it does of runs.
        with explained_failures(leases.home, f"sensor-{EMBEDDING.name}.txt"):
            if at_work := run_at_work(context.instance, leases, EMBEDDING):
                return dg.SensorResult(skip_reason=f"{at_work} works on {EMBEDDING.name}.")
            rows = pairs.read()
            if rows is None:
                return dg.SensorResult(skip_reason=f"There is no {pairs.place()}.")
            found = pairs_of([prepare_pairs(rows, embedding.templates).pairs])
            tag, decided = decided_pairs(settings, artifacts, registry)
            state = state_of(found, tag)
            failed = failed_runs(context.instance, EMBEDDING, state)
            decision = decide_pairs(found, decided, state, embedding, failed_attempts=failed)
            if decision.run_key is None:
                return dg.SensorResult(skip_reason=decision.reason)
            context.log.info(decision.reason)
            request = dg.RunRequest(run_key=decision.run_key, tags={STATE_TAG: state})
            return dg.SensorResult(run_requests=[request])

    return new_training_pairs


def decided_pairs(
    settings: LaneSettings, artifacts: ArtifactStore, registry: Registry
) -> tuple[str | None, Pairs]:
    """The dataset version that the newest settled decision was about, and its pairs."""
    version = last_decided_dataset(EMBEDDING, settings, artifacts, registry)
    if version is None:
        return None, {}
    with registry.fetched(version) as folder:
        dataset = read_embedding_dataset(folder)
    return version.tag, pairs_of([*dataset.splits.values(), left_out_by_split(dataset.lineage)])


def pairs_of(tables: Iterable[pa.Table]) -> Pairs:
    """The pairs of some tables with the columns typo, corrected and domain."""
    rows = (row for table in tables for row in table.to_pylist())
    # Without case and spaces: rows that were left out stand as their source spelt them.
    return {(row["domain"], row["typo"]): word_key(row["corrected"]) for row in rows}


def state_of(found: Pairs, decided_tag: str | None) -> str:
    """What one run, or its repetitions after a failure, are started for.

    Dagster starts no second run of one key. Pairs that were added and taken back are a state that
    had its run, but not since the decision in between, so that decision is part of the key.
    """
    return f"{decided_tag or 'first'}-{fingerprint(found)}"


def decide_pairs(
    found: Pairs, decided: Pairs, state: str, options: EmbeddingOptions, *, failed_attempts: int
) -> WatchDecision:
    """Whether pairs call for a run. Changed templates alone do not: who changes them starts one."""
    return decide_start(
        task_name=EMBEDDING.name,
        changes=compare_corrections(found, decided),
        state=state,
        min_new_records=options.min_new_pairs,
        expected_rows=len(found),
        min_dataset_len=options.min_pairs,
        failed_attempts=failed_attempts,
        noun="pairs",
        rows="pairs (EMBEDDING_MIN_PAIRS)",
    )
