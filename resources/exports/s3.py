"""Exports in S3, or in a service that speaks its protocol."""

from typing import Any

from fsspec import AbstractFileSystem
from pydantic import Field

from resources.exports.object_store import BucketExports, missing_package

# Seconds; the SDK's own 60 and its retries would let a wrong address cost minutes.
_TIMEOUT = 30


class S3Exports(BucketExports):
    """Exports in a bucket of S3."""

    region: str | None = Field(default=None, description="Region; None: as the SDK finds it.")
    endpoint_url: str | None = Field(default=None, description="Address; None: AWS.")
    access_key_id: str = Field(
        default="", description="Access key; empty: AWS_* variables, profile or instance role."
    )
    secret_access_key: str = Field(default="", description="Its secret.")

    def place(self) -> str:
        """See `ExportStore.place`."""
        return f"s3://{self.bucket}/{self.prefix}"

    def file_system(self) -> AbstractFileSystem:
        """See `BucketExports.file_system`."""
        try:
            from s3fs import S3FileSystem
        except ImportError as error:
            raise missing_package("s3fs", "s3", error) from error
        client: dict[str, Any] = {"region_name": self.region} if self.region else {}
        return S3FileSystem(
            key=self.access_key_id or None,
            secret=self.secret_access_key or None,
            endpoint_url=self.endpoint_url,
            client_kwargs=client,
            config_kwargs={"connect_timeout": _TIMEOUT, "read_timeout": _TIMEOUT},
            use_listings_cache=False,
        )
