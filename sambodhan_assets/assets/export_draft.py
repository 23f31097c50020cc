"""The steps of dataset_export: inputs, a draft of the rows, its version, the finished folder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from resources.code_environment import code_environment
from resources.export_options import ExportOptions
from resources.export_sources import ExportInputs
from resources.git_state import GitState
from sambodhan_assets.assets.export_config import ExportConfig
from sambodhan_assets.domain.dataset.cleaning import CLEANER_VERSION
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.build import Selection, WrittenRows, write_rows
from sambodhan_assets.domain.export.config_lock import LOCK_NAME, UNKNOWN, ConfigLock
from sambodhan_assets.domain.export.exclusions import Exclusions
from sambodhan_assets.domain.export.files import name_data, report_name, seal
from sambodhan_assets.domain.export.manifest import (
    ExportManifest,
    Origin,
    content_hash,
)
from sambodhan_assets.domain.export.origin_verdicts import PrivacyByOrigin
from sambodhan_assets.domain.export.protection import Protection
from sambodhan_assets.domain.export.verify import verify_export
from sambodhan_assets.domain.export.versioning import next_version
from sambodhan_assets.domain.privacy.redaction import REDACTOR_VERSION, PiiPolicy
from sambodhan_assets.domain.qa.measures import QA_SEED, ExportMeasures, QaInputs, export_measures
from sambodhan_assets.domain.qa.report import QaReport, qa_report, report_without_qa
from sambodhan_assets.domain.qa.report_page import html_page
from sambodhan_assets.domain.qa.thresholds import thresholds_with
from sambodhan_assets.domain.qa.verdicts import Threshold

QA_NOT_RUN = "QA was not run: the configuration says quality: false"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Written rows that have no version yet.

    Attributes:
        folder: Holds the data files.
        rows: What was written.
        lock: What it was made with.
        git: The program's checkout.
        report: QA report without a version.
        origins: Where rows came from.
        content_hash: Digest of rows and formats.
    """

    folder: Path
    rows: WrittenRows
    lock: ConfigLock
    git: GitState
    report: QaReport
    origins: tuple[Origin, ...]
    content_hash: str


def allowed_checkout(config: ExportConfig, options: ExportOptions) -> GitState:
    """The program's checkout.

    Raises:
        PermanentError: It has changes that are not committed, and nobody allowed that.
    """
    git = options.git()
    if git.dirty and not (config.allow_dirty or options.allow_dirty):
        raise PermanentError(
            tried="Locking the configuration of an export",
            found=f"the source tree at {git.sha} has changes that are not committed, so nobody "
            "could make this export again.",
            todo="Commit them, or allow it with allow_dirty: true or ALLOW_DIRTY=true; the manifest"
            " then marks the export.",
        )
    return git


def write_draft(
    inputs: ExportInputs,
    folder: Path,
    config: ExportConfig,
    options: ExportOptions,
    git: GitState,
    qa: QaInputs | None,
) -> Draft:
    """Writes the rows in one pass that also measures them; `qa` is None where QA is not run."""
    limits, exclusions = thresholds_with(config.thresholds), Exclusions()
    protect = Protection(policy=PiiPolicy(options.pii_policy), exclusions=exclusions)
    privacy = PrivacyByOrigin(protect.scan)
    measured = None if qa is None else export_measures(privacy, exclusions, qa)
    lock = _lock(inputs, config, options, git)
    rows = write_rows(
        inputs.batches(exclusions),
        folder,
        Selection(target_samples=config.target_samples, seed=config.seed, formats=config.formats),
        protect=protect,
        measures=[] if measured is None else measured.measures,
        exclusions=exclusions,
    )
    return Draft(
        folder=folder,
        rows=rows,
        lock=lock,
        git=git,
        report=_report(rows, options, measured, limits),
        origins=_origins(lock, rows, exclusions, privacy, limits if config.quality else ()),
        content_hash=content_hash(rows.rows_digest, config.formats),
    )


