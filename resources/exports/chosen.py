"""Builds the export store that DATASET_STORAGE_BACKEND names."""

import json
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from resources.export_options import ExportOptions
from resources.exports.base import ExportStore
from resources.exports.local import LocalExports
from resources.masking import mask
from resources.profiles import Settings
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.versioning import is_version


def build_export_store(settings: Settings, *, key: str, secret: str) -> ExportStore:
    """The store of all exports.

    Args:
        settings: Settings of this process.
        key: Access key of S3, or the name of its variable; used where one is set.
        secret: Its secret in the same form.
    """
    prefix = settings.dataset_exports_prefix
    if settings.dataset_storage_backend == "s3":
        return _s3(settings, str(settings.dataset_s3_bucket), prefix, key=key, secret=secret)
    if settings.dataset_storage_backend == "gcs":
        return _gcs(settings, str(settings.dataset_gcs_bucket), prefix)
    return LocalExports(folder=local_folder(settings))


def open_export_store(settings: Settings) -> ExportStore:
    """The store of all exports for use outside of Dagster runs."""
    key, secret = _s3_key(settings)
    return build_export_store(settings, key=key, secret=secret)


def open_store_at(address: str, settings: Settings) -> tuple[ExportStore, str]:
    """The store that an address of one version lies in, and the version.

    Args:
        address: Such as s3://bucket/exports/v0.1.0; gs:// and file:// are known too.
        settings: Credentials and endpoints.

    Raises:
        PermanentError: It is no such address.
    """
    parts = urlsplit(address)
    path, _, last = parts.path.strip("/").rpartition("/")
    version = last.removeprefix("v")
    if (
        parts.scheme not in ("s3", "gs", "gcs", "file")
        or not is_version(version)
        or last == version
    ):
        raise PermanentError(
            tried=f"Opening the export {mask(address)}",
            found="this is no address of one version.",
            todo="Write one such as s3://bucket/exports/v0.1.0, gs://... or file://...",
        )
    if parts.scheme == "s3":
        key, secret = _s3_key(settings)
        return _s3(settings, parts.netloc, path, key=key, secret=secret), version
    if parts.scheme == "file":
        return LocalExports(folder=f"/{path}"), version
    return _gcs(settings, parts.netloc, path), version


def _s3(settings: Settings, bucket: str, prefix: str, *, key: str, secret: str) -> ExportStore:
    # Here, because the clients of the object stores are extras.
    from resources.exports.s3 import S3Exports

    return S3Exports(
        bucket=bucket,
        prefix=prefix,
        home=str(settings.home),
        region=settings.dataset_s3_region,
        endpoint_url=settings.dataset_s3_endpoint_url,
        access_key_id=key if settings.dataset_s3_access_key_id else "",
        secret_access_key=secret if settings.dataset_s3_secret_access_key else "",
    )


def _gcs(settings: Settings, bucket: str, prefix: str) -> ExportStore:
    from resources.exports.gcs import GcsExports

    credentials = settings.dataset_gcs_credentials_path
    return GcsExports(
        bucket=bucket,
        prefix=prefix,
        home=str(settings.home),
        project_id=settings.dataset_gcs_project_id or "",
        credentials_path=credentials and str(credentials),
        endpoint_url=settings.dataset_gcs_endpoint_url,
    )


def _s3_key(settings: Settings) -> tuple[str, str]:
    return _plain(settings.dataset_s3_access_key_id), _plain(settings.dataset_s3_secret_access_key)


def build_export_options(settings: Settings) -> ExportOptions:
    """What exports see of the settings."""
    return ExportOptions(
        home=str(settings.home),
        local_folder=local_folder(settings),
        pii_policy=settings.pii_policy,
        qa_sample=settings.qa_sample,
        reviewers=settings.reviewers or "",
        allow_dirty=bool(settings.allow_dirty),
        settings_json=json.dumps(settings_snapshot(settings), sort_keys=True),
    )


def local_folder(settings: Settings) -> str:
    """Folder of exports on this machine."""
    root = settings.dataset_storage_local_path or settings.home
    return str(root.expanduser().absolute() / settings.dataset_exports_prefix)


def settings_snapshot(settings: Settings) -> dict[str, Any]:
    """All settings by the names of their variables; of secrets only whether they are set."""
    values = {name.upper(): getattr(settings, name) for name in type(settings).model_fields}
    return {name: _shown(value) for name, value in sorted(values.items())}


def _shown(value: object) -> object:
    if isinstance(value, SecretStr):
        return "set, not shown"
    if value is None or isinstance(value, bool | int | float):
        return value
    # An address may carry a password.
    return mask(str(value))


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
