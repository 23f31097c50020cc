"""dataset_version of the embedding lane: an immutable published version of the pairs."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.lane_settings import LaneSettings
from resources.registry.base import Publication, Registry
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.dataset_version import publish_prepared
from sambodhan_assets.assets.embedding_tracking import embedding_hook
from sambodhan_assets.assets.stage import OWNERS, running_stage, stage_key
from sambodhan_assets.domain.card_text import CARD_FILE, card_text
from sambodhan_assets.domain.embedding.dataset import (
    CONTENT_FILES,
    EmbeddingDataset,
    read_embedding_dataset,
)
from sambodhan_assets.label_tasks import EMBEDDING


def build_embedding_dataset() -> dg.AssetsDefinition:
    """The second stage of the embedding lane."""

    @dg.asset(
        key=stage_key(EMBEDDING, "dataset_version"),
        group_name=EMBEDDING.name,
        kinds={"huggingface", "parquet"},
        owners=OWNERS,
        hooks={embedding_hook("dataset_version")},
        deps=[stage_key(EMBEDDING, "training_pairs")],
        output_required=False,
        description=(
            "A tagged, immutable dataset of pairs: splits train, eval and test, words, "
            "assignments, lineage, card and manifest. Unchanged content publishes nothing."
        ),
    )
    def dataset_version(
        context: dg.AssetExecutionContext,
        artifacts: ArtifactStore,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> Iterator[dg.MaterializeResult]:
        with running_stage(context, leases, EMBEDDING):
            yield from publish_prepared(
                context,
                EMBEDDING,
                settings,
                artifacts,
                registry,
                todo=f"Run the job {EMBEDDING.pipeline_job} first.",
                describe=partial(_publication, context.run.run_id, registry, settings),
                metadata=lambda details: {"words": details["words"]},
            )

    return dataset_version


def _publication(
    run_id: str, registry: Registry, settings: LaneSettings, folder: Path
) -> Publication:
    dataset = read_embedding_dataset(folder)
    name = registry.full_name(settings.dataset_repository(EMBEDDING))
    return Publication(
        run_id=run_id,
        content_files=CONTENT_FILES,
        details={
            "rows_by_split": dataset.rows_by_split,
            "row_count": dataset.row_count,
            "words": dataset.terms.num_rows,
            "source_rows": dict(dataset.counts),
            "templates": dict(dataset.templates),
        },
        finish=partial(_describe, name=name, dataset=dataset, license=settings.dataset_license),
    )


def _describe(
    folder: Path, tag: str, *, name: str, dataset: EmbeddingDataset, license: str | None
) -> None:
    header: dict[str, Any] = {"task_categories": ["sentence-similarity"]}
    header |= {"license": license} if license is not None else {}
    rows = "\n".join(f"| {split} | {count} |" for split, count in dataset.rows_by_split.items())
    body = (
        f"# {name} {tag}\n\nPairs of a typo and its correction in the columns typo, corrected, "
        "domain; seen tells whether the word is in train. No word of test is in train unless seen "
        f"is true: then only the typo is new.\n\n| split | pairs |\n|---|---|\n{rows}\n"
    )
    (folder / CARD_FILE).write_text(card_text(header, body), encoding="utf-8")
