"""The files of an export around its data: lock, report, manifest and checksums."""

from dataclasses import replace
from pathlib import Path

from sambodhan_assets.domain.export.build import WrittenRows
from sambodhan_assets.domain.export.checksums import CHECKSUMS_NAME, checksums_text, digest_of
from sambodhan_assets.domain.export.config_lock import LOCK_NAME
from sambodhan_assets.domain.export.manifest import ExportManifest, manifest_name
from sambodhan_assets.domain.manifest import FileEntry


def data_name(version: str, form: str) -> str:
    """File name of the rows in one format."""
    return f"dataset_v{version}.{form}"


def report_name(version: str, form: str) -> str:
    """File name of the QA report, json or html."""
    return f"qa_report_v{version}.{form}"


def name_data(rows: WrittenRows, version: str) -> None:
    """Gives the data files the name of their version."""
    for form, path in rows.paths.items():
        path.rename(path.with_name(data_name(version, form)))


def seal(folder: Path, manifest: ExportManifest) -> ExportManifest:
    """Completes an export: lists its files in the manifest, then writes that and the checksums.

    Args:
        folder: All other files of the export and nothing else.
        manifest: With everything but `files` and `config_lock_sha256`.
    """
    rows = {
        data_name(manifest.version, form): manifest.rows for form in ("jsonl", "parquet", "csv")
    }
    files = {
        path.name: FileEntry(
            sha256=digest_of(path), size=path.stat().st_size, rows=rows.get(path.name)
        )
        for path in sorted(folder.iterdir())
    }
    sealed = replace(manifest, files=files, config_lock_sha256=files[LOCK_NAME].sha256)
    path = folder / manifest_name(manifest.version)
    path.write_text(sealed.to_json(), encoding="utf-8")
    digests = {name: entry.sha256 for name, entry in files.items()} | {path.name: digest_of(path)}
    (folder / CHECKSUMS_NAME).write_text(checksums_text(digests), encoding="utf-8")
    return sealed
