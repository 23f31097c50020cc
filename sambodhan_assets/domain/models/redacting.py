"""A model that gets texts as its training rows were: without personal data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy import float64
from numpy.typing import NDArray

from sambodhan_assets.domain.models.training_record import TrainingRecord
from sambodhan_assets.domain.privacy.redaction import PiiPolicy, redact

if TYPE_CHECKING:
    from sambodhan_assets.domain.models.classifier import TextClassifier


@dataclass(frozen=True, kw_only=True)
class RedactingClassifier:
    """Replaces personal data in every text before the model sees it.

    A text that is redacted already stays what it is, so rows of a dataset version get the same
    answer as the messages that they came from.

    Attributes:
        model: The model.
    """

    model: "TextClassifier"

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the model."""
        return self.model.labels

    @property
    def family(self) -> str:
        """Family of the model."""
        return self.model.family

    @property
    def record(self) -> TrainingRecord:
        """Record of the model."""
        return self.model.record

    def predict_proba(self, texts: Sequence[str]) -> NDArray[float64]:
        """Probabilities [n, K] of the redacted texts."""
        return self.model.predict_proba([redact(text) for text in texts])

    def save(self, folder: Path, *, extra: Mapping[str, Any] | None = None) -> None:
        """Write the model; its record says that it is redacting."""
        self.model.save(folder, extra=extra)


def redacts(record: TrainingRecord) -> bool:
    """Whether a model was trained on redacted texts.

    One from before PII_POLICY was not, and gets texts as they are. So does one whose rows with
    personal data were dropped or left alone: it never saw a placeholder.
    """
    return record.extra.get("pii_policy") == PiiPolicy.REDACT
