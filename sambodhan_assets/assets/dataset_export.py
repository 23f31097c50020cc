"""dataset_export: the newest dataset versions as one audited export, for people and programs."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from resources.export_options import ExportOptions
from resources.export_sources import ExportInputs, newest_versions
from resources.exports.base import ExportStore, different_content
from resources.lane_settings import LaneSettings
from resources.registry.base import Registry
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.export_config import ExportConfig, checked, further_files
from sambodhan_assets.assets.export_draft import (
    QA_NOT_RUN,
    Draft,
    allowed_checkout,
    finish,
    measured_for_the_first_time,
    version_of,
    write_draft,
)
from sambodhan_assets.assets.export_measures import qa_inputs
from sambodhan_assets.assets.stage import OWNERS, counts_table, holding_lease, stage_key
from sambodhan_assets.domain.export.manifest import ExportManifest
from sambodhan_assets.domain.qa.report import section_result
from sambodhan_assets.label_tasks import LabelTask

DATASET_EXPORT = "dataset_export"
# One check per section of the QA report.
CHECKS = {
    "privacy": "No personal data that a recogniser finds is published.",
    "quality": "Texts are readable and few are alike; labels are balanced and seldom wrong.",
    "safety": "No row speaks of a life in danger before a person has looked at it.",
    "bias": "Labels and the deployed model's answers differ little between groups of texts.",
    "drift": "Rows are like those of the previous export.",
    "provenance": "Few rows of the sources could not be understood.",
}
Results = Iterator[dg.MaterializeResult | dg.AssetCheckResult]


def build_dataset_export(tasks: tuple[LabelTask, ...]) -> dg.AssetsDefinition:
    """One export for all tasks: a row says which task its label belongs to."""

    @dg.asset(
        key=DATASET_EXPORT,
        group_name="exports",
        kinds={"parquet", "json"},
        owners=OWNERS,
        deps=[stage_key(task, "dataset_version") for task in tasks],
        output_required=False,
        check_specs=[
            dg.AssetCheckSpec(name, asset=DATASET_EXPORT, description=text)
            for name, text in CHECKS.items()
        ],
        description=(
            "The newest dataset versions as JSON Lines, Parquet and CSV with manifest, "
            "configuration lock, QA report and checksums; one row per task and text. A version is "
            "never overwritten. Read by people and programs outside."
        ),
    )
    def dataset_export(
        context: dg.AssetExecutionContext,
        config: ExportConfig,
        registry: Registry,
        settings: LaneSettings,
        export_options: ExportOptions,
        exports: ExportStore,
        leases: TaskLeases,
    ) -> Results:
        with holding_lease(context, leases, DATASET_EXPORT):
            chosen = checked(config)
            git = allowed_checkout(chosen, export_options)
            store = exports if chosen.upload else export_options.local_exports()
            inputs = _inputs(context, chosen, tasks, registry, settings)
            with export_options.staging() as folder:
                measured_by = (inputs, export_options, store, tasks, registry, settings)
                qa = qa_inputs(*measured_by) if chosen.quality else None
                draft = write_draft(inputs, folder, chosen, export_options, git, qa)
                _warn_of_few_rows(context, draft.rows.rows, chosen.target_samples)
                version = version_of(draft, chosen.version, store.newest())
                yield from _published(context, draft, version, store)

    return dataset_export


def _inputs(
    context: dg.AssetExecutionContext,
    config: ExportConfig,
    tasks: tuple[LabelTask, ...],
    registry: Registry,
    settings: LaneSettings,
) -> ExportInputs:
    versions = newest_versions(config.task, tasks, registry, settings)
    for task in tasks:
        if config.task == "all" and task.name not in versions:
            context.log.warning(
                f"{task.name} has no dataset version and is left out; the job "
                f"prepare_{task.name} makes one."
            )
    return ExportInputs(
        versions=versions,
        files=further_files(config.sources),
        known_tasks=[task.name for task in tasks],
        registry=registry,
    )


def _warn_of_few_rows(context: dg.AssetExecutionContext, rows: int, wanted: int) -> None:
    if rows < wanted:
        context.log.warning(
            f"target_samples is {wanted}; there are only {rows} rows, and all are exported."
        )


def _published(
    context: dg.AssetExecutionContext, draft: Draft, version: str, store: ExportStore
) -> Results:
    checks = [_check(name, draft) for name in CHECKS]
    there = store.existing(version)
    if there is not None:
        if there.content_hash != draft.content_hash:
            raise different_content(version, store.place())
        context.log.info(f"Nothing changed since {version}; nothing was published.")
        if measured_for_the_first_time(draft, there):
            context.log.warning(
                f"{version} was exported without QA and stays so; for one with a QA report name "
                "another version, or leave it empty."
            )
        observed = {"nothing changed since": version, "exports": store.place()}
        context.log_event(dg.AssetObservation(asset_key=DATASET_EXPORT, metadata=observed))
        yield from checks
        return
    manifest = finish(draft, version, run_id=context.run.run_id)
    location = store.publish(draft.folder, version)
    if draft.git.sha is None:
        context.log.warning("No git checkout was found; the lock says that its state is unknown.")
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(manifest.content_hash),
        metadata=_metadata(manifest, location),
        check_results=checks,
    )


def _check(section: str, draft: Draft) -> dg.AssetCheckResult:
    result = section_result(draft.report, section)
    verdicts = [verdict for verdict in draft.report.verdicts if verdict.section == section]
    return dg.AssetCheckResult(
        check_name=section,
        passed=result.passed,
        severity=dg.AssetCheckSeverity(result.severity.value),
        description=result.description,
        metadata={verdict.threshold.metric: verdict.status.value for verdict in verdicts},
    )


def _metadata(manifest: ExportManifest, location: str) -> dict[str, Any]:
    excluded = {
        f"{origin.name}: {reason}": rows
        for origin in manifest.origins
        for reason, rows in origin.excluded.items()
    }
    return {
        "version": manifest.version,
        "location": location,
        "dagster/row_count": manifest.rows,
        "content hash": manifest.content_hash,
        "configuration lock": manifest.config_lock_sha256,
        "made from uncommitted changes": str(manifest.git_dirty),
        "rows by origin": counts_table(
            {origin.name: origin.rows for origin in manifest.origins}, heading="origin"
        ),
        "left out": counts_table(excluded, heading="origin and reason"),
        "QA": QA_NOT_RUN
        if not manifest.qa["run"]
        else counts_table(manifest.qa["verdicts"], heading="metric"),
        "then": f"sambodhan export verify {location}",
    }
