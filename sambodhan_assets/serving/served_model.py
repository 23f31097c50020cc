"""The model that a server answers with: a deployed version, every byte of it verified."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from resources.lane_settings import LaneSettings
from resources.registry.base import Registry, Version
from sambodhan_assets.domain.dataset.cleaning import CLEANER_VERSION, clean_text
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.classifier import TextClassifier, load_classifier
from sambodhan_assets.domain.models.redacting import redacts
from sambodhan_assets.domain.privacy.redaction import REDACTOR_VERSION
from sambodhan_assets.label_tasks import LabelTask


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to one text.

    Attributes:
        label: The most probable label.
        confidence: Its probability.
        scores: Calibrated probability by label, in the order of the task's labels; they sum to 1.
    """

    label: str
    confidence: float
    scores: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A loaded version.

    Attributes:
        task: Label task.
        version: Where the weights in memory come from.
        model: The weights.
    """

    task: LabelTask
    version: Version
    model: TextClassifier

    def answer(self, text: str) -> Answer:
        """Answers a text that `clean_text` returned; the model itself redacts if it was so trained.

        Raises:
            PermanentError: The model gives no finite probability for every label.
        """
        probabilities = self.model.predict_proba([text])
        labels = self.model.labels
        if probabilities.shape != (1, len(labels)) or not np.isfinite(probabilities).all():
            raise PermanentError(
                tried=f"Answering with {self.version.repository} {self.version.tag}",
                found=f"its probabilities have shape {probabilities.shape} or are not finite.",
                todo=f"Run `sambodhan rollback {self.task.name}` and start the server again.",
            )
        scores = dict(zip(labels, probabilities[0].tolist(), strict=True))
        label = labels[int(probabilities[0].argmax())]
        return Answer(label=label, confidence=scores[label], scores=scores)


def prepared(message: str) -> str:
    """A message cleaned as the model's training texts were."""
    return clean_text(message)


def load_served_model(task: LabelTask, settings: LaneSettings, registry: Registry) -> ServedModel:
    """Loads the version that the registry's pointer names now.

    Raises:
        PermanentError: Nothing is deployed, a byte differs from the manifest, or this program
            cannot prepare texts as the model's training did.
        TransientError: The registry gives no answer.
    """
    repository = settings.model_repository(task)
    deployment = registry.deployed(repository)
    if deployment is None:
        raise PermanentError(
            tried=f"Looking for the {task.name} version that serves",
            found=f"nothing is deployed in {repository}.",
            todo=f"Run the job {task.name}_pipeline until its verdict deploys a first version.",
        )
    version = registry.version(repository, deployment.tag)
    _require_step(version, version.manifest.details, "cleaner", CLEANER_VERSION)
    with registry.fetched(version) as folder:
        model = load_classifier(folder, labels=task.labels)
    if redacts(model.record):
        _require_step(version, model.record.extra, "redactor", REDACTOR_VERSION)
    return ServedModel(task=task, version=version, model=model)


def _require_step(version: Version, recorded: Mapping[str, Any], step: str, ours: str) -> None:
    theirs = recorded.get(f"{step}_version", ours)
    if theirs != ours:
        raise PermanentError(
            tried=f"Loading {version.repository} {version.tag}",
            found=f"its texts were prepared by {step} {theirs}, this program has {ours}.",
            todo="Serve it with the release that trained it, or train anew with this one.",
        )
