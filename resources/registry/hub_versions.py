"""Versions in a repository on the Hub: found, read, finished after a crash, compared."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from huggingface_hub import HfApi

from resources.registry.base import Publication, Repository, Version
from resources.registry.hub_adoption import adopted_commit, adopted_manifest
from resources.registry.hub_repository import (
    ADOPTED,
    HISTORY_FILE,
    MAIN,
    HubRepository,
    References,
)
from resources.registry.staging import add_manifest, copy_finished, keep_card
from sambodhan_assets.domain.card_text import CARD_FILE
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.manifest import MANIFEST_NAME, Manifest, verify_folder

_KEPT = {".gitattributes", HISTORY_FILE}


@cache
def _has_manifest(api: HfApi, kind: str, name: str, commit: str) -> bool:
    """Whether a commit is a version of this platform; commits never change."""
    hub = HubRepository(api=api, repository=Repository(kind=kind, name=name), name=name)
    return hub.has(MANIFEST_NAME, commit)


def complete_tags(hub: HubRepository, refs: References | None) -> list[str]:
    """Tags of versions with a manifest; earlier programs used tags of the same form without."""
    tags = sorted(refs.tags) if refs else []

    def ours(tag: str) -> bool:
        assert refs is not None
        return _has_manifest(hub.api, hub.kind, hub.name, refs.tags[tag])

    # The oldest tells for all: nobody goes back to a program without manifests.
    return tags if tags and ours(tags[0]) else [tag for tag in tags if ours(tag)]


def newest_tag(hub: HubRepository, refs: References, present: Mapping[str, str]) -> str | None:
    """The newest version; as a rule the head tells, without another request."""
    newest = max(refs.tags, default=None)
    if newest and refs.tags[newest] == refs.branches[hub.branch] and MANIFEST_NAME in present:
        return newest
    return max(complete_tags(hub, refs), default=None)


def commit_of(hub: HubRepository, tag: str, refs: References | None) -> str | None:
    """The commit of a version; None if there is no such version."""
    if refs is None:
        return None
    return adopted_commit(hub, tag, refs) if tag.startswith(ADOPTED) else refs.tags.get(tag)


def read_version(hub: HubRepository, tag: str, refs: References | None) -> Version:
    """A version by its tag.

    Raises:
        PermanentError: There is no such version, or its manifest is damaged.
    """
    commit = commit_of(hub, tag, refs)
    if commit is not None and tag.startswith(ADOPTED):
        return as_version(hub, tag, adopted_manifest(hub, tag, commit).to_json())
    text = None if commit is None else hub.text(MANIFEST_NAME, commit)
    if text is None:
        raise no_version(hub, tag, refs)
    return as_version(hub, tag, text)


def as_version(hub: HubRepository, tag: str, text: str) -> Version:
    """A version from the text of its manifest."""
    return Version(
        repository=hub.repository,
        tag=tag,
        revision=hashlib.sha256(text.encode()).hexdigest(),
        manifest=Manifest.from_json(text, origin=f"{hub.name}@{tag}"),
    )


def no_version(hub: HubRepository, tag: str, refs: References | None) -> PermanentError:
    """The error for an unknown tag, with the known ones."""
    known = ", ".join(complete_tags(hub, refs)) or "none"
    return PermanentError(
        tried=f"Reading {hub.repository}@{tag}",
        found=f"there is no such version; published are {known}.",
        todo="Name one of these.",
    )


def finish_version(
    hub: HubRepository,
    tag: str,
    commit: str,
    folder: Path,
    scratch: Path,
    publication: Publication,
) -> Version | None:
    """Tags a commit that holds what is to be published, and whose publisher got no further.

    Returns:
        None if it holds something else; it stays without a tag and is no version.
    """
    text = hub.text(MANIFEST_NAME, commit)
    if text is None:
        return None
    version = as_version(hub, tag, text)
    staged, landed = scratch / f"{tag}-wanted", scratch / f"{tag}-landed"
    copy_finished(folder, staged, tag, publication)
    keep_card(staged, hub.text(CARD_FILE, commit))
    wanted = add_manifest(hub.repository, staged, tag, publication, parent=None)
    if wanted.content_hash != version.content_hash:
        return None
    hub.download((*version.manifest.files, MANIFEST_NAME), commit, landed)
    verify_folder(landed, version.manifest)
    hub.tag(tag, commit)
    return version


def stale_files(
    hub: HubRepository, head: str, present: Iterable[str], manifest: Manifest
) -> list[str]:
    """Files of earlier versions that would mix with the new one.

    Among datasets those in its folders, where split patterns would find them, and those that the
    manifest at the head names; what people put beside them stays. The branch of a model's versions
    belongs to this platform alone.
    """
    written = {*manifest.files, MANIFEST_NAME, *_KEPT}
    left = [path for path in present if path not in written]
    if hub.branch != MAIN:
        return left
    folders = {name.split("/")[0] for name in manifest.files if "/" in name}
    stale = [path for path in left if "/" in path and path.split("/")[0] in folders]
    # As a rule nothing else is there, and the request is saved.
    text = hub.text(MANIFEST_NAME, head) if len(left) > len(stale) else None
    earlier = Manifest.from_json(text, origin=f"{hub.name}@{head}").files if text else {}
    return [path for path in left if path in stale or path in earlier]


def compare_with_hub(hub: HubRepository, commit: str, staged: Path, manifest: Manifest) -> None:
    """Reads back what the Hub has stored, by digest."""
    landed = hub.files(commit)
    damaged = [
        name
        for name in (*manifest.files, MANIFEST_NAME)
        if landed.get(name) not in (_sha256(staged / name), _blob_id(staged / name))
    ]
    if damaged:
        raise PermanentError(
            tried=f"Reading back {hub.name}@{manifest.tag}",
            found=f"{', '.join(damaged)} on the Hub differ from what was sent; it got no tag.",
            todo="Publish again; readers of tags saw nothing of it.",
        )


def _blob_id(path: Path) -> str:
    """Git's digest of a file, by which the Hub knows its small files."""
    size = path.stat().st_size
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    digest.update(path.read_bytes())
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    """Digest by which the Hub knows its large files."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
