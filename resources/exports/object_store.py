"""Exports in a bucket: data first, read back, the manifest last and exclusively.

An object store renames nothing, so a version is what has a manifest. A claim keeps two publishers
of one version apart; what a killed one left behind is overwritten.
"""

import hashlib
import json
import socket
from abc import abstractmethod
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from fsspec import AbstractFileSystem
from pydantic import Field

from resources.exports.base import (
    ExportStore,
    different_content,
    no_such_file,
    no_such_version,
)
from resources.exports.cloud_errors import cloud_errors
from sambodhan_assets.domain.errors import PermanentError, TransientError
from sambodhan_assets.domain.export.checksums import CHECKSUMS_NAME, digest_of
from sambodhan_assets.domain.export.manifest import ExportManifest, manifest_name
from sambodhan_assets.domain.export.versioning import is_version, ordered

CLAIM_NAME = ".publishing"
# A publisher renews its claim with every file; after so long it works no more.
CLAIM_LASTS = timedelta(hours=1)
_BLOCK = 1 << 20


class BucketExports(ExportStore):
    """What S3 and GCS share."""

    bucket: str = Field(description="Bucket, without the scheme.")
    prefix: str = Field(description="Folder of all exports in the bucket.")
    home: str = Field(default="", description="State of this installation: tells publishers apart.")

    @abstractmethod
    def file_system(self) -> AbstractFileSystem:
        """A client without a cache of listings."""

    def versions(self) -> list[str]:
        """See `ExportStore.versions`."""
        with cloud_errors(f"Listing the exports in {self.place()}", self.place()):
            fs = self._open()
            found = fs.glob(f"{self._root}/v*/{manifest_name('*')}")
            named = (PurePosixPath(str(path)) for path in found)
            return ordered(
                version
                for path in named
                if is_version(version := path.parent.name.removeprefix("v"))
                and path.name == manifest_name(version)
            )

    def manifest(self, version: str) -> ExportManifest:
        """See `ExportStore.manifest`."""
        with cloud_errors(f"Reading the export {version} in {self.place()}", self.place()):
            fs = self._open()
            try:
                text = _read(fs, self._path(version, manifest_name(version)))
            except FileNotFoundError as error:
                raise no_such_version(version, self.place(), self.versions()) from error
        origin = f"{self.place()}/v{version}"
        return ExportManifest.from_json(text.decode(errors="replace"), origin=origin)

    def publish(self, folder: Path, version: str) -> str:
        """See `ExportStore.publish`."""
        text = (folder / manifest_name(version)).read_text(encoding="utf-8")
        mine = ExportManifest.from_json(text, origin=str(folder))
        with cloud_errors(f"Publishing the export {version} to {self.place()}", self.place()):
            fs = self._open()
            if not fs.exists(self._path(version, manifest_name(version))):
                with self._claimed(fs, version, mine.run_id):
                    self._upload(fs, folder, version, mine)
        if self.manifest(version).content_hash != mine.content_hash:
            raise different_content(version, self.place())
        return f"{self.place()}/v{version}"

    def fetch(self, version: str, folder: Path) -> None:
        """See `ExportStore.fetch`."""
        manifest = self.manifest(version)
        with cloud_errors(f"Fetching the export {version} from {self.place()}", self.place()):
            fs = self._open()
            for name in (*manifest.files, manifest_name(version), CHECKSUMS_NAME):
                try:
                    fs.get_file(self._path(version, name), str(folder / name))
                except FileNotFoundError:
                    (folder / name).unlink(missing_ok=True)  # verifying names what is missing

    def read_file(self, version: str, name: str) -> bytes:
        """See `ExportStore.read_file`."""
        with cloud_errors(f"Reading the export {version} in {self.place()}", self.place()):
            fs = self._open()
            try:
                return _read(fs, self._path(version, name))
            except FileNotFoundError as error:
                self.manifest(version)
                raise no_such_file(version, self.place(), name) from error

    @property
    def _root(self) -> str:
        return f"{self.bucket}/{self.prefix}"

    def _path(self, version: str, name: str) -> str:
        return f"{self._root}/v{version}/{name}"

    def _open(self) -> AbstractFileSystem:
        """The client, once it is known that there is a bucket: none is not an empty one."""
        fs = self.file_system()
        try:
            fs.info(self.bucket)
        except FileNotFoundError as error:
            raise PermanentError(
                tried=f"Opening {self.place()}",
                found=f"there is no bucket {self.bucket}, or these credentials may not see it.",
                todo="Create the bucket, or correct its name in the settings.",
            ) from error
        return fs

    def _upload(
        self, fs: AbstractFileSystem, folder: Path, version: str, mine: ExportManifest
    ) -> None:
        names = [*mine.files, CHECKSUMS_NAME]
        for name in names:
            self._renew(fs, version, mine.run_id)
            fs.put_file(str(folder / name), self._path(version, name))
        self._remove_left_over(fs, version, {*names, CLAIM_NAME})
        self._compare(fs, folder, version, names)
        manifest = (folder / manifest_name(version)).read_bytes()
        self._renew(fs, version, mine.run_id)
        try:
            fs.pipe_file(self._path(version, manifest_name(version)), manifest, mode="create")
        except FileExistsError:
            return  # another one was faster; the caller compares the content

    def _compare(
        self, fs: AbstractFileSystem, folder: Path, version: str, names: Iterable[str]
    ) -> None:
        """Reads everything back: what counts is what a reader gets."""
        damaged = [
            name
            for name in names
            if _remote_digest(fs, self._path(version, name)) != digest_of(folder / name)
        ]
        if damaged:
            raise TransientError(
                tried=f"Reading back the export {version} from {self.place()}",
                found=f"{', '.join(damaged)} differ from what was sent; it is not visible.",
                todo="Run again.",
            )

    def _remove_left_over(self, fs: AbstractFileSystem, version: str, names: set[str]) -> None:
        """What a killed publisher of other formats left under this version."""
        for path in fs.find(f"{self._root}/v{version}"):
            if PurePosixPath(str(path)).name not in names:
                fs.rm_file(path)

    @contextmanager
    def _claimed(self, fs: AbstractFileSystem, version: str, run_id: str) -> Generator[None]:
        """Keeps other publishers of this version away."""
        path = self._path(version, CLAIM_NAME)
        held = self._held(fs, version)
        if held:
            self._require_abandoned(held, version)
        with suppress(FileExistsError):  # whose claim stands is read next
            fs.pipe_file(path, self._claim(run_id), mode="overwrite" if held else "create")
        self._require_mine(fs, version, run_id)
        yield
        fs.rm_file(path)

    def _renew(self, fs: AbstractFileSystem, version: str, run_id: str) -> None:
        self._require_mine(fs, version, run_id)
        fs.pipe_file(self._path(version, CLAIM_NAME), self._claim(run_id))

    def _claim(self, run_id: str) -> bytes:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return json.dumps({"publisher": self._publisher, "run_id": run_id, "at": now}).encode()

    @property
    def _publisher(self) -> str:
        """This installation. A lease lets one run of it export at a time."""
        place = f"{socket.gethostname()}:{self.home}"
        return hashlib.sha256(place.encode()).hexdigest()[:16]

    def _held(self, fs: AbstractFileSystem, version: str) -> dict[str, str]:
        try:
            return json.loads(_read(fs, self._path(version, CLAIM_NAME)))
        except FileNotFoundError:
            return {}

    def _require_abandoned(self, claim: dict[str, str], version: str) -> None:
        """A claim of this installation is that of a killed run; another's is, once it is old."""
        if claim["publisher"] == self._publisher:
            return
        free_at = datetime.fromisoformat(claim["at"]) + CLAIM_LASTS
        if free_at > datetime.now(UTC):
            raise TransientError(
                tried=f"Publishing the export {version} to {self.place()}",
                found=f"run {claim['run_id']} of another machine publishes this version.",
                todo=f"Let it finish; if it was killed, run again after {free_at.isoformat()}.",
            )

    def _require_mine(self, fs: AbstractFileSystem, version: str, run_id: str) -> None:
        holder = self._held(fs, version).get("run_id", "nobody")
        if holder != run_id:
            raise TransientError(
                tried=f"Publishing the export {version} to {self.place()}",
                found=f"its claim was taken by {holder}; nothing of this run is visible.",
                todo="Let the other run finish, then run again.",
            )


def _read(fs: AbstractFileSystem, path: str) -> bytes:
    return bytes(fs.cat_file(path))  # pyright: ignore[reportArgumentType]


def _remote_digest(fs: AbstractFileSystem, path: str) -> str:
    digest = hashlib.sha256()
    with fs.open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)  # pyright: ignore[reportArgumentType]
    return digest.hexdigest()


def missing_package(package: str, extra: str, error: ImportError) -> PermanentError:
    """The error of a backend whose client is not installed."""
    problem: dict[str, Any] = {
        "tried": "Opening the storage of exports",
        "found": f"the package {package} is not installed ({error.name}).",
        "todo": f"Install it: pip install '.[{extra}]'.",
    }
    return PermanentError(**problem)
