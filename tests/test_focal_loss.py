"""Risk: a loss that silently rescales itself with the batch layout, or weighs labels wrongly."""

from math import log
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.models.fine_tuning import class_weights
from sambodhan_assets.domain.models.focal_loss import FocalLoss, balancing_weights
from sambodhan_assets.domain.models.tokens import Encoded
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings
from sambodhan_assets.domain.models.transformer_trainer import TrainingInput
from tests.bilingual_texts import bilingual_rows
from tests.tiny_checkpoint import build_tiny_checkpoint


def outputs(logits: list[list[float]]) -> SimpleNamespace:
    return SimpleNamespace(logits=torch.tensor(logits, requires_grad=True))


def test_the_loss_equals_that_computed_by_hand():
    # Logits ln 3 and 0 mean probabilities 3/4 and 1/4.
    both = outputs([[log(3), 0.0], [log(3), 0.0]])
    sure = -((1 / 4) ** 2) * log(3 / 4)
    unsure = -((3 / 4) ** 2) * log(1 / 4)
    plain = FocalLoss(gamma=2.0, class_weights=(1.0, 1.0))
    assert plain(both, torch.tensor([0, 1])).item() == pytest.approx((sure + unsure) / 2)
    weighted = FocalLoss(gamma=2.0, class_weights=(2.0, 0.5))
    expected = (2 * sure + 0.5 * unsure) / 2
    assert weighted(both, torch.tensor([0, 1])).item() == pytest.approx(expected)


def test_gamma_zero_is_cross_entropy():
    logits = [[0.3, -1.2, 2.0], [1.0, 0.0, -1.0]]
    labels = torch.tensor([2, 1])
    ours = FocalLoss(gamma=0.0, class_weights=(1.0,) * 3)(outputs(logits), labels)
    theirs = torch.nn.functional.cross_entropy(torch.tensor(logits), labels)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_the_sum_is_divided_by_all_rows_of_the_optimizer_step():
    loss = FocalLoss(gamma=2.0, class_weights=(1.0, 1.0))
    batch, labels = outputs([[0.2, 0.4], [1.0, 0.0]]), torch.tensor([0, 1])
    alone = loss(batch, labels).item()
    assert loss(batch, labels, num_items_in_batch=8).item() == pytest.approx(alone * 2 / 8)


@settings(deadline=None)
@given(st.floats(-1e4, 1e4, width=32), st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0]))
def test_loss_and_gradient_are_finite_however_sure_the_model_is(logit: float, gamma: float):
    batch = outputs([[logit, 0.0], [logit, 0.0]])
    loss = FocalLoss(gamma=gamma, class_weights=(1.0, 1.0))(batch, torch.tensor([0, 1]))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(batch.logits.grad).all()


def test_rare_labels_weigh_more_within_bounds():
    # 100 rows, 3 labels: 100 / (3 * 10) = 3.33, 100 / (3 * 89) = 0.375, 100 / 3 -> 4.
    truth = np.repeat([0, 1, 2], [10, 89, 1])
    assert balancing_weights(truth, 3) == pytest.approx((10 / 3, 100 / 267, 4.0))
    assert balancing_weights(np.repeat([0, 1], [50, 50]), 2) == (1.0, 1.0)
    assert balancing_weights(np.array([0, 0, 0, 0]), 8)[0] == 0.25
    assert np.isfinite(balancing_weights(np.array([0, 0]), 2)).all()


def test_a_set_alpha_is_one_constant_for_all_labels():
    rows, truth = Encoded([[0, 2]] * 4, 0), np.array([0, 0, 0, 1])
    data = TrainingInput(
        train=rows, truth=truth, evaluation=rows, eval_truth=truth, n_labels=2, pad_id=1
    )
    assert class_weights(data, TransformerSettings(focal_alpha=0.25)) == (0.25, 0.25)
    assert class_weights(data, TransformerSettings()) == pytest.approx((4 / 6, 2.0))


def gradient_norm(checkpoint: Path, folder: Path, *, batch: int, accumulation: int) -> float:
    """Norm of the first optimizer step on the same 16 rows, without dropout."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer
    from transformers import TrainingArguments as Arguments

    texts, labels = bilingual_rows(16, seed=5)
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(
        checkpoint, num_labels=3, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    encoded = tokenizer(texts, padding=True)
    rows = [
        {"input_ids": ids, "attention_mask": mask, "labels": label}
        for ids, mask, label in zip(
            encoded["input_ids"], encoded["attention_mask"], labels, strict=True
        )
    ]
    trainer = Trainer(
        model=model,
        args=Arguments(
            output_dir=str(folder),
            per_device_train_batch_size=batch,
            gradient_accumulation_steps=accumulation,
            max_steps=1,
            logging_steps=1,
            save_strategy="no",
            use_cpu=True,
            disable_tqdm=True,
        ),
        train_dataset=rows,
        compute_loss_func=FocalLoss(gamma=2.0, class_weights=(1.0, 2.0, 0.5)),
    )
    trainer.train()
    return trainer.state.log_history[0]["grad_norm"]


def test_accumulated_batches_give_the_gradient_of_one_large_batch(tmp_path: Path):
    texts, _ = bilingual_rows(50, seed=5)
    checkpoint = build_tiny_checkpoint(tmp_path / "checkpoint", texts, hidden=16, layers=1)
    once = gradient_norm(checkpoint, tmp_path, batch=16, accumulation=1)
    assert once > 0
    for batch, accumulation in ((4, 4), (2, 8)):
        split = gradient_norm(checkpoint, tmp_path, batch=batch, accumulation=accumulation)
        assert split == pytest.approx(once, rel=1e-4)
