"""The registry contract: immutable versions under tags, and a pointer to the one that serves."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg

from resources.scratch import scratch_folder
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.manifest import Manifest

# The action of the first move where another program made it.
ADOPTION = "adopt"
# In the details of a version that another program made.
ADOPTED_COMMIT = "adopted_commit"


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A line of versions.

    Attributes:
        kind: dataset, model, snapshot, candidate, decision, sheet or audit.
        name: Unique within its kind; may hold slashes.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, kw_only=True)
class Version:
    """An immutable, complete version.

    Attributes:
        repository: The line it belongs to.
        tag: Its tag in that line.
        revision: Digest of the manifest, and by that of every byte of the version.
        manifest: The verified description.
    """

    repository: Repository
    tag: str
    revision: str
    manifest: Manifest

    @property
    def content_hash(self) -> str:
        """Digest of the content, free of times and library versions."""
        return self.manifest.content_hash

    @property
    def adopted(self) -> bool:
        """Another program made it: nobody knows its dataset, its scores and its training."""
        return ADOPTED_COMMIT in self.manifest.details


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One move of the pointer.

    Attributes:
        sequence: Position in the history, from 1; the highest serves.
        tag: Version that serves since this move.
        action: deploy, rollback, or adopt for a model that another program had put there.
        replaced: Tag that served before; None for the first.
        deployed_at: ISO 8601 time in UTC.
        run_id: Run that moved the pointer; empty for an adopted model.
        reason: One sentence for people.
        traffic_after_id: Complaints with a higher id are answered by this version; 0 for an empty
            table. Ids tell it without a clock.
    """

    sequence: int
    tag: str
    action: str
    replaced: str | None
    deployed_at: str
    run_id: str
    reason: str
    traffic_after_id: int


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What a stage hands to `Registry.publish`.

    Attributes:
        run_id: Run that publishes.
        content_files: Relative paths that the content hash covers; None for all files.
        details: What the manifest says beside the files.
        finish: Called with the folder and the tag before the manifest is made, to write files that
            name their own version.
    """

    run_id: str
    content_files: Iterable[str] | None = None
    details: dict[str, Any]
    finish: Callable[[Path, str], None] | None = None


class Registry(dg.ConfigurableResource, ABC):
    """Versions and pointers. Every implementation passes tests/test_registry_contract.py.

    Attributes:
        on_hub: Whether other programs can name its repositories, as cards tell them to.
    """

    on_hub: ClassVar[bool] = False

    @abstractmethod
    def publish(self, repository: Repository, folder: Path, publication: Publication) -> Version:
        """Publishes a folder at once under a new tag: readers see all of it or nothing.

        Raises:
            PermanentError: The storage refuses.
            TransientError: The storage could not be reached, or another publisher was faster.
        """

    @abstractmethod
    def tags(self, repository: Repository) -> list[str]:
        """Tags of all complete versions, oldest first; empty where nothing is published."""

    @abstractmethod
    def version(self, repository: Repository, tag: str) -> Version:
        """One version.

        Raises:
            PermanentError: There is no such version, or its manifest is damaged.
        """

    @abstractmethod
    def download(self, version: Version, folder: Path) -> None:
        """Copies the files of a version, manifest included, into an empty folder and verifies them.

        Raises:
            PermanentError: A byte differs from the manifest; the error names the file.
        """

    @abstractmethod
    def deployments(self, repository: Repository) -> list[Deployment]:
        """History of the pointer, oldest first."""

    @abstractmethod
    def move_pointer(self, repository: Repository, deployment: Deployment) -> None:
        """Appends to the history, if `deployment.sequence` is the next one.

        Raises:
            TransientError: Another run moved the pointer in the meantime.
        """

    def page(self, repository: Repository, tag: str) -> str | None:
        """Address of the page that shows a version to people; None where there is none."""
        return None

    def full_name(self, repository: Repository) -> str:
        """Its name as readers outside of the platform have to write it."""
        return repository.name

    def shown(self, repository: Repository) -> list[str]:
        """Paths that readers see who name no version, also of files that others put there."""
        del repository
        return []

    def commit_of(self, repository: Repository, tag: str) -> str | None:
        """Commit that a tag names; None where the registry knows no commits, or not that tag."""
        del repository, tag
        return None

    def newest(self, repository: Repository) -> Version | None:
        """The version published last; None where nothing is published."""
        tags = self.tags(repository)
        return self.version(repository, tags[-1]) if tags else None

    def deployed(self, repository: Repository) -> Deployment | None:
        """The pointer as it stands; None where nothing is deployed."""
        history = self.deployments(repository)
        return history[-1] if history else None

    def require_newest(self, repository: Repository, *, todo: str) -> Version:
        """The version published last.

        Args:
            repository: Where to look.
            todo: What makes the missing version, for the error.

        Raises:
            PermanentError: Nothing is published.
        """
        version = self.newest(repository)
        if version is None:
            raise PermanentError(
                tried=f"Looking for the newest version of {repository}",
                found="nothing is published there.",
                todo=todo,
            )
        return version

    @contextmanager
    def fetched(self, version: Version) -> Generator[Path]:
        """A verified copy of a version for the time of a `with` block."""
        with scratch_folder() as folder:
            self.download(version, folder)
            yield folder
