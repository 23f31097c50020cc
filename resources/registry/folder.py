"""The folder registry: versions in any fsspec location, published by rename or exclusive create.

{url}/{kind}s/{name}/versions/{tag}/...        files of a version, manifest.json among them
{url}/{kind}s/{name}/deployments/000001.json   moves of the pointer; the highest serves
"""

import hashlib
import json
import shutil
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from pydantic import Field

from resources.registry.base import Deployment, Publication, Registry, Repository, Version
from resources.registry.staging import add_manifest, copy_finished
from resources.registry.storage import (
    copy_folder,
    create_exclusively,
    rename_exclusively,
    storage_errors,
)
from resources.scratch import scratch_folder
from sambodhan_assets.domain.errors import PermanentError, TransientError
from sambodhan_assets.domain.manifest import (
    MANIFEST_NAME,
    Manifest,
    file_entries,
    verify_folder,
)
from sambodhan_assets.domain.version_tags import is_tag, next_tag

_RESERVED = ".reserved"


class FolderRegistry(Registry):
    """Registry in a folder or bucket; the default, with no account anywhere."""

    url: str = Field(description="Folder or fsspec URL (s3://, gs://) that holds all versions.")

    def publish(self, repository: Repository, folder: Path, publication: Publication) -> Version:
        """See `Registry.publish`."""
        fs, root = self._open(repository)
        with storage_errors(f"Publishing a version of {repository} to {self.url}"):
            taken = [name for name in self._names(fs, f"{root}/versions") if is_tag(name)]
            tag = next_tag(datetime.now(UTC), max(taken, default=None))
            with scratch_folder() as scratch:
                staged = scratch / tag
                copy_finished(folder, staged, tag, publication)
                parent = max(self._complete(fs, root), default=None)
                add_manifest(repository, staged, tag, publication, parent=parent)
                try:
                    self._place(fs, staged, f"{root}/versions/{tag}")
                except FileExistsError as error:
                    raise TransientError(
                        tried=f"Publishing {repository}@{tag}",
                        found="another run published under this tag at the same time.",
                        todo="Run again; a new tag will be taken.",
                    ) from error
        version = self.version(repository, tag)
        with self.fetched(version):  # read back and verified: only then does it count
            return version

    def tags(self, repository: Repository) -> list[str]:
        """See `Registry.tags`."""
        fs, root = self._open(repository)
        with storage_errors(f"Listing {repository} in {self.url}"):
            return self._complete(fs, root)

    def version(self, repository: Repository, tag: str) -> Version:
        """See `Registry.version`."""
        fs, root = self._open(repository)
        origin = f"{self.url}: {repository}@{tag}"
        with storage_errors(f"Reading {origin}"):
            try:
                text = _read(fs, f"{root}/versions/{tag}/{MANIFEST_NAME}")
            except FileNotFoundError as error:
                known = self._complete(fs, root)
                raise PermanentError(
                    tried=f"Reading {origin}",
                    found=f"there is no such version; published are {', '.join(known) or 'none'}.",
                    todo="Name one of these.",
                ) from error
        return Version(
            repository=repository,
            tag=tag,
            revision=hashlib.sha256(text.encode()).hexdigest(),
            manifest=Manifest.from_json(text, origin=origin),
        )

    def download(self, version: Version, folder: Path) -> None:
        """See `Registry.download`."""
        fs, root = self._open(version.repository)
        with storage_errors(f"Downloading {version.repository}@{version.tag}"):
            for name in (*version.manifest.files, MANIFEST_NAME):
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    fs.get_file(f"{root}/versions/{version.tag}/{name}", str(target))
                except FileNotFoundError:
                    continue  # verify_folder names what is missing
        verify_folder(folder, version.manifest)

    def deployments(self, repository: Repository) -> list[Deployment]:
        """See `Registry.deployments`."""
        fs, root = self._open(repository)
        with storage_errors(f"Reading the deployments of {repository}"):
            names = self._names(fs, f"{root}/deployments")
            moves = sorted(name for name in names if name.endswith(".json"))
            texts = [_read(fs, f"{root}/deployments/{move}") for move in moves]
        return [Deployment(**json.loads(text)) for text in texts]

    def move_pointer(self, repository: Repository, deployment: Deployment) -> None:
        """See `Registry.move_pointer`."""
        fs, root = self._open(repository)
        self.version(repository, deployment.tag)
        path = f"{root}/deployments/{deployment.sequence:06d}.json"
        with storage_errors(f"Deploying {repository}@{deployment.tag}"):
            try:
                create_exclusively(fs, path, json.dumps(asdict(deployment), indent=2).encode())
            except FileExistsError as error:
                raise TransientError(
                    tried=f"Deploying {repository}@{deployment.tag}",
                    found=f"move {deployment.sequence} of the pointer was made by another run.",
                    todo="Look at `sambodhan status`, then decide again.",
                ) from error

    def prune(self, repository: Repository, *, keep: int) -> None:
        """Deletes all but the newest versions of a line of intermediate results."""
        fs, root = self._open(repository)
        with storage_errors(f"Pruning {repository}"):
            for tag in self._complete(fs, root)[:-keep]:
                # The manifest goes first: without it the version does not exist for readers.
                fs.rm_file(f"{root}/versions/{tag}/{MANIFEST_NAME}")
                fs.rm(f"{root}/versions/{tag}", recursive=True)

    def discard(self, repository: Repository) -> None:
        """Deletes a line of versions that nobody needs, and the folder of its kind if empty."""
        fs, root = self._open(repository)
        with storage_errors(f"Deleting {repository}"):
            fs.rm(root, recursive=True)
            kind = root.rpartition("/")[0]
            # Object stores have no empty folders.
            if isinstance(fs, LocalFileSystem) and not self._names(fs, kind):
                fs.rmdir(kind)

    def _open(self, repository: Repository) -> tuple[AbstractFileSystem, str]:
        options: dict[str, Any] = {} if "://" not in self.url else {"use_listings_cache": False}
        fs, root = url_to_fs(self.url, **options)
        return fs, f"{root.rstrip('/')}/{repository.kind}s/{repository.name}"

    @staticmethod
    def _names(fs: AbstractFileSystem, folder: str) -> list[str]:
        fs.invalidate_cache()
        try:
            return [entry.rstrip("/").rsplit("/", 1)[-1] for entry in fs.ls(folder, detail=False)]
        except FileNotFoundError:
            return []  # object stores and new registries have no empty folders

    def _complete(self, fs: AbstractFileSystem, root: str) -> list[str]:
        names = (name for name in self._names(fs, f"{root}/versions") if is_tag(name))
        return sorted(n for n in names if fs.exists(f"{root}/versions/{n}/{MANIFEST_NAME}"))

    @staticmethod
    def _place(fs: AbstractFileSystem, staged: Path, target: str) -> None:
        if isinstance(fs, LocalFileSystem):
            # Staged beside the target: a rename across file systems is not atomic.
            beside = Path(target).parent.parent / "staging" / uuid.uuid4().hex
            try:
                copy_folder(staged, beside)
                rename_exclusively(beside, Path(target))
            finally:
                shutil.rmtree(beside, ignore_errors=True)
            return
        # The reservation keeps two publishers from writing under one tag; the manifest, last and
        # exclusive, makes the version visible.
        create_exclusively(fs, f"{target}/{_RESERVED}", b"")
        for name in file_entries(staged):
            fs.put_file(str(staged / name), f"{target}/{name}")
        create_exclusively(fs, f"{target}/{MANIFEST_NAME}", (staged / MANIFEST_NAME).read_bytes())


def _read(fs: AbstractFileSystem, path: str) -> str:
    return bytes(fs.cat_file(path)).decode("utf-8")  # pyright: ignore[reportArgumentType]
