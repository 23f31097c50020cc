"""trained_model of the embedding lane: a candidate trained on exactly one dataset version."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from resources.artifact_store import ArtifactStore
from resources.embedding.base_model import MISSING, BaseModel, first_model, version_model
from resources.embedding.options import EmbeddingOptions
from resources.lane_settings import LaneSettings
from resources.registry.base import Registry, Version
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.embedding_tracking import NOT_TRAINED, embedding_hook
from sambodhan_assets.assets.stage import OWNERS, running_stage, stage_key, work_folder
from sambodhan_assets.assets.trained_model import keep_candidate
from sambodhan_assets.domain.embedding.dataset import EmbeddingDataset, read_embedding_dataset
from sambodhan_assets.domain.embedding.model import load_sentence_model, save_sentence_model
from sambodhan_assets.domain.embedding.settings import EmbeddingSettings
from sambodhan_assets.domain.embedding.training import train_embeddings
from sambodhan_assets.domain.models.training_record import TrainingRecord, library_versions
from sambodhan_assets.label_tasks import EMBEDDING


class EmbeddingTrainingConfig(dg.Config):
    """Hyperparameters."""

    seed: int = Field(default=42, description="Seed of all randomness in training.")
    epochs: int = Field(default=5, ge=1, description="Passes over the pairs, in both directions.")
    batch_size: int = Field(default=64, ge=2, description="Most pairs per step, one per word.")
    learning_rate: float = Field(default=1e-4, gt=0, description="Peak learning rate.")
    warmup_share: float = Field(default=0.1, ge=0, lt=1, description="Share of warm-up steps.")


def build_embedding_model() -> dg.AssetsDefinition:
    """The third stage of the embedding lane."""

    @dg.asset(
        key=stage_key(EMBEDDING, "trained_model"),
        group_name=EMBEDDING.name,
        kinds={"pytorch", "huggingface"},
        owners=OWNERS,
        hooks={embedding_hook("trained_model")},
        deps=[stage_key(EMBEDDING, "dataset_version")],
        output_required=False,
        description=(
            "A sentence model that was trained further from what serves, else from the first base "
            "model. Waits in the artifact store for a decision. Read by evaluation."
        ),
    )
    def trained_model(
        context: dg.AssetExecutionContext,
        config: EmbeddingTrainingConfig,
        embedding: EmbeddingOptions,
        artifacts: ArtifactStore,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> Iterator[dg.MaterializeResult]:
        with (
            running_stage(context, leases, EMBEDDING),
            work_folder(leases, EMBEDDING) as work,
            base_model(embedding, settings, registry) as base,
        ):
            if base is None:
                say_missing(context)
                return
            run_id = context.run.run_id
            pairs, dataset = newest_pairs(settings, registry)
            with leases.training(run_id=run_id, on_wait=context.log.info):
                record = train(dataset, pairs, base, config, work, context.log.info)
            model = work / "model"
            version = keep_candidate(artifacts, EMBEDDING, model, run_id, record.extra)
            yield dg.MaterializeResult(
                data_version=dg.DataVersion(version.content_hash),
                metadata=_metadata(version, pairs, record),
            )

    return trained_model


@contextmanager
def base_model(
    embedding: EmbeddingOptions, settings: LaneSettings, registry: Registry
) -> Generator[BaseModel | None]:
    """What serves, else the first base model; None if there is none."""
    repository = settings.model_repository(EMBEDDING)
    deployment = registry.deployed(repository)
    if deployment is None:
        with first_model(embedding) as model:
            yield model
    else:
        with version_model(registry, registry.version(repository, deployment.tag)) as model:
            yield model


def newest_pairs(settings: LaneSettings, registry: Registry) -> tuple[Version, EmbeddingDataset]:
    """The dataset version to train on, and what it holds."""
    repository = settings.dataset_repository(EMBEDDING)
    todo = f"Run the job {EMBEDDING.pipeline_job} first."
    version = registry.require_newest(repository, todo=todo)
    with registry.fetched(version) as folder:
        return version, read_embedding_dataset(folder)


def say_missing(context: dg.AssetExecutionContext) -> None:
    """The green outcome where nothing can be trained; later stages are skipped."""
    context.log.warning(MISSING)
    context.log_event(
        dg.AssetObservation(
            asset_key=stage_key(EMBEDDING, "trained_model"),
            metadata={NOT_TRAINED: f"{MISSING[0].lower()}{MISSING[1:]}"},
        )
    )


def train(
    dataset: EmbeddingDataset,
    version: Version,
    base: BaseModel,
    config: EmbeddingTrainingConfig,
    work: Path,
    on_log: Callable[[str], None],
) -> TrainingRecord:
    """Trains from the base model and writes the folder `model` below `work`."""
    hyperparameters = EmbeddingSettings(**config.model_dump(exclude={"seed"}))
    on_log(f"Training starts from {base.origin}.")
    model = load_sentence_model(base.folder)
    outcome = train_embeddings(
        model, dataset, hyperparameters, work_folder=work, seed=config.seed, on_log=on_log
    )
    save_sentence_model(model, work / "model")
    record = TrainingRecord(
        family="embedding",
        labels=(),
        hyperparameters=asdict(hyperparameters),
        seed=config.seed,
        library_versions=library_versions(["sentence-transformers", "torch", "transformers"]),
        training_rows=dataset.rows_by_split["train"],
        outcome=outcome,
        extra={
            "dataset_repository": version.repository.name,
            "dataset_tag": version.tag,
            "dataset_content_hash": version.content_hash,
            "templates": dict(dataset.templates),
            "base": base.origin,
            "base_zip": base.zip_name,
        },
    )
    record.write(work / "model")
    return record


def _metadata(version: Version, pairs: Version, record: TrainingRecord) -> dict[str, Any]:
    return {
        "candidate": version.tag,
        "dataset version": pairs.tag,
        "family": record.family,
        "base model": record.extra["base"],
        "training rows": record.training_rows,
        "best accuracy@1 on eval": record.outcome["best_accuracy_at_1"],
        "training": dg.MetadataValue.json(dict(record.outcome)),
        "hyperparameters": dg.MetadataValue.json(dict(record.hyperparameters)),
    }
