"""training_pairs: the pairs of typo and correction that can teach a model, split."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from resources.artifact_store import KEEP_INTERMEDIATE, ArtifactStore
from resources.embedding.options import EmbeddingOptions
from resources.embedding.pair_source import TABLE, PairSource
from resources.lane_settings import LaneSettings, prepared_repository
from resources.registry.base import Publication, Registry, Version
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.embedding_tracking import embedding_hook
from sambodhan_assets.assets.stage import (
    OWNERS,
    counts_table,
    running_stage,
    stage_key,
    work_folder,
)
from sambodhan_assets.domain.embedding.dataset import (
    CONTENT_FILES,
    EmbeddingDataset,
    build_dataset,
    read_embedding_dataset,
    write_embedding_dataset,
)
from sambodhan_assets.domain.embedding.pairs import listed_rows, prepare_pairs
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import EMBEDDING

MIN_PAIRS = "MIN_PAIRS"
KEY = stage_key(EMBEDDING, "training_pairs")
_LISTED = 20


def build_training_pairs() -> dg.AssetsDefinition:
    """The first stage of the embedding lane."""

    @dg.asset(
        key=KEY,
        group_name=EMBEDDING.name,
        kinds={"postgres", "parquet"},
        owners=OWNERS,
        hooks={embedding_hook("training_pairs")},
        deps=[TABLE],
        output_required=False,
        check_specs=[
            dg.AssetCheckSpec(
                MIN_PAIRS, asset=KEY, blocking=True, description="Enough pairs for a version."
            )
        ],
        description=(
            "Pairs of a typo and its correction, tidied and split by the corrected word. What was "
            "left out is counted and listed. Read by dataset_version."
        ),
    )
    def training_pairs(
        context: dg.AssetExecutionContext,
        pairs: PairSource,
        embedding: EmbeddingOptions,
        artifacts: ArtifactStore,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        with running_stage(context, leases, EMBEDDING), work_folder(leases, EMBEDDING) as work:
            prepared = prepare_pairs(required_pairs(pairs), embedding.templates)
            dataset = build_dataset(
                prepared, templates=embedding.templates, parent=_assignments(settings, registry)
            )
            check = _check(dataset, embedding.min_pairs, pairs)
            if not check.passed:
                yield check
                return
            write_embedding_dataset(dataset, work)
            version = _keep(artifacts, work, context.run.run_id)
            yield dg.MaterializeResult(
                data_version=dg.DataVersion(version.content_hash),
                metadata={"from": pairs.place(), **_metadata(dataset)},
                check_results=[check],
            )

    return training_pairs


def required_pairs(source: PairSource) -> pa.Table:
    """All rows of a source.

    Raises:
        PermanentError: It has no table.
    """
    rows = source.read()
    if rows is None:
        raise PermanentError(
            tried=f"Reading the {source.place()}",
            found="there is no such table.",
            todo="Run `sambodhan load pairs FILE.csv`, or set EMBEDDING_PAIRS or SUPABASE_URL.",
        )
    return rows


def _assignments(settings: LaneSettings, registry: Registry) -> pa.Table | None:
    newest = registry.newest(settings.dataset_repository(EMBEDDING))
    if newest is None:
        return None
    with registry.fetched(newest) as folder:
        return read_embedding_dataset(folder).assignments


def _keep(artifacts: ArtifactStore, folder: Path, run_id: str) -> Version:
    version = artifacts.publish(
        prepared_repository(EMBEDDING),
        folder,
        Publication(run_id=run_id, content_files=CONTENT_FILES, details={}),
    )
    artifacts.prune(prepared_repository(EMBEDDING), keep=KEEP_INTERMEDIATE)
    return version


def _metadata(dataset: EmbeddingDataset) -> dict[str, Any]:
    return {
        "dagster/row_count": dataset.row_count,
        "rows of the source": counts_table(dataset.counts, heading="row"),
        "rows by split": counts_table(dataset.rows_by_split, heading="split"),
        "left out": dg.MetadataValue.json(listed_rows(dataset.lineage, most=_LISTED)),
    }


def _check(dataset: EmbeddingDataset, needed: int, source: PairSource) -> dg.AssetCheckResult:
    found = dataset.row_count
    empty = [split for split, rows in dataset.rows_by_split.items() if not rows]
    passed = found >= needed and not empty
    said = f"{found} of {needed} pairs"
    said += f"; no pair in {', '.join(empty)}." if empty else "."
    hint = f" {source.why_empty}" if source.why_empty and not sum(dataset.counts.values()) else ""
    return dg.AssetCheckResult(
        asset_key=KEY,
        check_name=MIN_PAIRS,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=said if passed else f"{said} More go into {source.place()}.{hint}",
        metadata={"pairs": found, "needed": needed},
    )
