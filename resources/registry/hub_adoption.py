"""A model that another program put on main: adopted at its own commit as what is deployed.

That is the newest commit that changed the model: who edits the card replaces no model. It gets the
tag `adopted-` and the start of that commit. Nothing is written for it until a candidate replaces
it; then the Hub keeps the commit under this tag, so that a rollback finds it.
"""

import hashlib
from functools import cache
from pathlib import PurePosixPath

from huggingface_hub import HfApi

from resources.registry.base import ADOPTED_COMMIT, ADOPTION, Deployment, Repository
from resources.registry.hub_client import hub_errors
from resources.registry.hub_repository import (
    ADOPTED,
    HISTORY_FILE,
    MAIN,
    HubRepository,
    References,
)
from resources.scratch import scratch_folder
from sambodhan_assets.domain.embedding.archive import newest_zip, older_zips
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.manifest import MANIFEST_NAME, FileEntry, Manifest, content_hash

# Enough for no two commits of one repository to share it, short enough for a mail's subject.
_DIGITS = 12
# Commits in which nothing but cards and the like changed; each is one request of a process.
_EDITS = 100
_WEIGHTS = {
    *(".bin", ".ckpt", ".gguf", ".h5", ".joblib", ".msgpack", ".onnx", ".pickle", ".pkl"),
    *(".pt", ".pth", ".safetensors", ".skops"),
}
# What people put beside a model; a model that is replaced leaves it behind.
_DOCUMENTS = {".gif", ".jpeg", ".jpg", ".md", ".pdf", ".png", ".svg", ".webp"}
_LEGAL = ("LICENSE", "LICENCE", "NOTICE")


def is_document(path: str) -> bool:
    """Whether a file tells of a model and is no part of it."""
    name = PurePosixPath(path)
    legal = name.name.upper().startswith(_LEGAL)
    return legal or name.name.startswith(".") or name.suffix.lower() in _DOCUMENTS


def model_files(paths: dict[str, str]) -> list[str]:
    """Files that make up a model, among all of a commit."""
    others = {HISTORY_FILE, MANIFEST_NAME, *older_zips(paths)}
    return [path for path in paths if path not in others and not is_document(path)]


def adoption(hub: HubRepository, refs: References) -> Deployment | None:
    """The first move of the pointer, where another program made it; None if main has no model.

    Raises:
        PermanentError: main holds a version of this platform, and its history is gone.
    """
    head = refs.branches[MAIN]
    present = hub.files(head) if hub.kind == "model" else {}
    if MANIFEST_NAME in present:
        raise PermanentError(
            tried=f"Reading what {hub.name} deploys",
            found=f"its main branch holds a version of this platform and no {HISTORY_FILE}.",
            todo=f"Restore {HISTORY_FILE} from an earlier commit of main.",
        )
    loose = any(p == "config.json" or PurePosixPath(p).suffix in _WEIGHTS for p in present)
    if not loose and newest_zip(present) is None:
        return None
    commit = _model_commit(hub, head)
    return Deployment(
        sequence=1,
        tag=f"{ADOPTED}{commit[:_DIGITS]}",
        action=ADOPTION,
        replaced=None,
        deployed_at=_committed_at(hub, commit),
        run_id="",
        reason=f"another program put this model on main, in commit {commit}",
        traffic_after_id=0,
    )


def _model_commit(hub: HubRepository, head: str) -> str:
    """The newest commit up to a head that changed the model; at most so many edits are seen."""
    with hub_errors(f"Listing the commits of {hub.name}"):
        commits = hub.api.list_repo_commits(hub.name, repo_type=hub.kind, revision=head)
    model = _model(hub.api, hub.name, head)
    found = head
    for earlier in commits[1:_EDITS]:
        if _model(hub.api, hub.name, earlier.commit_id) != model:
            break
        found = earlier.commit_id
    return found


@cache  # commits never change
def _model(api: HfApi, name: str, commit: str) -> dict[str, str]:
    """Digests of the files that make up the model of a commit."""
    repository = Repository(kind="model", name=name)
    files = HubRepository(api=api, repository=repository, name=name).files(commit)
    return {path: files[path] for path in model_files(files)}


def adopted_commit(hub: HubRepository, tag: str, refs: References) -> str | None:
    """The commit that a tag of `adoption` means; None if main never had it."""
    if tag in refs.adopted:
        return refs.adopted[tag]
    start = tag.removeprefix(ADOPTED)
    head = refs.branches[MAIN]
    if head.startswith(start):
        return head
    with hub_errors(f"Listing the commits of {hub.name}"):
        commits = hub.api.list_repo_commits(hub.name, repo_type=hub.kind, revision=MAIN)
    return next((c.commit_id for c in commits if c.commit_id.startswith(start)), None)


def adopted_manifest(hub: HubRepository, tag: str, commit: str) -> Manifest:
    """Describes an adopted commit as if it had been published."""
    return _manifest(hub.api, hub.name, tag, commit)


@cache  # a commit never changes, and its small files are read to describe it
def _manifest(api: HfApi, name: str, tag: str, commit: str) -> Manifest:
    repository = Repository(kind="model", name=name)
    hub = HubRepository(api=api, repository=repository, name=name)
    entries: dict[str, FileEntry] = {}
    found = hub.entries(commit)
    older = older_zips(entry.path for entry in found)
    for entry in found:
        if not entry.path.startswith(".") and entry.path not in older:
            digest = entry.lfs.sha256 if entry.lfs else ""
            entries[entry.path] = FileEntry(sha256=digest, size=entry.size, rows=None)
    small = [path for path, entry in entries.items() if not entry.sha256]
    with scratch_folder() as folder:
        hub.download(small, commit, folder)
        for path in small:
            digest = hashlib.sha256((folder / path).read_bytes()).hexdigest()
            entries[path] = FileEntry(sha256=digest, size=entries[path].size, rows=None)
    return Manifest(
        kind="model",
        repository=name,
        tag=tag,
        parent=None,
        created_at=_committed_at(hub, commit),
        run_id="",
        content_hash=content_hash(entries, entries),
        files=entries,
        details={ADOPTED_COMMIT: commit},
        environment={},
    )


def _committed_at(hub: HubRepository, commit: str) -> str:
    with hub_errors(f"Reading the commit {commit} of {hub.name}"):
        commits = hub.api.list_repo_commits(hub.name, repo_type=hub.kind, revision=commit)
    return commits[0].created_at.isoformat(timespec="seconds")
