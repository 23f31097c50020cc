"""Risk: a model is asked for texts that look otherwise than those that it was trained on."""

from pathlib import Path

import numpy as np
import pytest

from sambodhan_assets.domain.models.classifier import TextClassifier, load_classifier
from sambodhan_assets.domain.models.linear import train_linear
from sambodhan_assets.domain.models.redacting import RedactingClassifier
from sambodhan_assets.domain.privacy.redaction import PiiPolicy

LABELS = ("roads", "water")
TEXTS = [f"सडक बिग्रियो {n} फोन [PHONE]" for n in range(20)]
TEXTS += [f"धारामा पानी छैन {n} mobile number" for n in range(20)]
RAW = "बिग्रियो फोन 9841234567 मा"
REDACTED = "बिग्रियो फोन [PHONE] मा"


def loaded(folder: Path, **steps: str) -> TextClassifier:
    """A model with these steps in its record, saved and read again."""
    model = train_linear(TEXTS, [0] * 20 + [1] * 20, labels=LABELS, seed=1)
    model.save(folder, extra=steps)
    return load_classifier(folder, labels=LABELS)


def test_a_model_of_redacted_texts_redacts_what_it_is_asked(tmp_path: Path):
    model = loaded(tmp_path, cleaner_version="1", pii_policy="redact", redactor_version="1")
    answers = model.predict_proba([RAW, REDACTED])
    assert np.array_equal(answers[0], answers[1])


@pytest.mark.parametrize(
    "steps",
    [
        {"cleaner_version": "1"},
        {"cleaner_version": "1", "pii_policy": "report", "redactor_version": "1"},
        {"cleaner_version": "1", "pii_policy": "drop", "redactor_version": "1"},
    ],
)
def test_a_model_that_saw_no_placeholder_gets_texts_as_they_are(
    tmp_path: Path, steps: dict[str, str]
):
    model = loaded(tmp_path, **steps)
    assert not isinstance(model, RedactingClassifier)
    answers = model.predict_proba([RAW, REDACTED])
    assert not np.array_equal(answers[0], answers[1])


def test_a_redacting_model_is_saved_and_read_as_one(tmp_path: Path):
    model = loaded(tmp_path / "a", pii_policy=PiiPolicy.REDACT)
    model.save(tmp_path / "b", extra={"dataset_tag": "v1"})
    again = load_classifier(tmp_path / "b")
    assert isinstance(again, RedactingClassifier)
    assert again.record.extra["pii_policy"] == "redact"
    assert (again.labels, again.family) == (model.labels, model.family)
    assert np.array_equal(again.predict_proba([RAW]), model.predict_proba([RAW]))
