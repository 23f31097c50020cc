"""What every model family offers, and how a model folder becomes a model again."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models import linear, transformer_classifier
from sambodhan_assets.domain.models.redacting import RedactingClassifier, redacts
from sambodhan_assets.domain.models.training_record import TRAINING_FILE, TrainingRecord

# What every model of transformers has.
CONFIG_FILE = "config.json"


class TextClassifier(Protocol):
    """A trained model that answers with probabilities."""

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels of the task; the position is the label id."""
        ...

    @property
    def family(self) -> str:
        """Which trainer and loader: "linear" or "transformer"."""
        ...

    @property
    def record(self) -> TrainingRecord:
        """How the model was trained."""
        ...

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities [n, K] in the order of `texts` and `labels`; each row sums to 1.

        They are scaled by the temperature of the record, where it has one.
        """
        ...

    def save(self, folder: Path, *, extra: Mapping[str, Any] | None = None) -> None:
        """Write everything that `load_classifier` needs into `folder`; never a pickle.

        Args:
            folder: Made if it does not exist.
            extra: Entries for `training.json`, e.g. the dataset version that was trained on.
        """
        ...


_LOADERS: dict[str, Callable[[Path, TrainingRecord], TextClassifier]] = {
    linear.FAMILY: linear.load_linear,
    transformer_classifier.FAMILY: transformer_classifier.load_transformer,
}


def load_classifier(folder: Path, *, labels: Sequence[str] | None = None) -> TextClassifier:
    """Read a model folder: one that `TextClassifier.save` wrote, or a plain transformer.

    A model that was trained on redacted texts redacts what it is asked, wherever it runs.

    Args:
        folder: Folder with `training.json` and the files of the model's family; or one that only
            transformers wrote, whose record then says that nobody knows its training.
        labels: Labels that the model must have, in this order; None accepts any. A plain
            transformer may have them in another order.

    Raises:
        PermanentError: The record is missing or names an unknown family, the labels are not the
            expected ones or not those of the weights, or weights are damaged or not finite.
    """
    if not (folder / TRAINING_FILE).exists() and (folder / CONFIG_FILE).exists():
        return transformer_classifier.adopt_transformer(folder, labels=labels)
    record = TrainingRecord.read(folder)
    if record.family not in _LOADERS:
        raise PermanentError(
            tried=f"Loading the model {folder}",
            found=f"its family is {record.family!r}; known are {sorted(_LOADERS)}.",
            todo="Use a model that this version of the platform knows, or update the platform.",
        )
    if labels is not None and record.labels != tuple(labels):
        raise PermanentError(
            tried=f"Loading the model {folder}",
            found=f"it predicts {list(record.labels)}, the task has {list(labels)}.",
            todo="Train a model for the labels of this task; label ids cannot be translated.",
        )
    model = _LOADERS[record.family](folder, record)
    return RedactingClassifier(model=model) if redacts(record) else model
