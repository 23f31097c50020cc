"""Settings of dataset exports; resources/profiles.py reads them together with all others."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings


class ExportSettings(BaseSettings):
    """Where exports lie and what may stand in them. Each field is checked against those before."""

    dataset_storage_backend: Literal["local", "s3", "gcs"] = Field(
        "local", description="Where exports are published."
    )
    dataset_storage_local_path: Path | None = Field(
        None, description="Folder of the backend local; unset: SAMBODHAN_HOME."
    )
    dataset_exports_prefix: str = Field("exports", description="Folder of exports in the storage.")
    dataset_s3_bucket: str | None = Field(
        None, validate_default=True, description="Bucket of the backend s3."
    )
    dataset_s3_region: str | None = Field(None, description="Its region; unset: as the SDK finds.")
    dataset_s3_endpoint_url: str | None = Field(
        None, description="Address of an S3-compatible service; unset: AWS."
    )
    dataset_s3_access_key_id: SecretStr | None = Field(
        None, description="Access key; unset: AWS_* variables, profile or instance role."
    )
    dataset_s3_secret_access_key: SecretStr | None = Field(
        None, validate_default=True, description="Secret of that key."
    )
    dataset_gcs_bucket: str | None = Field(
        None, validate_default=True, description="Bucket of the backend gcs."
    )
    dataset_gcs_project_id: str | None = Field(
        None, description="Its project; unset: that of the credentials."
    )
    dataset_gcs_credentials_path: Path | None = Field(
        None,
        description="Key file of a service account; unset: GOOGLE_APPLICATION_CREDENTIALS or role.",
    )
    dataset_gcs_endpoint_url: str | None = Field(
        None, description="Address of a GCS-compatible service; unset: Google."
    )
    pii_policy: Literal["redact", "drop", "report"] = Field(
        "redact", description="What becomes of personal data in datasets and exports."
    )
    qa_sample: int = Field(
        50_000, ge=100, description="Rows on which near-duplicates and label errors are measured."
    )
    reviewers: str | None = Field(
        None, description="People who answer for the crisis lexicon, separated by commas."
    )
    allow_dirty: bool | None = Field(
        None, description="Export from a source tree with uncommitted changes; unset: refused."
    )

    @field_validator("dataset_s3_bucket", "dataset_gcs_bucket")
    @classmethod
    def _is_there_for_its_backend(cls, bucket: str | None, info: ValidationInfo) -> str | None:
        backend = str(info.field_name).split("_")[1]
        if bucket is None and info.data.get("dataset_storage_backend") == backend:
            raise ValueError(f"must be set, because DATASET_STORAGE_BACKEND is {backend}")
        return bucket

    @field_validator("dataset_s3_secret_access_key")
    @classmethod
    def _belongs_to_the_key(
        cls, secret: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if (secret is None) != (info.data.get("dataset_s3_access_key_id") is None):
            raise ValueError("must be set together with DATASET_S3_ACCESS_KEY_ID")
        return secret

    @field_validator("dataset_s3_endpoint_url", "dataset_gcs_endpoint_url")
    @classmethod
    def _is_a_storage_address(cls, address: str | None) -> str | None:
        if address is not None and not address.startswith(("http://", "https://")):
            raise ValueError("must be an http or https address")
        return address

    @field_validator("dataset_exports_prefix")
    @classmethod
    def _is_a_path(cls, prefix: str) -> str:
        parts = prefix.split("/")
        if not all(parts) or ".." in parts:
            raise ValueError("must be a relative path such as exports or team/exports")
        return prefix
