"""Risk: fine-tuning that keeps the wrong weights, leaves files behind or trains in another order
than it says."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.focal_loss import FocalLoss
from sambodhan_assets.domain.models.tokens import Encoded
from sambodhan_assets.domain.models.transformer import train_transformer
from sambodhan_assets.domain.models.transformer_classifier import TransformerClassifier
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings
from sambodhan_assets.domain.models.transformer_trainer import (
    TrainingInput,
    build_trainer,
    check_best_restored,
)
from sambodhan_assets.domain.scores import score
from tests.bilingual_texts import LABELS, bilingual_rows
from tests.tiny_checkpoint import build_tiny_checkpoint

SEED = 3
TRAIN, EVAL, UNSEEN = (
    bilingual_rows(300, seed=1),
    bilingual_rows(60, seed=2),
    bilingual_rows(99, seed=4),
)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Matrices this small lose more by waiting for a second core than they gain."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_checkpoint(tmp_path_factory.mktemp("tiny"), TRAIN[0])


def tuned(
    checkpoint: Path,
    work_folder: Path,
    *,
    rows: tuple[list[str], list[int]] = TRAIN,
    validation: tuple[list[str], list[int]] = EVAL,
    on_log: Callable[[str], None] | None = None,
    seed: int = SEED,
    **changes,
) -> TransformerClassifier:
    fast = {"epochs": 1, "learning_rate": 3e-3, "eval_steps": 20, "precision": "fp32", **changes}
    return train_transformer(
        *rows,
        *validation,
        labels=LABELS,
        settings=TransformerSettings(**{"checkpoint": str(checkpoint), **fast}),
        work_folder=work_folder,
        seed=seed,
        on_log=on_log,
    )


def macro_f1(model: TransformerClassifier, rows: tuple[list[str], list[int]]) -> float:
    texts, label_ids = rows
    return score(label_ids, model.predict_proba(texts).argmax(axis=1), len(LABELS)).macro_f1


def test_both_languages_are_learned_and_the_run_is_recorded(checkpoint: Path, tmp_path: Path):
    lines: list[str] = []
    model = tuned(checkpoint, tmp_path, epochs=5, early_stopping_patience=5, on_log=lines.append)
    assert macro_f1(model, UNSEEN) > 0.8
    outcome = model.record.outcome
    assert len(lines) == len(outcome["evaluations"]) == 5
    assert lines[0].startswith("step 20: validation macro-F1 0.")
    training_losses = [evaluation["training_loss"] for evaluation in outcome["evaluations"]]
    assert training_losses[-1] < training_losses[0]
    assert outcome["best_macro_f1"] == pytest.approx(macro_f1(model, EVAL))
    assert outcome["best_macro_f1"] == max(e["macro_f1"] for e in outcome["evaluations"])
    assert model.record.training_rows == 300
    assert model.record.hyperparameters["learning_rate"] == 3e-3
    assert set(model.record.library_versions) >= {"torch", "transformers", "tokenizers"}


def against(rows: tuple[list[str], list[int]]) -> tuple[list[str], list[int]]:
    """Validation rows with wrong labels: the better a model learns, the lower its macro-F1."""
    texts, label_ids = rows
    return texts, [(label + 1) % len(LABELS) for label in label_ids]


def test_weights_of_the_best_evaluation_are_kept_when_the_last_is_worse(
    checkpoint: Path, tmp_path: Path
):
    model = tuned(
        checkpoint, tmp_path, validation=against(EVAL), epochs=5, early_stopping_patience=99
    )
    outcome = model.record.outcome
    last = outcome["evaluations"][-1]
    assert last["step"] == outcome["steps"] > outcome["best_step"]
    assert last["macro_f1"] < outcome["best_macro_f1"] - 0.05
    assert macro_f1(model, against(EVAL)) == pytest.approx(outcome["best_macro_f1"])


def test_training_stops_early_and_still_keeps_the_best(checkpoint: Path, tmp_path: Path):
    model = tuned(
        checkpoint, tmp_path, validation=against(EVAL), epochs=5, early_stopping_patience=1
    )
    outcome = model.record.outcome
    assert outcome["steps"] < 95
    assert macro_f1(model, against(EVAL)) == pytest.approx(outcome["best_macro_f1"])


def test_a_run_shorter_than_the_evaluation_interval_is_evaluated_too(
    checkpoint: Path, tmp_path: Path
):
    outcome = tuned(checkpoint, tmp_path, eval_steps=1000).record.outcome
    assert [evaluation["step"] for evaluation in outcome["evaluations"]] == [outcome["steps"]]
    assert outcome["best_step"] == outcome["steps"] == 19


def test_weights_that_are_not_those_of_the_best_checkpoint_are_an_error(
    checkpoint: Path, tmp_path: Path
):
    model = tuned(checkpoint, tmp_path).model
    model.save_pretrained(tmp_path / "checkpoint-7")
    check_best_restored(model, str(tmp_path / "checkpoint-7"))
    with torch.no_grad():
        next(model.parameters())[0, 0] += 1
    with pytest.raises(PermanentError, match="weight.* differ from checkpoint-7"):
        check_best_restored(model, str(tmp_path / "checkpoint-7"))
    with pytest.raises(PermanentError, match="macro-F1 was never a number"):
        check_best_restored(model, None)


def test_the_same_seed_gives_the_same_weights(checkpoint: Path, tmp_path: Path):
    first, second, other = (tuned(checkpoint, tmp_path, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.predict_proba(UNSEEN[0]), second.predict_proba(UNSEEN[0]))
    assert not np.array_equal(first.predict_proba(UNSEEN[0]), other.predict_proba(UNSEEN[0]))


def test_checkpoints_are_gone_after_training(checkpoint: Path, tmp_path: Path):
    tuned(checkpoint, tmp_path / "work")
    assert list((tmp_path / "work").iterdir()) == []


class DagsterInterrupt(BaseException):
    """Stands for DagsterExecutionInterruptedError, which is no Exception either."""


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, DagsterInterrupt])
def test_an_interrupt_passes_through_and_leaves_nothing_behind(
    checkpoint: Path, tmp_path: Path, interrupt: type[BaseException]
):
    seen: list[list[Path]] = []

    def stop(line: str) -> None:
        seen.append(list(tmp_path.iterdir()))
        raise interrupt

    with pytest.raises(interrupt):
        tuned(checkpoint, tmp_path, on_log=stop)
    assert len(seen[0]) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_trainer_sees_every_row_once_in_an_order_of_each_epoch(
    checkpoint: Path, tmp_path: Path
):
    from transformers import AutoModelForSequenceClassification

    rows = Encoded([[0, *[5] * (row % 40), row, 2] for row in range(100, 170)], 0)
    truth = np.arange(70) % 3
    trainer = build_trainer(
        AutoModelForSequenceClassification.from_pretrained(checkpoint, num_labels=3),
        TrainingInput(
            train=rows, truth=truth, evaluation=rows, eval_truth=truth, n_labels=3, pad_id=1
        ),
        settings=TransformerSettings(train_batch_size=8),
        loss=FocalLoss(gamma=2.0, class_weights=(1.0,) * 3),
        precision="fp32",
        folder=tmp_path,
        seed=SEED,
        on_evaluation=print,
    )
    loader = trainer.get_train_dataloader()
    epochs: list[list[int]] = []
    for epoch in range(2):
        loader.set_epoch(epoch)
        batches = list(loader)
        assert [len(batch["labels"]) for batch in batches] == [8] * 8 + [6]
        # The id before the end token names the row.
        ends = [(batch["input_ids"], batch["attention_mask"].sum(dim=1) - 2) for batch in batches]
        epochs.append([int(ids[row, end[row]]) for ids, end in ends for row in range(len(end))])
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(100, 170))
    assert epochs[0] != epochs[1]


def test_bf16_trains_and_keeps_float32_weights(checkpoint: Path, tmp_path: Path):
    model = tuned(checkpoint, tmp_path, precision="bf16")
    assert model.record.outcome["precision"] == "bf16"
    assert {part.dtype for part in model.model.parameters()} == {torch.float32}


def test_a_checkpoint_in_half_precision_trains_in_float32(checkpoint: Path, tmp_path: Path):
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    half = tmp_path / "half"
    AutoModelForMaskedLM.from_pretrained(checkpoint, dtype=torch.float16).save_pretrained(half)
    AutoTokenizer.from_pretrained(checkpoint).save_pretrained(half)
    model = tuned(half, tmp_path / "work")
    assert {part.dtype for part in model.model.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("rows", "validation", "found"),
    [
        ((["a", "b"], [1, 1]), EVAL, "2 training rows with 1 different labels"),
        (TRAIN, ([], []), "0 validation rows"),
        ((["a", "b"], [0, 3]), EVAL, r"outside 0..2: \[3\]"),
        ((["a", "b"], [0]), EVAL, "1 label ids for 2 texts"),
    ],
)
def test_rows_that_cannot_train_are_a_permanent_error(tmp_path: Path, rows, validation, found):
    with pytest.raises(PermanentError, match=found):
        tuned(tmp_path, tmp_path / "work", rows=rows, validation=validation)


def test_a_checkpoint_that_does_not_exist_is_named(tmp_path: Path):
    with pytest.raises(PermanentError, match="nowhere"):
        tuned(tmp_path / "nowhere", tmp_path / "work")


def test_a_checkpoint_without_vocabulary_is_refused(checkpoint: Path, tmp_path: Path):
    broken = shutil.copytree(checkpoint, tmp_path / "broken")
    (broken / "tokenizer.json").unlink()
    with pytest.raises(PermanentError, match="tokenizer has no vocabulary"):
        tuned(broken, tmp_path / "work")
