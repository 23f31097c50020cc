"""The transformer family: fine-tuning a pretrained encoder with focal loss."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.checked_ids import Ids, checked_ids
from sambodhan_assets.domain.models.fine_tuning import fine_tune
from sambodhan_assets.domain.models.tokens import encode, longest_input, tokenizer_problem
from sambodhan_assets.domain.models.training_record import TrainingRecord, library_versions
from sambodhan_assets.domain.models.transformer_classifier import (
    FAMILY,
    TransformerClassifier,
    classifier_of,
)
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings
from sambodhan_assets.domain.models.transformer_trainer import TrainingInput
from sambodhan_assets.domain.models.vocabulary_pruning import prune_vocabulary

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
    vocabulary_texts: Sequence[str] = (),
) -> TransformerClassifier:
    """Fine-tune a checkpoint; keep the weights with the best macro-F1 on the validation rows.

    The same rows, settings and seed give the same weights on the same machine. The global seeds of
    random, numpy and torch are set. Checkpoints stand in `work_folder` while training runs and are
    removed however it ends. `on_log` gets one line per evaluation. With `prune_vocabulary` the
    tokens of `vocabulary_texts` are kept beside those of the training rows.

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
    outcome: dict[str, Any] = {}
    if settings.prune_vocabulary:
        corpus = [*train_texts, *vocabulary_texts]
        tokenizer, pruning = prune_vocabulary(model, tokenizer, corpus=corpus, probe=eval_texts)
        outcome["pruning"] = asdict(pruning)
    limit = min(settings.max_length, longest_input(model, tokenizer))
    data = TrainingInput(
        train=encode(tokenizer, train_texts, limit),
        truth=truth,
        evaluation=encode(tokenizer, eval_texts, limit),
        eval_truth=eval_truth,
        n_labels=len(labels),
        pad_id=tokenizer.pad_token_id,
    )
    outcome |= fine_tune(model, data, settings, work_folder=work_folder, seed=seed, on_log=on_log)
    return classifier_of(model, tokenizer, _record(data, settings, labels, limit, seed, outcome))


def _record(
    data: TrainingInput,
    settings: TransformerSettings,
    labels: Sequence[str],
    limit: int,
    seed: int,
    outcome: dict[str, Any],
) -> TrainingRecord:
    return TrainingRecord(
        family=FAMILY,
        labels=tuple(labels),
        hyperparameters={**asdict(settings), "max_length": limit},
        seed=seed,
        library_versions=library_versions(_LIBRARIES),
        training_rows=len(data.truth),
        outcome=outcome,
    )


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
        raise _unusable(checkpoint, f"transformers answered: {error}") from error
    if problem := tokenizer_problem(model, tokenizer):
        raise _unusable(checkpoint, problem)
    return model, tokenizer


def _unusable(checkpoint: str, found: str) -> PermanentError:
    return PermanentError(
        tried=f"Loading the checkpoint {checkpoint!r}",
        found=found,
        todo="Set the checkpoint to a folder or a name that this machine can load.",
    )
