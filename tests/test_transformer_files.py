"""Risk: a fine-tuned model that answers otherwise after saving, on long or mixed input, or that is
loaded although its files do not fit."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.classifier import load_classifier
from sambodhan_assets.domain.models.tokens import encode
from sambodhan_assets.domain.models.transformer import train_transformer
from sambodhan_assets.domain.models.transformer_classifier import (
    TransformerClassifier,
)
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings
from tests.bilingual_texts import LABELS, bilingual_rows
from tests.tiny_checkpoint import build_tiny_checkpoint

TRAIN, EVAL = bilingual_rows(64, seed=1), bilingual_rows(16, seed=2)
UNSEEN = bilingual_rows(30, seed=4)[0]
LONG = "खानेपानी आएको छैन please help " * 400


def trained(folder: Path, **changes) -> TransformerClassifier:
    checkpoint = build_tiny_checkpoint(folder / "checkpoint", TRAIN[0], hidden=16, layers=1)
    options = {"checkpoint": str(checkpoint), "epochs": 1, "precision": "fp32", **changes}
    return train_transformer(
        *TRAIN,
        *EVAL,
        labels=LABELS,
        settings=TransformerSettings(**options),
        work_folder=folder / "work",
        seed=1,
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TransformerClassifier:
    return trained(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def saved(model: TransformerClassifier, tmp_path: Path) -> Path:
    model.save(tmp_path / "model", extra={"dataset_tag": "v20261120_101500"})
    return tmp_path / "model"


def test_a_saved_model_answers_with_identical_probabilities(model, saved: Path):
    again = load_classifier(saved, labels=LABELS)
    assert np.array_equal(again.predict_proba(UNSEEN), model.predict_proba(UNSEEN))
    assert (again.family, again.labels) == ("transformer", LABELS)
    assert again.record.extra == {"dataset_tag": "v20261120_101500"}
    assert again.record.outcome == model.record.outcome


def test_the_folder_is_one_that_transformers_loads_and_holds_no_pickle(model, saved: Path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    theirs = AutoModelForSequenceClassification.from_pretrained(saved)
    assert theirs.config.id2label == dict(enumerate(LABELS))
    assert theirs.config.label2id == {label: place for place, label in enumerate(LABELS)}
    inputs = AutoTokenizer.from_pretrained(saved)(UNSEEN[0], return_tensors="pt")
    with torch.no_grad():
        answer = theirs(**inputs).logits.softmax(dim=-1).numpy()
    assert answer == pytest.approx(model.predict_proba(UNSEEN[:1]), abs=1e-6)
    assert {path.suffix for path in saved.iterdir()} == {".json", ".safetensors"}


def test_a_text_is_answered_alike_alone_and_among_longer_ones(model):
    texts = [*UNSEEN, LONG, "", *UNSEEN[:3]]
    together = model.predict_proba(texts)
    alone = np.vstack([model.predict_proba([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-5)
    assert together[:3] == pytest.approx(together[-3:], abs=1e-5)
    assert together.sum(axis=1) == pytest.approx(1)
    assert together.dtype == np.float64
    assert model.predict_proba([]).shape == (0, len(LABELS))


def test_threads_that_ask_at_once_get_the_answers_of_one(model):
    requests = [[*UNSEEN[start : start + 3], LONG] for start in range(20)]
    expected = [model.predict_proba(texts) for texts in requests]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(model.predict_proba, requests * 3))
    for answer, alone in zip(answers, expected * 3, strict=True):
        assert answer == pytest.approx(alone, abs=1e-5)


def test_only_texts_that_lose_tokens_count_as_truncated(model):
    fits = encode(model.tokenizer, UNSEEN, 512)
    longest = max(len(row) for row in fits.ids)
    assert encode(model.tokenizer, UNSEEN, longest).truncated == 0
    assert encode(model.tokenizer, UNSEEN, longest - 1).truncated > 0
    assert [len(row) for row in encode(model.tokenizer, [LONG], 512).ids] == [512]
    assert encode(model.tokenizer, [*UNSEEN, LONG], 512).truncated == 1


def test_a_set_length_counts_in_training_and_after_loading(tmp_path: Path):
    model = trained(tmp_path, max_length=8)
    assert model.record.outcome["truncated_train"] > 0
    assert model.max_length == 8
    model.save(tmp_path / "model")
    assert load_classifier(tmp_path / "model").predict_proba([LONG]) == pytest.approx(
        model.predict_proba([LONG[:400]]), abs=1e-6
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=40), max_size=4))
def test_any_text_gets_probabilities(model, texts: list[str]):
    probabilities = model.predict_proba(texts)
    assert probabilities.shape == (len(texts), len(LABELS))
    assert np.isfinite(probabilities).all()


def edit(path: Path, **fields) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields), encoding="utf-8")


def test_another_label_map_in_the_config_is_refused(saved: Path):
    swapped = [LABELS[1], LABELS[0], LABELS[2]]
    edit(saved / "config.json", id2label={str(i): label for i, label in enumerate(swapped)})
    with pytest.raises(PermanentError, match=r"config\.json names"):
        load_classifier(saved)


def test_a_model_for_other_labels_is_refused(saved: Path):
    with pytest.raises(PermanentError, match="the task has"):
        load_classifier(saved, labels=("a", "b", "c"))


def rewrite(saved: Path, change) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(saved / "model.safetensors")
    change(weights)
    save_file(weights, saved / "model.safetensors", metadata={"format": "pt"})


def test_weights_that_are_not_finite_are_refused(saved: Path):
    rewrite(saved, lambda weights: weights["classifier.out_proj.bias"].fill_(float("nan")))
    with pytest.raises(PermanentError, match="out_proj.bias.*not finite"):
        load_classifier(saved)


def test_missing_weights_are_refused_and_not_invented(saved: Path):
    rewrite(saved, lambda weights: weights.pop("classifier.out_proj.weight"))
    with pytest.raises(PermanentError, match=r"out_proj\.weight.*missing"):
        load_classifier(saved)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_missing_or_torn_file_is_refused(saved: Path, name: str):
    whole = (saved / name).read_bytes()
    (saved / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PermanentError, match="cannot be read"):
        load_classifier(saved)
    (saved / name).unlink()
    with pytest.raises(PermanentError, match="cannot be read|no vocabulary"):
        load_classifier(saved)


def test_a_model_of_another_program_is_adopted_with_its_labels(model, saved: Path):
    (saved / "training.json").unlink()
    adopted = load_classifier(saved, labels=LABELS)
    assert np.array_equal(adopted.predict_proba(UNSEEN), model.predict_proba(UNSEEN))
    assert adopted.record.training_rows is None
    adopted.save(saved / "again")
    assert load_classifier(saved / "again", labels=LABELS).record.extra == {"adopted": True}


def test_labels_in_another_order_are_put_into_that_of_the_task(model, saved: Path):
    (saved / "training.json").unlink()
    turned = tuple(reversed(LABELS))
    adopted = load_classifier(saved, labels=turned)
    assert adopted.labels == turned
    assert np.array_equal(adopted.predict_proba(UNSEEN), model.predict_proba(UNSEEN)[:, ::-1])
    adopted.save(saved / "again")
    again = load_classifier(saved / "again")
    assert again.labels == LABELS
    assert np.array_equal(again.predict_proba(UNSEEN), model.predict_proba(UNSEEN))


@pytest.mark.parametrize("names", [("LABEL_0", "LABEL_1", "LABEL_2"), ("a", "b", "c")])
def test_a_model_whose_labels_are_not_those_of_the_task_is_refused(saved: Path, names):
    (saved / "training.json").unlink()
    id2label = {str(place): name for place, name in enumerate(names)}
    edit(
        saved / "config.json", id2label=id2label, label2id={v: int(k) for k, v in id2label.items()}
    )
    with pytest.raises(PermanentError, match=r"the task has .* Correct id2label"):
        load_classifier(saved, labels=LABELS)


def test_a_model_without_safetensors_is_refused_unread(saved: Path):
    (saved / "training.json").unlink()
    (saved / "model.safetensors").rename(saved / "pytorch_model.bin")
    with pytest.raises(PermanentError, match=r"only pytorch_model\.bin, and reading a pickle"):
        load_classifier(saved, labels=LABELS)
