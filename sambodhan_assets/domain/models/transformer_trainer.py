"""The transformers Trainer, set up so that its silent faults cannot happen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.focal_loss import FocalLoss
from sambodhan_assets.domain.models.length_batches import LengthSampler
from sambodhan_assets.domain.models.precision import best_device
from sambodhan_assets.domain.models.tokens import Encoded, pad
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings
from sambodhan_assets.domain.scores import score

# The optimizer step, macro-F1 and loss of one evaluation on the validation rows.
Evaluation = Mapping[str, float]
_LOG_STEPS = 10


@dataclass(frozen=True, kw_only=True)
class TrainingInput:
    """What one fine-tuning run works on.

    Attributes:
        train: Training rows.
        truth: Their label ids.
        evaluation: Validation rows.
        eval_truth: Their label ids.
        n_labels: Number of labels K.
        pad_id: Token id that fills short rows up.
    """

    train: Encoded
    truth: NDArray[np.int64]
    evaluation: Encoded
    eval_truth: NDArray[np.int64]
    n_labels: int
    pad_id: int


def build_trainer(
    model: Any,
    data: TrainingInput,
    *,
    settings: TransformerSettings,
    loss: FocalLoss,
    precision: str,
    folder: Path,
    seed: int,
    on_evaluation: Callable[[Evaluation], None],
) -> Any:
    """A Trainer that keeps the checkpoint with the best validation macro-F1."""
    from transformers import EarlyStoppingCallback, Trainer

    lengths = [len(ids) for ids in data.train.ids]

    class LengthTrainer(Trainer):
        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            return LengthSampler(lengths, settings.train_batch_size, seed=seed)

    def collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
        import torch

        labels = torch.tensor([row["labels"] for row in rows])
        return {**pad([row["input_ids"] for row in rows], data.pad_id), "labels": labels}

    def macro_f1(prediction: Any) -> dict[str, float]:
        answers = np.asarray(prediction.predictions).argmax(axis=-1)
        return {"macro_f1": score(prediction.label_ids, answers, data.n_labels).macro_f1}

    return LengthTrainer(
        model=model,
        args=_arguments(settings, precision=precision, folder=folder, seed=seed),
        train_dataset=_rows(data.train, data.truth),
        eval_dataset=_by_length(_rows(data.evaluation, data.eval_truth)),
        data_collator=collate,
        compute_loss_func=loss,
        compute_metrics=macro_f1,
        callbacks=[
            EarlyStoppingCallback(settings.early_stopping_patience),
            _evaluation_callback(on_evaluation),
        ],
    )


def check_best_restored(model: Any, checkpoint: str | None) -> None:
    """Make sure that the model holds the weights of its best checkpoint.

    The published configuration evaluated every 50 steps and saved every 500, so early stopping
    ended before anything was saved and the last, worse weights were kept without a word.

    Args:
        model: The model after training.
        checkpoint: The Trainer's `best_model_checkpoint`, still on disk.

    Raises:
        PermanentError: There is no best checkpoint, or a weight differs from it.
    """
    import torch

    if checkpoint is None:
        raise _not_restored("no evaluation was better than none: macro-F1 was never a number.")
    best = type(model).from_pretrained(checkpoint, dtype=torch.float32).state_dict()
    differing = [
        name
        for name, weight in model.state_dict().items()
        if name not in best or not torch.equal(weight.cpu(), best[name])
    ]
    if differing:
        raise _not_restored(f"{differing[:3]} differ from {Path(checkpoint).name}.")


def _not_restored(found: str) -> PermanentError:
    return PermanentError(
        tried="Restoring the best checkpoint after fine-tuning",
        found=found,
        todo="Look at the logged loss; a lower learning rate or fp32 helps if it is not finite.",
    )


def _arguments(settings: TransformerSettings, *, precision: str, folder: Path, seed: int) -> Any:
    from transformers import TrainingArguments

    on_cpu = best_device() == "cpu"
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.train_batch_size,
        per_device_eval_batch_size=settings.eval_batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        # Without it bf16 on a CPU is refused.
        use_cpu=on_cpu,
        dataloader_pin_memory=not on_cpu,
        eval_strategy="steps",
        eval_steps=settings.eval_steps,
        # "best" saves at the evaluation that is best so far, whatever the steps.
        save_strategy="best",
        save_only_model=True,
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="macro_f1",
        greater_is_better=True,
        logging_steps=_LOG_STEPS,
        report_to="none",
        disable_tqdm=False,
        seed=seed,
        data_seed=seed,
    )


def _rows(encoded: Encoded, truth: NDArray[np.int64]) -> Any:
    rows = zip(encoded.ids, truth.tolist(), strict=True)
    return [{"input_ids": row, "labels": label} for row, label in rows]


def _by_length(rows: Any) -> Any:
    """Sorted, so that evaluation pads little (1.6 times the speed); scores ignore the order."""
    return sorted(rows, key=lambda row: len(row["input_ids"]))


def _evaluation_callback(on_evaluation: Callable[[Evaluation], None]) -> Any:
    from transformers import TrainerCallback

    class Report(TrainerCallback):
        def on_evaluate(
            self, args: Any, state: Any, control: Any, metrics: Any = None, **rest: Any
        ) -> None:
            scores = {"macro_f1": metrics["eval_macro_f1"], "loss": metrics["eval_loss"]}
            # The mean since it was logged last; a very short training has logged none.
            losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
            if losses:
                scores["training_loss"] = float(losses[-1])
            on_evaluation({"step": int(state.global_step), **scores})

    return Report()