def version_of(draft: Draft, wanted: str, newest: ExportManifest | None) -> str:
    """The version of a draft: the one that was wanted, the newest if it is equal, or the next."""
    if wanted:
        return wanted
    if (
        newest is not None
        and newest.content_hash == draft.content_hash
        and not measured_for_the_first_time(draft, newest)
    ):
        return newest.version
    changed = newest is not None and newest.inputs_hash != draft.lock.inputs_hash
    return next_version(None if newest is None else newest.version, data_changed=changed)


def measured_for_the_first_time(draft: Draft, there: ExportManifest) -> bool:
    """Whether a draft has a QA report and an export that exists was made without one."""
    return draft.report.not_run is None and not there.qa.get("run")


def finish(draft: Draft, version: str, *, run_id: str) -> ExportManifest:
    """Completes the folder of a draft and verifies it as any reader would."""
    # Arrow keeps what the measures have freed, and verifying reads everything again.
    pa.default_memory_pool().release_unused()
    name_data(draft.rows, version)
    folder = draft.folder
    (folder / LOCK_NAME).write_text(draft.lock.to_json(), encoding="utf-8")
    report = replace(draft.report, version=version)
    if report.not_run is None:
        page = html_page(report)
        (folder / report_name(version, "json")).write_text(report.to_json(), encoding="utf-8")
        (folder / report_name(version, "html")).write_text(page, encoding="utf-8")
    manifest = ExportManifest(
        version=version,
        created_at=report.created_at,
        run_id=run_id,
        tasks={dataset.task: dataset.labels for dataset in draft.lock.datasets},
        rows=draft.rows.rows,
        content_hash=draft.content_hash,
        inputs_hash=draft.lock.inputs_hash,
        config_lock_sha256="",
        git_dirty=draft.git.dirty,
        files={},
        origins=draft.origins,
        qa={"run": report.not_run is None, "note": report.not_run}
        | {"verdicts": {v.threshold.metric: v.status.value for v in report.verdicts}},
    )
    seal(folder, manifest)
    return verify_export(folder).manifest


def _report(
    rows: WrittenRows,
    options: ExportOptions,
    measured: ExportMeasures | None,
    limits: Sequence[Threshold],
) -> QaReport:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if measured is None:
        return report_without_qa(version="", created_at=now, rows=rows.rows, reason=QA_NOT_RUN)
    return qa_report(
        version="",
        created_at=now,
        rows=rows.rows,
        qa_sample=options.qa_sample,
        sections=measured.sections(),
        thresholds=limits,
        profile=measured.profile().to_fields(),
    )


def _lock(
    inputs: ExportInputs, config: ExportConfig, options: ExportOptions, git: GitState
) -> ConfigLock:
    environment = code_environment()
    chosen = config.model_dump(exclude={"sources"})
    return ConfigLock(
        git={"sha": git.sha or UNKNOWN, "branch": git.branch or UNKNOWN, "dirty": git.dirty},
        config=chosen,
        seeds={"target_samples": config.seed, "quality": QA_SEED},
        settings=options.snapshot,
        datasets=inputs.datasets(),
        sources=inputs.sources(),
        algorithms={"cleaner": CLEANER_VERSION, "redactor": REDACTOR_VERSION},
        environment={name: environment[name] for name in ("python", "platform", "libraries")},
    )


def _origins(
    lock: ConfigLock,
    rows: WrittenRows,
    exclusions: Exclusions,
    privacy: PrivacyByOrigin,
    thresholds: Sequence[Threshold],
) -> tuple[Origin, ...]:
    hashes = {dataset.origin: dataset.content_hash for dataset in lock.datasets}
    hashes |= {source.name: source.sha256 for source in lock.sources}
    return tuple(
        Origin(
            name=name,
            content_hash=digest,
            rows=rows.rows_by_origin[name],
            excluded=exclusions.of(name),
            verdicts=privacy.verdicts(name, exclusions, thresholds),
        )
        for name, digest in hashes.items()
    )
