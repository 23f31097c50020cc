"""Makes a version out of a folder before any registry publishes it: files, then the manifest."""

from datetime import UTC, datetime
from pathlib import Path

from resources.code_environment import code_environment
from resources.registry.base import Publication, Repository
from resources.registry.storage import copy_folder
from sambodhan_assets.domain.manifest import MANIFEST_NAME, Manifest, content_hash, file_entries


def copy_finished(folder: Path, staged: Path, tag: str, publication: Publication) -> None:
    """Copies a folder and adds the files that name their own version."""
    copy_folder(folder, staged)
    if publication.finish is not None:
        publication.finish(staged, tag)


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
