"""The metadata files of a published model; readers of earlier systems know both names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

METADATA_FILES = ("model_metadata.json", "metadata.json")


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """What a deployed model says about itself.

    Attributes:
        name: Repository name.
        version_tag: Its tag.
        message: Why it was deployed.
        created_at: Time with a zone.
        author: Who or what deployed it.
        training_args: Hyperparameters; never a secret.
        eval_metrics: Scores on the version's test split, in scikit-learn's report shape.
        calibration: Temperature and calibration error before and after, or why not measured.
        dataset: Repository, tag and content hash of the dataset version.
    """

    name: str
    version_tag: str
    message: str
    created_at: datetime
    author: str
    training_args: Mapping[str, Any]
    eval_metrics: Mapping[str, Any]
    calibration: Mapping[str, Any]
    dataset: Mapping[str, str]


def write_model_metadata(description: ModelDescription, folder: Path) -> None:
    """Writes model_metadata.json and, with the same bytes, metadata.json.

    Raises:
        ValueError: There are no metrics; a model without them must not be published.
    """
    if not description.eval_metrics:
        raise ValueError(f"{description.name}: a model is not published without its metrics")
    fields = {
        "model_name": description.name,
        "version_tag": description.version_tag,
        "commit_message": description.message,
        "timestamp_utc": description.created_at.strftime("%Y%m%d_%H%M%S"),
        "author": description.author,
        "training_args": dict(description.training_args),
        "eval_metrics": dict(description.eval_metrics),
        "calibration": dict(description.calibration),
        "dataset": dict(description.dataset),
    }
    text = json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
    for name in METADATA_FILES:
        (folder / name).write_text(text, encoding="utf-8")
