"""trained_model: a candidate trained on exactly one dataset version."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from resources.artifact_store import ArtifactStore
from resources.lane_settings import LaneSettings, candidate_repository
from resources.registry.base import Publication, Registry, Version
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.stage import OWNERS, running_stage, stage_key, work_folder
from sambodhan_assets.assets.tracking import tracking_hook
from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.files import read_dataset
from sambodhan_assets.domain.dataset.text_steps import recorded_steps
from sambodhan_assets.domain.models.calibration import calibration_of
from sambodhan_assets.domain.models.classifier import TextClassifier
from sambodhan_assets.domain.models.training import train_classifier
from sambodhan_assets.domain.models.training_record import TrainingRecord
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings
from sambodhan_assets.label_tasks import LabelTask, Lane

# Candidates stay until they are decided on; a few more are kept to look into.
KEEP_CANDIDATES = 5


class TrainingConfig(dg.Config):
    """Hyperparameters. All but the seed apply to the transformer family only."""

    seed: int = Field(default=42, description="Seed of all randomness in training.")
    epochs: int = Field(default=3, ge=1, description="Passes over the training rows.")
    train_batch_size: int = Field(default=16, ge=1, description="Rows per training step.")
    eval_batch_size: int = Field(default=32, ge=1, description="Rows per evaluation step.")
    learning_rate: float = Field(default=2e-5, gt=0, description="Peak learning rate of AdamW.")
    weight_decay: float = Field(default=0.01, ge=0, description="Weight decay of AdamW.")
    eval_steps: int = Field(default=50, ge=1, description="Steps between evaluations.")


def transformer_settings(config: TrainingConfig, settings: LaneSettings) -> TransformerSettings:
    """Run config and environment together; the checkpoint is checked when settings are read."""
    hyperparameters = config.model_dump(exclude={"seed"})
    return TransformerSettings(
        checkpoint=settings.model_checkpoint or "",
        early_stopping_patience=settings.early_stopping_patience,
        focal_alpha=settings.focal_alpha,
        **hyperparameters,
    )


def build_trained_model(task: LabelTask) -> dg.AssetsDefinition:
    """The fourth stage of a task's lane."""

    @dg.asset(
        key=stage_key(task, "trained_model"),
        group_name=task.name,
        kinds={"scikitlearn", "pytorch"},
        tags={"task": task.name},
        owners=OWNERS,
        hooks={tracking_hook(task, "trained_model")},
        deps=[stage_key(task, "dataset_version")],
        description=(
            f"A {task.name} model trained on the train split and the replay of one dataset "
            "version; the eval split only stops training and fits the temperature. Waits in the "
            "artifact store for a decision. Read by evaluation."
        ),
    )
    def trained_model(
        context: dg.AssetExecutionContext,
        config: TrainingConfig,
        artifacts: ArtifactStore,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> dg.MaterializeResult:
        with running_stage(context, leases, task), work_folder(leases, task) as work:
            dataset_version = registry.require_newest(
                settings.dataset_repository(task), todo=f"Run the job prepare_{task.name} first."
            )
            with registry.fetched(dataset_version) as folder:
                dataset = read_dataset(folder)
            with leases.training(run_id=context.run.run_id, on_wait=context.log.info):
                model = _train(task, dataset, config, settings, work, context.log.info)
            saved, origin = work / "model", _origin(dataset_version)
            model.save(saved, extra=origin)
            version = keep_candidate(artifacts, task, saved, context.run.run_id, origin)
            named = {"candidate": version.tag, "dataset version": dataset_version.tag}
            return dg.MaterializeResult(
                data_version=dg.DataVersion(version.content_hash),
                metadata=named | _metadata(model.record),
            )

    return trained_model


def _train(
    task: LabelTask,
    dataset: BalancedDataset,
    config: TrainingConfig,
    settings: LaneSettings,
    work: Path,
    on_log: Callable[[str], None],
) -> TextClassifier:
    return train_classifier(
        dataset,
        labels=task.labels,
        family=settings.model_family,
        transformer=transformer_settings(config, settings),
        seed=config.seed,
        work_folder=work,
        on_log=on_log,
    )


def keep_candidate(
    artifacts: ArtifactStore, task: Lane, model: Path, run_id: str, details: Mapping[str, Any]
) -> Version:
    """Puts a trained model where it waits for a decision."""
    version = artifacts.publish(
        candidate_repository(task), model, Publication(run_id=run_id, details=dict(details))
    )
    artifacts.prune(candidate_repository(task), keep=KEEP_CANDIDATES)
    return version


def _metadata(record: TrainingRecord) -> dict[str, Any]:
    calibration = calibration_of(record)
    measured: dict[str, Any] = {"calibration": calibration.sentence}
    # As numbers too: the UI plots them over all trainings. What was not measured has no number.
    if calibration.ece_before is not None and calibration.ece_after is not None:
        measured |= {
            "temperature": calibration.temperature,
            "calibration error before": calibration.ece_before,
            "calibration error": calibration.ece_after,
        }
    return {
        "family": record.family,
        "training rows": record.training_rows,
        **measured,
        "training": dg.MetadataValue.json(dict(record.outcome)),
        "hyperparameters": dg.MetadataValue.json(dict(record.hyperparameters)),
    }


def _origin(dataset: Version) -> dict[str, str]:
    """What ties a model to the dataset version that it was trained on, and to its texts' steps."""
    return {
        "dataset_repository": dataset.repository.name,
        "dataset_tag": dataset.tag,
        "dataset_content_hash": dataset.content_hash,
        **recorded_steps(dataset.manifest.details["settings"]),
    }
