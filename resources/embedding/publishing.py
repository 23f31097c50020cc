"""What a published embedding model says about itself, and its zip."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from resources.model_files import AUTHOR
from resources.registry.base import Registry, Repository
from sambodhan_assets.domain.card_text import CARD_FILE, card_text
from sambodhan_assets.domain.embedding.archive import newest_zip, next_zip_name, pack
from sambodhan_assets.domain.models.card import (
    METADATA_FILES,
    ModelDescription,
    write_model_metadata,
)
from sambodhan_assets.domain.models.training_record import TRAINING_FILE, TrainingRecord


@dataclass(frozen=True, kw_only=True)
class EmbeddingStory:
    """How a candidate came to be deployed.

    Attributes:
        name: Model repository, with the account where it stands on a Hub.
        reason: The verdict in one sentence.
        report: Its score card, Markdown.
        eval_metrics: Accuracy@1, MRR@10 and over-merging.
        dataset: Repository and tag of the dataset version.
        license: The Hub's identifier; None names none.
        now: When it is deployed.
        earlier_files: Paths that the name of the zip must sort after; None if no zip is wanted.
    """

    name: str
    reason: str
    report: str
    eval_metrics: Mapping[str, Any]
    dataset: Mapping[str, str]
    license: str | None
    now: datetime
    earlier_files: Sequence[str] | None


def describing_embedding(story: EmbeddingStory) -> Callable[[Path, str], None]:
    """What `Publication.finish` calls: writes card, metadata and zip into the staged folder."""

    def describe(folder: Path, tag: str) -> None:
        model_files = [
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and path.name not in (*METADATA_FILES, CARD_FILE, TRAINING_FILE)
        ]
        if story.earlier_files is not None:
            pack(folder, model_files, folder / next_zip_name(tag, story.earlier_files))
        description = ModelDescription(
            name=story.name,
            version_tag=tag,
            message=story.reason,
            created_at=story.now,
            author=AUTHOR,
            training_args=TrainingRecord.read(folder).hyperparameters,
            eval_metrics=story.eval_metrics,
            calibration={},
            dataset=story.dataset,
        )
        write_model_metadata(description, folder)
        (folder / CARD_FILE).write_text(_card(story, tag), encoding="utf-8")

    return describe


def earlier_files(registry: Registry, repository: Repository) -> list[str]:
    """Paths that readers see, and those of the newest version with a zip.

    Also a version that was rolled back counts: who keeps its zip would never take the next one. Its
    name sorts after those of all versions before it, so these need no request.
    """
    shown = registry.shown(repository)
    for tag in reversed(registry.tags(repository)):
        files = list(registry.version(repository, tag).manifest.files)
        if newest_zip(files) is not None:
            return [*shown, *files]
    return shown


def _card(story: EmbeddingStory, tag: str) -> str:
    header: dict[str, Any] = {
        "library_name": "sentence-transformers",
        "pipeline_tag": "sentence-similarity",
        "tags": ["typo-correction"],
    }
    if story.license is not None:
        header["license"] = story.license
    return card_text(
        header,
        f"# {story.name} {tag}\n\nPuts a typo beside its correction. It was trained on "
        f"{story.dataset['repository']} {story.dataset['tag']}.\n\n{story.report}",
    )
