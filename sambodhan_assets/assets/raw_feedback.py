"""raw_feedback: the rows of one database snapshot."""

from collections.abc import Callable
from typing import Any

import dagster as dg
from pydantic import Field

from resources.anchor_corpus import read_anchor_corpus
from resources.artifact_store import KEEP_INTERMEDIATE, ArtifactStore
from resources.audits.base import AuditStore
from resources.feedback_store import FeedbackStore
from resources.lane_settings import LaneSettings, snapshot_repository
from resources.registry.base import Publication, Registry
from resources.task_lease import TaskLeases
from resources.traffic import window_start
from sambodhan_assets.assets.stage import (
    OWNERS,
    counts_table,
    running_stage,
    stage_key,
    work_folder,
)
from sambodhan_assets.assets.tracking import tracking_hook
from sambodhan_assets.domain.dataset.snapshot import FeedbackSnapshot
from sambodhan_assets.domain.dataset.snapshot_files import write_snapshot
from sambodhan_assets.label_tasks import LabelTask

SOURCE_TABLES = ("complaints", "misclassified_complaints", "complaint_audits")


class SamplingConfig(dg.Config):
    """How unflagged complaints are drawn."""

    seed: int = Field(default=42, description="Seed of the sampling hash.")
    correct_ratio: float = Field(
        default=0.5, ge=0, description="Unflagged complaints per correction in the dataset."
    )


def build_raw_feedback(task: LabelTask) -> dg.AssetsDefinition:
    """The first stage of a task's lane."""

    @dg.asset(
        key=stage_key(task, "raw_feedback"),
        group_name=task.name,
        kinds={"postgres", "parquet"},
        tags={"task": task.name},
        owners=OWNERS,
        hooks={tracking_hook(task, "raw_feedback")},
        deps=[dg.AssetKey(name) for name in SOURCE_TABLES],
        description=(
            f"Every reviewed correction of {task.name}, every label given on request, and a hash "
            "sample of unflagged complaints, one row per complaint, from one database state. Read "
            "by balanced_dataset."
        ),
    )
    def raw_feedback(
        context: dg.AssetExecutionContext,
        config: SamplingConfig,
        feedback: FeedbackStore,
        audits: AuditStore,
        artifacts: ArtifactStore,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> dg.MaterializeResult:
        with running_stage(context, leases, task), work_folder(leases, task) as folder:
            snapshot = _take_snapshot(
                task, config, settings, feedback, audits, registry, context.log.info
            )
            write_snapshot(snapshot, folder)
            publication = Publication(run_id=context.run.run_id, details={"task": task.name})
            version = artifacts.publish(snapshot_repository(task), folder, publication)
            artifacts.prune(snapshot_repository(task), keep=KEEP_INTERMEDIATE)
            return dg.MaterializeResult(
                data_version=dg.DataVersion(version.content_hash),
                metadata={**_metadata(snapshot), "audits are kept in": audits.place()},
            )

    return raw_feedback


def _take_snapshot(
    task: LabelTask,
    config: SamplingConfig,
    settings: LaneSettings,
    feedback: FeedbackStore,
    audits: AuditStore,
    registry: Registry,
    on_progress: Callable[[str], None],
) -> FeedbackSnapshot:
    return feedback.snapshot(
        task,
        correct_ratio=config.correct_ratio,
        replay_max=settings.replay_max,
        window_after_id=window_start(task, settings, registry),
        window_max=settings.window_max,
        seed=config.seed,
        anchor=read_anchor_corpus(settings.anchor_dataset, task),
        audited=audits.verified(task),
        on_progress=on_progress,
    )


def _metadata(snapshot: FeedbackSnapshot) -> dict[str, Any]:
    report = snapshot.report
    return {
        "dagster/row_count": snapshot.rows.num_rows,
        "rows in the database": counts_table(report.stratum_sizes, heading="stratum"),
        "superseded reviews": report.superseded_reviews,
        "newest complaint id": report.newest_complaint_id,
        "newest review": report.newest_reviewed_at or "none",
        "sampler": report.sampler,
    }
