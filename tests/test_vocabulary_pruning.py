"""Risk: pruning that moves an embedding row to another piece, or makes text unreadable."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.classifier import load_classifier
from sambodhan_assets.domain.models.transformer import train_transformer
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings
from sambodhan_assets.domain.models.vocabulary_pruning import prune_vocabulary
from tests.bilingual_texts import LABELS, bilingual_rows
from tests.tiny_checkpoint import build_tiny_checkpoint

ENGLISH = [f"the water {verb} near house {n}" for n in range(40) for verb in ("leaked", "stopped")]
NEPALI = bilingual_rows(100, seed=1)[0]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    return build_tiny_checkpoint(folder, [*ENGLISH, *NEPALI], pieces=400, hidden=16, layers=1)


def load(checkpoint: Path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint, num_labels=3)
    return model.eval(), AutoTokenizer.from_pretrained(checkpoint)


def logits(model, tokenizer, texts: list[str]) -> np.ndarray:
    with torch.no_grad():
        return model(**tokenizer(texts, padding=True, return_tensors="pt")).logits.numpy()


def test_corpus_texts_keep_their_pieces_and_their_logits(checkpoint: Path):
    model, tokenizer = load(checkpoint)
    pieces = [tokenizer.tokenize(text) for text in ENGLISH]
    before = logits(model, tokenizer, ENGLISH)
    smaller, pruning = prune_vocabulary(model, tokenizer, corpus=ENGLISH, probe=ENGLISH)
    assert pruning.pieces_after < pruning.pieces_before == len(tokenizer)
    assert pruning.identical_share == 1.0
    assert [smaller.tokenize(text) for text in ENGLISH] == pieces
    assert np.array_equal(logits(model, smaller, ENGLISH), before)
    assert len(smaller) == model.config.vocab_size == pruning.pieces_after
    assert smaller.mask_token_id == pruning.pieces_after - 1


def test_other_texts_are_cut_finer_but_stay_readable(checkpoint: Path):
    model, tokenizer = load(checkpoint)
    unknown = [tokenizer(text)["input_ids"].count(tokenizer.unk_token_id) for text in NEPALI]
    smaller, pruning = prune_vocabulary(model, tokenizer, corpus=ENGLISH, probe=NEPALI)
    assert pruning.identical_share is not None
    assert 0 <= pruning.identical_share < 1
    after = [smaller(text)["input_ids"].count(smaller.unk_token_id) for text in NEPALI]
    assert after == unknown
    assert np.isfinite(logits(model, smaller, NEPALI)).all()


def test_without_probe_texts_the_share_is_not_measured(checkpoint: Path):
    model, tokenizer = load(checkpoint)
    _, pruning = prune_vocabulary(model, tokenizer, corpus=ENGLISH, probe=[])
    assert pruning.identical_share is None


def test_a_pruned_model_trains_and_survives_the_disk(checkpoint: Path, tmp_path: Path):
    texts, label_ids = bilingual_rows(60, seed=1)
    model = train_transformer(
        texts,
        label_ids,
        *bilingual_rows(16, seed=2),
        labels=LABELS,
        settings=TransformerSettings(
            checkpoint=str(checkpoint), epochs=1, precision="fp32", prune_vocabulary=True
        ),
        work_folder=tmp_path / "work",
        seed=1,
    )
    pruning = model.record.outcome["pruning"]
    assert pruning["pieces_after"] < pruning["pieces_before"]
    assert 0 < pruning["identical_share"] <= 1
    model.save(tmp_path / "model")
    again = load_classifier(tmp_path / "model", labels=LABELS)
    assert np.array_equal(again.predict_proba(NEPALI), model.predict_proba(NEPALI))
    assert len(again.tokenizer) == pruning["pieces_after"]


def test_a_tokenizer_of_another_kind_is_refused(checkpoint: Path, tmp_path: Path):
    from transformers import BertTokenizer

    vocabulary = {t: i for i, t in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"])}
    model, _ = load(checkpoint)
    with pytest.raises(PermanentError, match="a tokenizer of type WordPiece"):
        prune_vocabulary(model, BertTokenizer(vocab=vocabulary), corpus=["a"], probe=[])
