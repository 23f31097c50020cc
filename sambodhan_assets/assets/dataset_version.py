"""dataset_version: an immutable published version of the balanced dataset."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.deployment import is_settled
from resources.lane_settings import LaneSettings, decision_repository, prepared_repository
from resources.registry.base import Publication, Registry, Version
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.stage import OWNERS, counts_table, running_stage, stage_key
from sambodhan_assets.assets.tracking import tracking_hook
from sambodhan_assets.domain.dataset.card import DatasetDescription, write_description
from sambodhan_assets.domain.dataset.files import content_files, read_dataset
from sambodhan_assets.domain.dataset.preparation import PreparationReport
from sambodhan_assets.domain.dataset.splits import SPLITS
from sambodhan_assets.label_tasks import LabelTask, Lane


def build_dataset_version(task: LabelTask) -> dg.AssetsDefinition:
    """The third stage of a task's lane."""

    @dg.asset(
        key=stage_key(task, "dataset_version"),
        group_name=task.name,
        kinds={"huggingface", "parquet"},
        tags={"task": task.name},
        owners=OWNERS,
        hooks={tracking_hook(task, "dataset_version")},
        deps=[stage_key(task, "balanced_dataset")],
        output_required=False,
        description=(
            f"A tagged, immutable {task.name} dataset: splits train, eval and test, replay, "
            "window, assignments, lineage, card and manifest. Unchanged content publishes nothing."
        ),
    )
    def dataset_version(
        context: dg.AssetExecutionContext,
        artifacts: ArtifactStore,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> Iterator[dg.MaterializeResult]:
        with running_stage(context, leases, task):
            yield from publish_prepared(
                context,
                task,
                settings,
                artifacts,
                registry,
                todo=f"Run the job prepare_{task.name} first.",
                describe=partial(_publication, task, context, registry, settings),
                metadata=_metadata,
            )

    return dataset_version


def publish_prepared(
    context: dg.AssetExecutionContext,
    task: Lane,
    settings: LaneSettings,
    artifacts: ArtifactStore,
    registry: Registry,
    *,
    todo: str,
    describe: Callable[[Path], Publication],
    metadata: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> Iterator[dg.MaterializeResult]:
    """Publishes what the stage before prepared; nothing where the newest version holds it already.

    What a run published that died before its end is not published again, but is gone on with.

    Args:
        context: Of the stage.
        task: Whose dataset it is.
        settings: Names of its repositories.
        artifacts: Where the prepared dataset is.
        registry: Where versions go.
        todo: What to run if nothing was prepared.
        describe: What to publish of the prepared folder.
        metadata: What the UI shows of a version's details, beside what it shows of all.
    """
    repository = settings.dataset_repository(task)
    prepared = artifacts.written_by(prepared_repository(task), run_id=context.run.run_id, todo=todo)
    found = _same_content(prepared, registry.newest(repository))
    if found and is_done(task, settings, artifacts, registry, found):
        _say_unchanged(context, task, found)
        return
    if (version := found) is None:
        with artifacts.fetched(prepared) as folder:
            version = registry.publish(repository, folder, describe(folder))
    details = version.manifest.details
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(version.content_hash),
        metadata={
            "tag": version.tag,
            "parent": version.manifest.parent or "none",
            "content hash": version.content_hash,
            "dagster/row_count": details["row_count"],
            "rows by split": counts_table(details["rows_by_split"], heading="split"),
            **metadata(details),
            **({"nothing changed since": version.tag} if found else {}),
        },
    )


def _same_content(prepared: Version, newest: Version | None) -> Version | None:
    """The newest published version, if it holds what was prepared now."""
    unchanged = newest is not None and newest.content_hash == prepared.content_hash
    return newest if unchanged else None


def _say_unchanged(context: dg.AssetExecutionContext, task: Lane, newest: Version) -> None:
    """The green outcome of a run that found no new content; later stages are skipped."""
    context.log.info(f"Nothing changed since {newest.tag}; nothing was published.")
    context.log_event(
        dg.AssetObservation(
            asset_key=stage_key(task, "dataset_version"),
            metadata={"nothing changed since": newest.tag},
        )
    )


def is_done(
    task: Lane,
    settings: LaneSettings,
    artifacts: ArtifactStore,
    registry: Registry,
    version: Version,
) -> bool:
    """Whether the lane has finished with a version; a run that died on the way has not."""
    decision = artifacts.newest(decision_repository(task))
    if decision is None or decision.manifest.details["dataset_tag"] != version.tag:
        return False
    return is_settled(decision, registry.deployed(settings.model_repository(task)))


def _publication(
    task: LabelTask,
    context: dg.AssetExecutionContext,
    registry: Registry,
    settings: LaneSettings,
    folder: Path,
) -> Publication:
    repository = settings.dataset_repository(task)
    report = read_dataset(folder).report
    return Publication(
        run_id=context.run.run_id,
        content_files=content_files(folder),
        details=_details(report, task, registry.newest(repository)),
        finish=partial(
            _describe,
            report=report,
            name=registry.full_name(repository),
            task=task,
            license=settings.dataset_license,
            on_hub=registry.on_hub,
        ),
    )


def _details(
    report: PreparationReport, task: LabelTask, parent: Version | None
) -> dict[str, object]:
    """What the manifest tells beside the files."""
    earlier = None if parent is None else parent.manifest.details["labels"]
    settings = json.dumps(report.settings, sort_keys=True)
    return {
        "labels": list(task.labels),
        "label_set_changed_from": None if earlier in (None, list(task.labels)) else earlier,
        "rows_by_split": report.rows_by_split,
        "labels_by_split": report.labels_by_split,
        "rows_by_source": report.rows_kept,
        "row_count": report.row_count,
        "excluded": report.excluded,
        "personal_data": report.personal_data,
        "settings": report.settings,
        "settings_hash": hashlib.sha256(settings.encode()).hexdigest(),
        "source": report.snapshot,
        "newest_reviewed_at": report.snapshot["newest_reviewed_at"],
    }


def _describe(
    folder: Path,
    tag: str,
    *,
    report: PreparationReport,
    name: str,
    task: LabelTask,
    license: str | None,
    on_hub: bool,
) -> None:
    splits = {split: report.rows_by_split[split] for split in SPLITS}
    description = DatasetDescription(
        name=name,
        version_tag=tag,
        label_column=task.column,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        split_rows=splits,
        label_rows={
            label: sum(report.labels_by_split[split].get(label, 0) for split in SPLITS)
            for label in task.labels
        },
        replay_rows=report.rows_by_split["replay"],
        row_count=report.row_count,
        source_rows=report.rows_kept,
        newest_correction=report.snapshot["newest_reviewed_at"],
        excluded=report.excluded,
        personal_data=report.personal_data,
        license=license,
        on_hub=on_hub,
    )
    write_description(description, folder)


def _metadata(details: Mapping[str, Any]) -> dict[str, Any]:
    return {"rows by source": counts_table(details["rows_by_source"], heading="source")}
