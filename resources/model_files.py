"""What a model version says about itself: its card and its metadata files."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sambodhan_assets.domain.card_text import CARD_FILE
from sambodhan_assets.domain.evaluation.model_card import DatasetSource, ModelSource, model_card
from sambodhan_assets.domain.gate.decision_record import DecisionRecord
from sambodhan_assets.domain.models.calibration import calibration_of
from sambodhan_assets.domain.models.card import ModelDescription, write_model_metadata
from sambodhan_assets.domain.models.training_record import TrainingRecord

AUTHOR = "sambodhan feedback platform"
# account/name, or a bare name such as xlm-roberta-base.
_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")


@dataclass(frozen=True, kw_only=True)
class ModelStory:
    """How a candidate came to be deployed.

    Attributes:
        name: Model repository, with the account where it stands on a Hub.
        reason: The verdict in one sentence.
        decision: The decision record.
        eval_metrics: Its scores on the test split, in scikit-learn's report shape.
        dataset: What the candidate was trained on.
        license: The Hub's identifier; None names none.
        on_hub: Whether the version is read by its name; else it is a folder.
        now: When it is deployed.
    """

    name: str
    reason: str
    decision: DecisionRecord
    eval_metrics: dict[str, Any]
    dataset: DatasetSource
    license: str | None
    on_hub: bool
    now: datetime


def describing(story: ModelStory) -> Callable[[Path, str], None]:
    """What `Publication.finish` calls: writes the card and the metadata files of a version."""

    def describe(folder: Path, tag: str) -> None:
        training = TrainingRecord.read(folder)
        description = ModelDescription(
            name=story.name,
            version_tag=tag,
            message=story.reason,
            created_at=story.now,
            author=AUTHOR,
            training_args=training.hyperparameters,
            eval_metrics=story.eval_metrics,
            calibration=asdict(calibration_of(training)),
            dataset={"tag": story.dataset.tag, "repository": story.dataset.name},
        )
        write_model_metadata(description, folder)
        source = ModelSource(
            name=story.name,
            tag=tag,
            dataset=story.dataset,
            base_model=hub_id(training.hyperparameters.get("checkpoint")),
            license=story.license,
            on_hub=story.on_hub,
        )
        text = model_card(source, story.decision, training)
        (folder / CARD_FILE).write_text(text, encoding="utf-8")

    return describe


def hub_id(checkpoint: str | None) -> str | None:
    """The checkpoint as a model of the Hub; None for a folder of this machine, or for none."""
    if not checkpoint or Path(checkpoint).exists() or not _HUB_ID.fullmatch(checkpoint):
        return None
    return checkpoint
