"""Makes a version out of a folder before any registry publishes it: files, then the manifest."""

from datetime import UTC, datetime
from pathlib import Path

from resources.code_environment import code_environment
from resources.registry.base import Publication, Repository
from resources.registry.storage import copy_folder
from sambodhan_assets.domain.card_text import CARD_FILE, keep_hand_written
from sambodhan_assets.domain.manifest import MANIFEST_NAME, Manifest, content_hash, file_entries


def copy_finished(folder: Path, staged: Path, tag: str, publication: Publication) -> None:
    """Copies a folder and adds the files that name their own version."""
    copy_folder(folder, staged)
    if publication.finish is not None:
        publication.finish(staged, tag)


def keep_card(staged: Path, found: str | None) -> None:
    """Takes what people wrote into the card of a repository over into the staged one.

    Before the manifest is made, so that the version is described, compared and verified with the
    bytes that readers get.

    Args:
        staged: Folder of the new version; it may have no card.
        found: The card that stands in the repository; None if there is none.
    """
    card = staged / CARD_FILE
    if found is not None and card.exists():
        ours = card.read_text(encoding="utf-8")
        card.write_text(keep_hand_written(found, ours), encoding="utf-8")


def add_manifest(
    repository: Repository, staged: Path, tag: str, publication: Publication, *, parent: str | None
) -> Manifest:
    """Describes a staged folder and writes the manifest, its last file."""
    entries = file_entries(staged)
    names = entries if publication.content_files is None else publication.content_files
    manifest = Manifest(
        kind=repository.kind,
        repository=repository.name,
        tag=tag,
        parent=parent,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        run_id=publication.run_id,
        content_hash=content_hash(entries, names),
        files=entries,
        details=publication.details,
        environment=code_environment(),
    )
    (staged / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
    return manifest
