"""One repository on the Hub: its references, files and commits, in the registry's own terms."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from glob import escape
from pathlib import Path

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    RepoFile,
)
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

from resources.registry.base import Deployment, Repository
from resources.registry.hub_client import hub_errors, status_of
from sambodhan_assets.domain.errors import PermanentError, TransientError
from sambodhan_assets.domain.version_tags import is_tag

MAIN = "main"
HISTORY_FILE = "deployments.json"
_PUBLISHED = "Publish "

CommitOperation = CommitOperationAdd | CommitOperationCopy | CommitOperationDelete


@dataclass(frozen=True, kw_only=True)
class References:
    """What a repository's names point at: commit by branch and by version tag."""

    branches: Mapping[str, str]
    tags: Mapping[str, str]


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
            refs = self.references()
        with hub_errors(f"Asking for the right to write {self.name}"):
            self.api.auth_check(self.name, repo_type=self.kind, write=True)
        if refs is not None and self.branch not in refs.branches:
            with hub_errors(f"Creating the branch {self.branch} of {self.name}"):
                self.api.create_branch(
                    self.name, branch=self.branch, repo_type=self.kind, exist_ok=True
                )
            refs = self.references()
        if refs is None:
            raise TransientError(
                tried=f"Creating {self.name}", found="it does not show up yet.", todo="Run again."
            )
        return refs

    def files(self, commit: str) -> dict[str, str]:
        """Digest of every file of a commit: sha256 of large files, git's of small ones."""
        with hub_errors(f"Listing {self.name} at {commit}"):
            entries = self.api.list_repo_tree(
                self.name, repo_type=self.kind, revision=commit, recursive=True
            )
            return {
                entry.path: entry.lfs.sha256 if entry.lfs else entry.blob_id
                for entry in entries
                if isinstance(entry, RepoFile)
            }

    def has(self, path: str, commit: str) -> bool:
        """Whether a commit holds a file."""
        with hub_errors(f"Looking for {path} in {self.name} at {commit}"):
            kind = self.kind
            return bool(self.api.get_paths_info(self.name, path, repo_type=kind, revision=commit))

    def text(self, path: str, commit: str) -> str | None:
        """A text file of a commit; None if the commit has no such file."""
        with tempfile.TemporaryDirectory(prefix="sambodhan-hub-") as fresh:
            try:
                with hub_errors(f"Reading {path} of {self.name} at {commit}"):
                    # A new cache: the client answers from an old one where the Hub fails.
                    file = self.api.hf_hub_download(
                        self.name, path, repo_type=self.kind, revision=commit, cache_dir=fresh
                    )
            except PermanentError as error:
                if isinstance(error.__cause__, EntryNotFoundError):
                    return None
                raise
            return Path(file).read_text(encoding="utf-8")

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
            tag = commit.title.removeprefix(_PUBLISHED)
            if commit.title.startswith(_PUBLISHED) and is_tag(tag) and tag not in refs.tags:
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

    def commit_version(self, tag: str, staged: Path, parent: str, stale: Iterable[str]) -> str:
        """Commits all files of a version at once, on top of the head that was read.

        After an error the caller reads the repository again, which tells whether the commit landed.

        Raises:
            TransientError: Another publisher was faster, or the answer is lost.
        """
        paths = sorted(path for path in staged.rglob("*") if path.is_file())
        adds = [
            CommitOperationAdd(path_in_repo=p.relative_to(staged).as_posix(), path_or_fileobj=p)
            for p in paths
        ]
        deletes = [CommitOperationDelete(path_in_repo=path) for path in stale]
        return self._commit([*adds, *deletes], f"{_PUBLISHED}{tag}", self.branch, parent)

    def commit_deployment(
        self,
        history: list[Deployment],
        parent: str,
        copies: Mapping[str, str],
        stale: Iterable[str],
    ) -> str:
        """Commits the history and the files of what serves to main at once.

        Args:
            history: All moves, the new one last.
            parent: Head of main that was read.
            copies: Commit to copy from, by path; the Hub copies large files itself.
            stale: Paths to delete.

        Raises:
            TransientError: As in `commit_version`.
        """
        text = json.dumps([asdict(move) for move in history], indent=2, ensure_ascii=False)
        record = CommitOperationAdd(path_in_repo=HISTORY_FILE, path_or_fileobj=f"{text}\n".encode())
        copied = [
            CommitOperationCopy(src_path_in_repo=path, path_in_repo=path, src_revision=commit)
            for path, commit in copies.items()
        ]
        deletes = [CommitOperationDelete(path_in_repo=path) for path in stale]
        newest = history[-1]
        title = f"Serve {newest.tag} ({newest.action} {newest.sequence})"
        return self._commit([record, *copied, *deletes], title, MAIN, parent)

    def tag(self, tag: str, commit: str) -> None:
        """Names a commit for ever, and reads the name back.

        Raises:
            TransientError: Another publisher's version has this tag, or no answer came.
        """
        lost: TransientError | None = None
        try:
            with hub_errors(f"Tagging {self.name}@{tag}"):
                self.api.create_tag(self.name, tag=tag, revision=commit, repo_type=self.kind)
        except TransientError as error:
            lost = error
        refs = self.references()
        found = None if refs is None else refs.tags.get(tag)
        if found is None and lost is not None:
            raise lost
        if found != commit:
            raise TransientError(
                tried=f"Tagging {self.name}@{tag}",
                found="another run published under this tag at the same time.",
                todo="Run again; a new tag will be taken.",
            )

    def _commit(
        self, operations: list[CommitOperation], title: str, branch: str, parent: str
    ) -> str:
        with hub_errors(f"{title} in {self.name}"):
            return self.api.create_commit(
                self.name,
                operations,
                commit_message=title,
                repo_type=self.kind,
                revision=branch,
                parent_commit=parent,
            ).oid
