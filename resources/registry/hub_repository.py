"""One repository on the Hub: its references, files and commits, in the registry's own terms."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from huggingface_hub import (
    HfApi,
    RepoFile,
    hf_hub_url,
)
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from resources.registry.base import Repository
from resources.registry.hub_client import hub_errors, status_of
from sambodhan_assets.domain.errors import PermanentError, TransientError
from sambodhan_assets.domain.version_tags import is_tag

MAIN = "main"
HISTORY_FILE = "deployments.json"
# Tags of commits that another program made; never of the form of a version's own tag.
ADOPTED = "adopted-"
PUBLISHED = "Publish "


@dataclass(frozen=True, kw_only=True)
class References:
    """What a repository's names point at: commit by branch, by version tag and by adopted tag."""

    branches: Mapping[str, str]
    tags: Mapping[str, str]
    adopted: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class HubRepository:
    """A repository on the Hub; each call is one try, the registry tries again.

    Attributes:
        api: Client with the token.
        repository: The line of versions it holds.
        name: Its full name with the account.
    """

    api: HfApi
    repository: Repository
    name: str

    @property
    def kind(self) -> str:
        """Kind of repository in the Hub's terms: dataset or model."""
        return self.repository.kind

    @property
    def branch(self) -> str:
        """Where versions are published: a model's main holds only what is deployed."""
        return "versions" if self.kind == "model" else MAIN

    def references(self) -> References | None:
        """Branches and version tags; None where there is no such repository."""
        try:
            with hub_errors(f"Reading the references of {self.name}"):
                refs = self.api.list_repo_refs(self.name, repo_type=self.kind)
        except PermanentError as error:
            if isinstance(error.__cause__, RepositoryNotFoundError) and status_of(error) == 404:
                return None
            raise
        return References(
            branches={branch.name: branch.target_commit for branch in refs.branches},
            tags={tag.name: tag.target_commit for tag in refs.tags if is_tag(tag.name)},
            adopted={t.name: t.target_commit for t in refs.tags if t.name.startswith(ADOPTED)},
        )

    def ensure(self, visibility: str) -> References:
        """References of the repository, which is created with its branch where missing."""
        refs = self.references()
        if refs is None:
            with hub_errors(f"Creating {self.name}"):
                self.api.create_repo(
                    self.name,
                    repo_type=self.kind,
                    private=visibility == "private",
                    exist_ok=True,
                )
            refs = self._shown(MAIN)
        with hub_errors(f"Asking for the right to write {self.name}"):
            self.api.auth_check(self.name, repo_type=self.kind, write=True)
        if self.branch not in refs.branches:
            with hub_errors(f"Creating the branch {self.branch} of {self.name}"):
                self.api.create_branch(
                    self.name, branch=self.branch, repo_type=self.kind, exist_ok=True
                )
            refs = self._shown(self.branch)
        return refs

    def _shown(self, branch: str) -> References:
        """References with a branch that was just made; where it was not, the next try makes it."""
        refs = self.references()
        if refs is None or branch not in refs.branches:
            raise TransientError(
                tried=f"Creating the branch {branch} of {self.name}",
                found="it does not show up yet.",
                todo="Run again.",
            )
        return refs

    def entries(self, commit: str) -> list[RepoFile]:
        """Every file of a commit with its size and digest."""
        with hub_errors(f"Listing {self.name} at {commit}"):
            entries = self.api.list_repo_tree(
                self.name, repo_type=self.kind, revision=commit, recursive=True
            )
            return [entry for entry in entries if isinstance(entry, RepoFile)]

    def files(self, commit: str) -> dict[str, str]:
        """Digest of every file of a commit: sha256 of large files, git's of small ones."""
        return {
            entry.path: entry.lfs.sha256 if entry.lfs else entry.blob_id
            for entry in self.entries(commit)
        }

    def has(self, path: str, commit: str) -> bool:
        """Whether a commit holds a file."""
        with hub_errors(f"Looking for {path} in {self.name} at {commit}"):
            kind = self.kind
            return bool(self.api.get_paths_info(self.name, path, repo_type=kind, revision=commit))

    def text(self, path: str, commit: str) -> str | None:
        """A text file of a commit; None if the commit has no such file."""
        # Not hf_hub_download: that asks twice, and answers from its cache where the Hub fails.
        url = hf_hub_url(
            self.name, path, repo_type=self.kind, revision=commit, endpoint=self.api.endpoint
        )
        try:
            with hub_errors(f"Reading {path} of {self.name} at {commit}"):
                answer = get_session().get(url, headers=build_hf_headers(token=self.api.token))
                hf_raise_for_status(answer)
        except PermanentError as error:
            if isinstance(error.__cause__, EntryNotFoundError):
                return None
            raise
        try:
            return answer.content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise PermanentError(
                tried=f"Reading {path} of {self.name} at {commit}",
                found=f"it is no UTF-8 text (byte {error.start}).",
                todo="Correct the file in the repository, then run again.",
            ) from error

    def untagged(self, refs: References) -> dict[str, str]:
        """Versions that were committed after the newest tag and never got their own."""
        head = refs.branches[self.branch]
        tagged = set(refs.tags.values())
        if head in tagged:
            return {}
        with hub_errors(f"Listing the commits of {self.name}"):
            commits = self.api.list_repo_commits(
                self.name, repo_type=self.kind, revision=self.branch
            )
        found: dict[str, str] = {}
        for commit in commits:
            if commit.commit_id in tagged:
                break
            tag = commit.title.removeprefix(PUBLISHED)
            if commit.title.startswith(PUBLISHED) and is_tag(tag) and tag not in refs.tags:
                found.setdefault(tag, commit.commit_id)
        return found

    def download(self, names: Iterable[str], commit: str, folder: Path) -> None:
        """Copies files of a commit; what it lacks is left out."""
        with hub_errors(f"Downloading {self.name} at {commit}"):
            self.api.snapshot_download(
                self.name,
                repo_type=self.kind,
                revision=commit,
                local_dir=folder,
                allow_patterns=[escape(name) for name in names],
            )
        shutil.rmtree(folder / ".cache", ignore_errors=True)

    def tag(self, tag: str, commit: str) -> None:
        """Names a commit for ever; after a lost answer or a taken name, the name is read back.

        Raises:
            TransientError: Another publisher's version has this tag, or no answer came.
        """
        try:
            with hub_errors(f"Tagging {self.name}@{tag}"):
                self.api.create_tag(self.name, tag=tag, revision=commit, repo_type=self.kind)
        except TransientError as error:
            refs = self.references()
            found = None if refs is None else {**refs.tags, **refs.adopted}.get(tag)
            if found is None:
                raise
            if found != commit:
                raise TransientError(
                    tried=f"Tagging {self.name}@{tag}",
                    found="another run published under this tag at the same time.",
                    todo="Run again; a new tag will be taken.",
                ) from error
