"""The answers of a model: one finite set of probabilities per text, or an error."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.evaluation.given_answers import GivenAnswers
from sambodhan_assets.domain.models.classifier import TextClassifier

Answers = NDArray[np.int64]
# A model at hand, or what one that runs elsewhere answered.
Answering = TextClassifier | GivenAnswers


def known(model: Answering, texts: Sequence[str]) -> NDArray[np.bool_]:
    """Bool [n]: texts that `predict` can answer."""
    if isinstance(model, GivenAnswers):
        return model.knows(texts)
    return np.ones(len(texts), dtype=bool)


def predict(model: Answering, texts: Sequence[str]) -> Answers:
    """Label ids [n] of a model.

    Raises:
        PermanentError: A text or a label has no probability, one is not finite, or a model that
            runs elsewhere was not asked a text.
    """
    if isinstance(model, GivenAnswers):
        return model.answers(texts)
    if not texts:
        return np.zeros(0, dtype=np.int64)
    probabilities = model.predict_proba(texts)
    expected = (len(texts), len(model.labels))
    if probabilities.shape != expected or not np.isfinite(probabilities).all():
        raise PermanentError(
            tried=f"Predicting {len(texts)} texts with the {model.family} model",
            found=f"it gave {probabilities.shape} probabilities for {expected} texts and labels."
            if probabilities.shape != expected
            else "some probabilities are not finite.",
            todo="Train the model again; nothing was deployed.",
        )
    return probabilities.argmax(axis=1)
