"""Exports in a folder of this machine: staged beside and renamed, so a version appears at once."""

import shutil
import time
import uuid
from pathlib import Path

from pydantic import Field

from resources.exports.base import ExportStore, different_content, no_such_file, no_such_version
from resources.registry.storage import copy_folder, rename_exclusively, storage_errors
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.manifest import ExportManifest, manifest_name
from sambodhan_assets.domain.export.versioning import is_version, ordered

_STAGING = ".staging"
# A publisher that was killed leaves its copy; after so long nobody works on it any more.
_STALE_SECONDS = 24 * 3600.0


class LocalExports(ExportStore):
    """The default, with no account anywhere."""

    folder: str = Field(description="Folder of all exports.")

    def place(self) -> str:
        """See `ExportStore.place`."""
        return self.folder

    def versions(self) -> list[str]:
        """See `ExportStore.versions`."""
        with storage_errors(f"Listing the exports in {self.folder}"):
            try:
                names = [path.name.removeprefix("v") for path in Path(self.folder).glob("v*")]
            except FileNotFoundError:
                return []
            known = [name for name in names if is_version(name)]
            return ordered(name for name in known if self._manifest_path(name).exists())

    def manifest(self, version: str) -> ExportManifest:
        """See `ExportStore.manifest`."""
        path = self._manifest_path(version)
        with storage_errors(f"Reading {path}"):
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
            except FileNotFoundError as error:
                raise no_such_version(version, self.place(), self.versions()) from error
        return ExportManifest.from_json(text, origin=str(path))

    def publish(self, folder: Path, version: str) -> str:
        """See `ExportStore.publish`."""
        target = self._path(version)
        text = (folder / manifest_name(version)).read_text(encoding="utf-8")
        mine = ExportManifest.from_json(text, origin=str(folder))
        with storage_errors(f"Publishing the export {version} to {self.folder}"):
            self._remove_stale()
            beside = Path(self.folder) / _STAGING / uuid.uuid4().hex
            try:
                if not self._manifest_path(version).exists():
                    copy_folder(folder, beside)
                    rename_exclusively(beside, target)
            except FileExistsError as error:
                if not self._manifest_path(version).exists():
                    raise _in_the_way(target) from error
            finally:
                shutil.rmtree(beside, ignore_errors=True)
        if self.manifest(version).content_hash != mine.content_hash:
            raise different_content(version, self.place())
        return str(target)

    def fetch(self, version: str, folder: Path) -> None:
        """See `ExportStore.fetch`."""
        with storage_errors(f"Fetching the export {version} from {self.folder}"):
            if not self._manifest_path(version).exists():
                raise no_such_version(version, self.place(), self.versions())
            copy_folder(self._path(version), folder)

    def read_file(self, version: str, name: str) -> bytes:
        """See `ExportStore.read_file`."""
        path = self._path(version) / name
        with storage_errors(f"Reading {path}"):
            try:
                return path.read_bytes()
            except FileNotFoundError as error:
                self.manifest(version)
                raise no_such_file(version, self.place(), name) from error

    def _path(self, version: str) -> Path:
        return Path(self.folder) / f"v{version}"

    def _manifest_path(self, version: str) -> Path:
        return self._path(version) / manifest_name(version)

    def _remove_stale(self) -> None:
        for left in (Path(self.folder) / _STAGING).glob("*"):
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def _in_the_way(target: Path) -> PermanentError:
    return PermanentError(
        tried=f"Publishing an export to {target}",
        found="this folder exists and holds no manifest, so it is no export of this program.",
        todo="Move it away, then export again.",
    )
