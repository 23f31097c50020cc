"""Writes to a repository on the Hub: always one commit, on top of the head that was read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete

from resources.registry.base import Deployment
from resources.registry.hub_client import hub_errors
from resources.registry.hub_repository import HISTORY_FILE, MAIN, PUBLISHED, HubRepository
from sambodhan_assets.domain.card_text import CARD_FILE

CommitOperation = CommitOperationAdd | CommitOperationCopy | CommitOperationDelete


@dataclass(frozen=True, kw_only=True)
class Changes:
    """A commit on main beside the history.

    Attributes:
        copies: Commit to copy from, by path.
        stale: Paths to delete.
        card: The README.md with what people wrote into it; None where it is copied, or stays.
    """

    copies: Mapping[str, str] = field(default_factory=dict[str, str])
    stale: Sequence[str] = ()
    card: str | None = None


def commit_version(
    hub: HubRepository, tag: str, staged: Path, parent: str, stale: Iterable[str]
) -> str:
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
    return _commit(hub, [*adds, *deletes], f"{PUBLISHED}{tag}", hub.branch, parent)


def commit_deployment(
    hub: HubRepository,
    history: list[Deployment],
    parent: str,
    changes: Changes,
) -> str:
    """Commits the history and the files of what serves to main at once.

    Args:
        hub: Repository.
        history: All moves, the new one last.
        parent: Head of main that was read.
        changes: What else the commit does; the Hub copies large files itself.

    Raises:
        TransientError: As in `commit_version`.
    """
    text = json.dumps([asdict(move) for move in history], indent=2, ensure_ascii=False)
    written = {HISTORY_FILE: f"{text}\n"} | (
        {} if changes.card is None else {CARD_FILE: changes.card}
    )
    adds = [
        CommitOperationAdd(path_in_repo=path, path_or_fileobj=content.encode())
        for path, content in written.items()
    ]
    copied = [
        CommitOperationCopy(src_path_in_repo=path, path_in_repo=path, src_revision=commit)
        for path, commit in changes.copies.items()
    ]
    deletes = [CommitOperationDelete(path_in_repo=path) for path in changes.stale]
    newest = history[-1]
    title = f"Serve {newest.tag} ({newest.action} {newest.sequence})"
    return _commit(hub, [*adds, *copied, *deletes], title, MAIN, parent)


def _commit(
    hub: HubRepository, operations: list[CommitOperation], title: str, branch: str, parent: str
) -> str:
    with hub_errors(f"{title} in {hub.name}"):
        return hub.api.create_commit(
            hub.name,
            operations,
            commit_message=title,
            repo_type=hub.kind,
            revision=branch,
            parent_commit=parent,
        ).oid
