"""The contract of export stores: versions that are seen whole or not at all, never overwritten."""

from abc import ABC, abstractmethod
from pathlib import Path

import dagster as dg

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.manifest import ExportManifest
from sambodhan_assets.domain.export.versioning import newest_release


class ExportStore(dg.ConfigurableResource, ABC):
    """Exports by version, each a folder `v{version}/` that holds its manifest.

    A version without its manifest does not exist. Every implementation passes
    tests/test_export_store_contract.py.
    """

    @abstractmethod
    def place(self) -> str:
        """Where exports lie, for people; holds no secret."""

    @abstractmethod
    def versions(self) -> list[str]:
        """All complete versions as `ordered` gives them: named ones, then releases.

        Raises:
            PermanentError: The storage refuses, or the bucket is missing; never "no versions".
            TransientError: The storage could not be reached.
        """

    @abstractmethod
    def manifest(self, version: str) -> ExportManifest:
        """The manifest of a version.

        Raises:
            PermanentError: There is no such version, or its manifest is damaged.
        """

    @abstractmethod
    def publish(self, folder: Path, version: str) -> str:
        """Publishes a verified folder: all other files first, the manifest last.

        What a publisher that was killed left behind is no version, and does not stand in the way.

        Args:
            folder: Complete export with its manifest; stays as it is.
            version: Version without the leading "v".

        Returns:
            Location of the version. Where the version exists with the same content, nothing is
            written.

        Raises:
            PermanentError: The version exists with other content, or the storage refuses.
            TransientError: The storage could not be reached; nothing of it is visible.
        """

    @abstractmethod
    def fetch(self, version: str, folder: Path) -> None:
        """Copies the files of a version into an empty folder; the caller verifies them.

        Raises:
            PermanentError: There is no such version.
            TransientError: The storage could not be reached.
        """

    @abstractmethod
    def read_file(self, version: str, name: str) -> bytes:
        """One small file of a version, such as its QA report.

        Raises:
            PermanentError: There is no such version, or no such file in it.
            TransientError: The storage could not be reached.
        """

    def newest(self) -> ExportManifest | None:
        """The highest release; None where there is none. Named versions are no releases."""
        version = newest_release(self.versions())
        return None if version is None else self.manifest(version)

    def existing(self, version: str) -> ExportManifest | None:
        """The manifest of a version, None if it does not exist."""
        return self.manifest(version) if version in self.versions() else None


def different_content(version: str, place: str) -> PermanentError:
    """The error of publishing other content under a version that exists."""
    return PermanentError(
        tried=f"Publishing the export {version} to {place}",
        found="this version exists with other content; a version is never overwritten.",
        todo="Name another version, or leave it empty for the next one.",
    )


def no_such_version(version: str, place: str, known: list[str]) -> PermanentError:
    """The error of reading a version that does not exist."""
    return PermanentError(
        tried=f"Reading the export {version} in {place}",
        found=f"there is no such version; published are {', '.join(known) or 'none'}.",
        todo="Name one of these, or run the job export_dataset.",
    )


def no_such_file(version: str, place: str, name: str) -> PermanentError:
    """The error of reading a file that a version does not have."""
    return PermanentError(
        tried=f"Reading {name} of the export {version} in {place}",
        found="the version exists and has no such file.",
        todo="Verify that export with sambodhan export verify.",
    )
