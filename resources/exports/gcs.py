"""Exports in Google Cloud Storage."""

import json
from pathlib import Path

from fsspec import AbstractFileSystem
from pydantic import Field

from resources.exports.object_store import BucketExports, missing_package
from sambodhan_assets.domain.errors import PermanentError

_KEY_FIELDS = {"client_email", "private_key", "token_uri"}


class GcsExports(BucketExports):
    """Exports in a bucket of GCS."""

    project_id: str = Field(default="", description="Project; empty: that of the credentials.")
    endpoint_url: str | None = Field(default=None, description="Address; None: Google.")
    credentials_path: str | None = Field(
        default=None,
        description="Key file of a service account; None: GOOGLE_APPLICATION_CREDENTIALS or role.",
    )

    def place(self) -> str:
        """See `ExportStore.place`."""
        return f"gs://{self.bucket}/{self.prefix}"

    def file_system(self) -> AbstractFileSystem:
        """See `BucketExports.file_system`."""
        try:
            # Not the class that the package offers first: that one asks another service by gRPC
            # which kind of bucket this is, and waits a minute where none answers.
            from gcsfs.core import GCSFileSystem
        except ImportError as error:
            raise missing_package("gcsfs", "gcs", error) from error
        return GCSFileSystem(
            project=self.project_id,
            endpoint_url=self.endpoint_url,
            token=self._token(),
            use_listings_cache=False,
        )

    def _token(self) -> str | None:
        if self.credentials_path:
            return _key_file(Path(self.credentials_path))
        # Without encryption it is a stand-in of this machine: no credentials go there.
        plain = self.endpoint_url is not None and self.endpoint_url.startswith("http://")
        return "anon" if plain else "google_default"


def _key_file(path: Path) -> str:
    """The path of a key file that can be one: the client would ask the network about any other.

    Raises:
        PermanentError: It cannot be read, or is no key of a service account.
    """
    try:
        key = json.loads(path.read_text(encoding="utf-8"))
        found = "" if isinstance(key, dict) and set(key) >= _KEY_FIELDS else "it is none."
    except OSError as error:
        found = f"it cannot be read ({error.strerror})."
    except ValueError:
        found = "it is no JSON."
    if found:
        raise PermanentError(
            tried=f"Reading the key file of a service account {path}",
            found=found,
            todo="Correct DATASET_GCS_CREDENTIALS_PATH; a new key is made in the console of GCS.",
        )
    return str(path)
