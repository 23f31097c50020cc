"""The transformer family: fine-tuning a pretrained encoder with focal loss."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.checked_ids import Ids, checked_ids
from sambodhan_assets.domain.models.focal_loss import FocalLoss, balancing_weights
from sambodhan_assets.domain.models.precision import best_device, choose_precision
from sambodhan_assets.domain.models.tokens import encode, longest_input
from sambodhan_assets.domain.models.training_record import TrainingRecord, library_versions
from sambodhan_assets.domain.models.transformer_classifier import (
    FAMILY,
    TransformerClassifier,
    classifier_of,
)
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings
from sambodhan_assets.domain.models.transformer_trainer import (
    Evaluation,
    TrainingInput,
    build_trainer,
    check_best_restored,
)

_LIBRARIES = ("accelerate", "numpy", "safetensors", "tokenizers", "torch", "transformers")


def train_transformer(
    train_texts: Sequence[str],
    train_labels: Ids,
    eval_texts: Sequence[str],
    eval_labels: Ids,
    *,
    labels: Sequence[str],
    settings: TransformerSettings,
    work_folder: Path,
    seed: int,
    on_log: Callable[[str], None] | None = None,
) -> TransformerClassifier:
    """Fine-tune a checkpoint; keep the weights with the best macro-F1 on the validation rows.

    The same rows, settings and seed give the same weights on the same machine. The global seeds of
    random, numpy and torch are set. Checkpoints stand in `work_folder` while training runs and are
    removed however it ends. `on_log` gets one line per evaluation.

    Raises:
        PermanentError: Fewer than two labels have training rows, there is no validation row, ids
            do not fit texts and labels, the checkpoint cannot be loaded, or training diverged.
    """
    from transformers import set_seed

    truth = checked_ids(train_labels, rows=len(train_texts), limit=len(labels), name="label ids")
    eval_truth = checked_ids(eval_labels, rows=len(eval_texts), limit=len(labels), name="label ids")
    _check_rows(truth, eval_truth)
    set_seed(seed)
    model, tokenizer = _load_checkpoint(settings.checkpoint, labels)
    limit = min(settings.max_length, longest_input(model, tokenizer))
    train, evaluation = (encode(tokenizer, texts, limit) for texts in (train_texts, eval_texts))
    data = TrainingInput(
        train_ids=train.ids,
        train_labels=truth,
        eval_ids=evaluation.ids,
        eval_labels=eval_truth,
        n_labels=len(labels),
        pad_id=tokenizer.pad_token_id,
    )
    outcome = _fine_tune(model, data, settings, work_folder=work_folder, seed=seed, on_log=on_log)
    outcome |= {"truncated_train": train.truncated, "truncated_eval": evaluation.truncated}
    record = TrainingRecord(
        family=FAMILY,
        labels=tuple(labels),
        hyperparameters={**asdict(settings), "max_length": limit},
        seed=seed,
        library_versions=library_versions(_LIBRARIES),
        training_rows=len(train_texts),
        outcome=outcome,
    )
    return classifier_of(model, tokenizer, record)


def _fine_tune(
    model: Any,
    data: TrainingInput,
    settings: TransformerSettings,
    *,
    work_folder: Path,
    seed: int,
    on_log: Callable[[str], None] | None,
) -> dict[str, Any]:
    """Train `model` in place; return what the run measured."""
    weights = (
        balancing_weights(data.train_labels, data.n_labels)
        if settings.focal_alpha is None
        else (settings.focal_alpha,) * data.n_labels
    )
    device = best_device()
    precision = choose_precision(settings.precision, device)
    evaluations: list[Evaluation] = []

    def note(evaluation: Evaluation) -> None:
        evaluations.append(evaluation)
        if on_log:
            on_log(
                f"step {evaluation['step']}: macro-F1 {evaluation['macro_f1']:.4f}, "
                f"loss {evaluation['loss']:.4f} on {len(data.eval_ids)} validation rows"
            )

    work_folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="checkpoints-", dir=work_folder) as folder:
        trainer = build_trainer(
            model,
            data,
            settings=settings,
            loss=FocalLoss(gamma=settings.focal_gamma, class_weights=weights),
            precision=precision,
            folder=Path(folder),
            seed=seed,
            on_evaluation=note,
        )
        trainer.train()
        check_best_restored(model, trainer.state.best_model_checkpoint)
    return {
        "best_macro_f1": float(trainer.state.best_metric),
        "best_step": int(trainer.state.best_global_step),
        "steps": int(trainer.state.global_step),
        "evaluations": evaluations,
        "class_weights": list(weights),
        "device": device,
        "precision": precision,
    }


def _check_rows(truth: NDArray[np.int64], eval_truth: NDArray[np.int64]) -> None:
    if len(np.unique(truth)) < 2 or not len(eval_truth):
        raise PermanentError(
            tried="Fine-tuning a transformer",
            found=f"{len(truth)} training rows with {len(np.unique(truth))} different labels and "
            f"{len(eval_truth)} validation rows.",
            todo="Collect corrections of at least two labels, or give an anchor corpus.",
        )


def _load_checkpoint(checkpoint: str, labels: Sequence[str]) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        # float32: by default a checkpoint saved in half precision would train in it.
        model = AutoModelForSequenceClassification.from_pretrained(
            checkpoint,
            dtype=torch.float32,
            num_labels=len(labels),
            id2label=dict(enumerate(labels)),
            label2id={label: place for place, label in enumerate(labels)},
        )
    # What transformers raises for a missing folder, an unknown name and a lost connection alike.
    except OSError as error:
        raise PermanentError(
            tried=f"Loading the checkpoint {checkpoint!r}",
            found=f"transformers answered: {error}",
            todo="Set the checkpoint to a folder or a name that this machine can load.",
        ) from error
    return model, tokenizer
