"""Stores of exports on buckets, and sealed exports to publish."""

from datetime import UTC, datetime
from pathlib import Path

from resources.exports.gcs import GcsExports
from resources.exports.s3 import S3Exports
from sambodhan_assets.domain.export.config_lock import LOCK_NAME
from sambodhan_assets.domain.export.files import seal
from sambodhan_assets.domain.export.manifest import ExportManifest, content_hash
from tests.object_stores import gcs_bucket, gcs_server, s3_bucket, s3_server  # noqa: F401


def s3_exports(endpoint: str, bucket: str, **overrides) -> S3Exports:
    fields = {"region": "us-east-1", "access_key_id": "testing", "secret_access_key": "testing"}
    place = {"bucket": bucket, "prefix": "exports", "endpoint_url": endpoint}
    return S3Exports(**{**fields, **place, **overrides})


def gcs_exports(endpoint: str, bucket: str, **overrides) -> GcsExports:
    place = {"bucket": bucket, "prefix": "exports", "endpoint_url": endpoint}
    return GcsExports(**{**place, **overrides})


def open_store(request):
    if request.param == "s3":
        bucket = request.getfixturevalue("s3_bucket").removeprefix("s3://")
        return s3_exports(request.getfixturevalue("s3_server"), bucket)
    bucket = request.getfixturevalue("gcs_bucket")
    return gcs_exports(request.getfixturevalue("gcs_server"), bucket)


def make_export(folder: Path, version: str, rows: str = "one\ntwo\n", run_id: str = "run-1"):
    """A sealed export; the store does not look into its files."""
    folder.mkdir(parents=True)
    (folder / f"dataset_v{version}.jsonl").write_text(rows, encoding="utf-8")
    (folder / LOCK_NAME).write_text("{}\n", encoding="utf-8")
    manifest = ExportManifest(
        version=version,
        created_at=datetime.now(UTC).isoformat(),
        run_id=run_id,
        tasks={"urgency": ["NORMAL", "URGENT"]},
        rows=2,
        content_hash=content_hash(rows, ["jsonl"]),
        inputs_hash="0" * 64,
        config_lock_sha256="",
        git_dirty=None,
        files={},
        origins=(),
    )
    seal(folder, manifest)
    return folder
