"""The Hub registry: a version is one commit with its tag; a model's main is what is deployed.

Datasets: every version is a commit on main. Models: versions are commits on the branch `versions`,
and main holds the files of the one that serves. deployments.json on main is the pointer's history.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Literal, TypeVar

from pydantic import Field

from resources.registry.base import Deployment, Publication, Registry, Repository, Version
from resources.registry.hub_client import account_of, hub_api, tried_again
from resources.registry.hub_commits import commit_version
from resources.registry.hub_pointer import move_once, read_history
from resources.registry.hub_repository import MAIN, HubRepository
from resources.registry.hub_versions import (
    as_version,
    commit_of,
    compare_with_hub,
    complete_tags,
    finish_version,
    newest_tag,
    no_version,
    read_version,
    stale_files,
)
from resources.registry.staging import add_manifest, copy_finished, keep_card
from resources.scratch import scratch_folder
from sambodhan_assets.domain.card_text import CARD_FILE
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.manifest import MANIFEST_NAME, verify_folder
from sambodhan_assets.domain.version_tags import next_tag

T = TypeVar("T")


class HubRegistry(Registry):
    """Registry in repositories of the Hugging Face Hub."""

    on_hub: ClassVar[bool] = True

    token: str = Field(description="Access token with the right to write.")
    endpoint: str | None = Field(
        default=None, description="Address; unset: HF_ENDPOINT or the public Hub."
    )
    visibility: Literal["private", "public"] = Field(
        default="private", description="Of repositories that are created."
    )
    timeout_seconds: float = Field(
        default=60.0, gt=0, description="Longest silence within a request."
    )
    attempts: int = Field(
        default=5, ge=1, description="Tries while the Hub is busy or out of reach."
    )

    def publish(self, repository: Repository, folder: Path, publication: Publication) -> Version:
        """See `Registry.publish`."""
        hub = self._open(repository)
        return self._tried_again(lambda: self._publish(hub, folder, publication))

    def tags(self, repository: Repository) -> list[str]:
        """See `Registry.tags`."""
        hub = self._open(repository)
        return self._tried_again(lambda: complete_tags(hub, hub.references()))

    def version(self, repository: Repository, tag: str) -> Version:
        """See `Registry.version`."""
        hub = self._open(repository)
        return self._tried_again(lambda: read_version(hub, tag, hub.references()))

    def download(self, version: Version, folder: Path) -> None:
        """See `Registry.download`."""
        hub = self._open(version.repository)
        names = (*version.manifest.files, MANIFEST_NAME)

        def copy() -> None:
            refs = hub.references()
            commit = commit_of(hub, version.tag, refs)
            if commit is None:
                raise no_version(hub, version.tag, refs)
            hub.download(names, commit, folder)

        self._tried_again(copy)
        verify_folder(folder, version.manifest)

    def deployments(self, repository: Repository) -> list[Deployment]:
        """See `Registry.deployments`; a model that another program put on main is the first."""
        hub = self._open(repository)
        return self._tried_again(lambda: read_history(hub, hub.references()))

    def move_pointer(self, repository: Repository, deployment: Deployment) -> None:
        """See `Registry.move_pointer`."""
        hub = self._open(repository)
        self._tried_again(lambda: move_once(hub, deployment))

    def page(self, repository: Repository, tag: str) -> str | None:
        """See `Registry.page`."""
        hub = self._open(repository)
        folder = "datasets/" if hub.kind == "dataset" else ""
        return f"{hub.api.endpoint}/{folder}{hub.name}/tree/{tag}"

    def full_name(self, repository: Repository) -> str:
        """See `Registry.full_name`."""
        return self._open(repository).name

    def shown(self, repository: Repository) -> list[str]:
        """See `Registry.shown`: the paths on main."""
        hub = self._open(repository)

        def paths() -> list[str]:
            refs = hub.references()
            return [] if refs is None else list(hub.files(refs.branches[MAIN]))

        return self._tried_again(paths)

    def commit_of(self, repository: Repository, tag: str) -> str | None:
        """See `Registry.commit_of`."""
        hub = self._open(repository)
        return self._tried_again(lambda: commit_of(hub, tag, hub.references()))

    def _open(self, repository: Repository) -> HubRepository:
        if repository.kind not in ("dataset", "model"):
            raise PermanentError(
                tried=f"Opening {repository} on the Hub",
                found="the Hub registry holds datasets and models only.",
                todo="Keep it in the artifact store.",
            )
        api = hub_api(self.endpoint, self.token, self.timeout_seconds)
        name = repository.name
        if "/" not in name:
            name = f"{self._tried_again(lambda: account_of(api))}/{name}"
        return HubRepository(api=api, repository=repository, name=name)

    def _tried_again(self, call: Callable[[], T]) -> T:
        return tried_again(self.attempts)(call)

    def _publish(self, hub: HubRepository, folder: Path, publication: Publication) -> Version:
        """One try; the next one finds what this one has left behind."""
        refs = hub.ensure(self.visibility)
        untagged = hub.untagged(refs)
        head = refs.branches[hub.branch]
        present = hub.files(head)
        parent = newest_tag(hub, refs, present)
        with scratch_folder() as scratch:
            for tag, commit in untagged.items():
                version = finish_version(hub, tag, commit, folder, scratch, publication)
                if version is not None:
                    return version
            tag = next_tag(datetime.now(UTC), max((*refs.tags, *untagged), default=None))
            staged = scratch / tag
            copy_finished(folder, staged, tag, publication)
            if (staged / CARD_FILE).exists():
                keep_card(staged, hub.text(CARD_FILE, refs.branches[MAIN]))
            manifest = add_manifest(hub.repository, staged, tag, publication, parent=parent)
            stale = stale_files(hub, head, present, manifest)
            commit = commit_version(hub, tag, staged, head, stale)
            compare_with_hub(hub, commit, staged, manifest)
            hub.tag(tag, commit)
            return as_version(hub, tag, manifest.to_json())
