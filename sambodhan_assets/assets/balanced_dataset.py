"""balanced_dataset: cleaned, deduplicated and split rows, with the checks that guard them."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from resources.artifact_store import KEEP_INTERMEDIATE, ArtifactStore
from resources.lane_settings import LaneSettings, prepared_repository, snapshot_repository
from resources.registry.base import Publication, Registry, Version
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.dataset_checks import check_dataset, check_specs, may_go_on
from sambodhan_assets.assets.stage import (
    OWNERS,
    counts_table,
    running_stage,
    stage_key,
    work_folder,
)
from sambodhan_assets.assets.tracking import tracking_hook
from sambodhan_assets.domain.dataset.balanced import BalancedDataset, build_balanced_dataset
from sambodhan_assets.domain.dataset.files import content_files, read_dataset, write_dataset
from sambodhan_assets.domain.dataset.preparation import PreparationReport, PreparationSettings
from sambodhan_assets.domain.dataset.snapshot_files import read_snapshot
from sambodhan_assets.domain.dataset.text_steps import recorded_steps, steps_of
from sambodhan_assets.domain.privacy.redaction import PiiPolicy
from sambodhan_assets.label_tasks import LabelTask

# Share of the window that a holdout evaluation keeps out of training.
HOLDOUT_SHARE = 0.2


def build_balanced_dataset_asset(task: LabelTask) -> dg.AssetsDefinition:
    """The second stage of a task's lane."""
    key = stage_key(task, "balanced_dataset")

    @dg.asset(
        key=key,
        group_name=task.name,
        kinds={"python", "parquet"},
        tags={"task": task.name},
        owners=OWNERS,
        hooks={tracking_hook(task, "balanced_dataset")},
        deps=[stage_key(task, "raw_feedback")],
        output_required=False,
        check_specs=check_specs(key),
        description=(
            f"Corrections of {task.name} and half as many unflagged complaints, split 80/10/10 by "
            "group of near-duplicates, with the replay and the window. Read by dataset_version."
        ),
    )
    def balanced_dataset(
        context: dg.AssetExecutionContext,
        artifacts: ArtifactStore,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        with running_stage(context, leases, task), work_folder(leases, task) as work:
            dataset = _prepare(context.run.run_id, task, artifacts, registry, settings)
            checks = check_dataset(dataset, settings.min_dataset_len)
            if not may_go_on(checks):
                yield from checks
                return
            version = _keep(dataset, context.run.run_id, task, artifacts, work)
            yield dg.MaterializeResult(
                data_version=dg.DataVersion(version.content_hash),
                metadata=_metadata(dataset.report),
                check_results=checks,
            )

    return balanced_dataset


def _prepare(
    run_id: str,
    task: LabelTask,
    artifacts: ArtifactStore,
    registry: Registry,
    settings: LaneSettings,
) -> BalancedDataset:
    version = artifacts.written_by(
        snapshot_repository(task), run_id=run_id, todo=f"Run the job prepare_{task.name} first."
    )
    with artifacts.fetched(version) as folder:
        snapshot = read_snapshot(folder)
    parent = registry.newest(settings.dataset_repository(task))
    assignments, lineage = None, None
    policy = PiiPolicy(settings.pii_policy)
    if parent is not None:
        with registry.fetched(parent) as folder:
            earlier = read_dataset(folder)
        assignments = earlier.assignments
        if recorded_steps(earlier.report.settings) != steps_of(policy):
            lineage = earlier.lineage
    return build_balanced_dataset(
        snapshot,
        labels=task.labels,
        settings=PreparationSettings(
            replay_max=settings.replay_max,
            holdout_share=HOLDOUT_SHARE if settings.evaluation == "holdout" else 0.0,
            min_rows=settings.min_dataset_len,
            pii_policy=policy,
        ),
        parent_assignments=assignments,
        parent_lineage=lineage,
    )


def _keep(
    dataset: BalancedDataset, run_id: str, task: LabelTask, artifacts: ArtifactStore, folder: Path
) -> Version:
    write_dataset(dataset, task.labels, folder)
    publication = Publication(
        run_id=run_id,
        content_files=content_files(folder),
        details={"labels": list(task.labels)},
    )
    version = artifacts.publish(prepared_repository(task), folder, publication)
    artifacts.prune(prepared_repository(task), keep=KEEP_INTERMEDIATE)
    return version


def _metadata(report: PreparationReport) -> dict[str, dg.MetadataValue | int | float | str]:
    personal = report.personal_data
    assert personal is not None, "every preparation counts personal data"
    return {
        "dagster/row_count": report.row_count,
        "rows by split": counts_table(report.rows_by_split, heading="split"),
        "left out": counts_table(report.excluded, heading="reason"),
        "personal data": counts_table(personal["places_by_kind"], heading="kind"),
        "rows with personal data": personal["rows"],
        "policy for personal data": personal["policy"],
        "labels by split": dg.MetadataValue.json(report.labels_by_split),
        "duplicates": report.duplicates,
        "conflicting labels": report.conflicting_labels,
        "near-duplicate groups": report.near_duplicate_groups,
        "left out across splits": report.left_out_across_splits,
        "labels too rare for every split": dg.MetadataValue.json(report.thin_labels),
    }
