"""A fine-tuned transformer that answers: prediction, saving and loading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.calibration import calibration_of
from sambodhan_assets.domain.models.confidence import tempered
from sambodhan_assets.domain.models.precision import best_device
from sambodhan_assets.domain.models.progress_bars import without_progress_bars
from sambodhan_assets.domain.models.tokens import encode, longest_input, pad, tokenizer_problem
from sambodhan_assets.domain.models.training_record import TRAINING_FILE, TrainingRecord

FAMILY = "transformer"
_SAFE_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
# On a CPU, padding mixed texts costs more than batching gains: 32 rows with one of 400 tokens took
# 25 s as one batch and 9 s in sorted batches of 8. A GPU is idle below some hundred rows.
_ROWS_ON_CPU, _ROWS_ON_GPU = 8, 128


@dataclass(frozen=True, kw_only=True)
class TransformerClassifier:
    """A trained transformer.

    Attributes:
        labels: All labels of the task; the position is the label id.
        model: A transformers sequence classification model, in evaluation mode.
        tokenizer: Its tokenizer.
        max_length: Tokens that are read of a text; the rest is cut.
        columns: Place of each label in the network's output; None where it is the label's id.
        record: How the model was trained.
        family: "transformer".
    """

    labels: tuple[str, ...]
    model: Any
    tokenizer: Any
    max_length: int
    record: TrainingRecord
    family: str = FAMILY
    columns: tuple[int, ...] | None = None

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities [n, K], calibrated; in float32 inside whatever training used.

        Texts are sorted by length and run in small batches; the answer to a text does not depend
        on the others beyond rounding (about 1e-6).
        """
        import torch

        ids = encode(self.tokenizer, texts, self.max_length).ids
        device = self.model.device
        n_rows = _ROWS_ON_CPU if device.type == "cpu" else _ROWS_ON_GPU
        order = np.argsort([-len(row) for row in ids], kind="stable")
        result = np.zeros((len(texts), len(self.labels)))
        with torch.inference_mode():
            for start in range(0, len(texts), n_rows):
                rows = order[start : start + n_rows]
                batch = pad([ids[row] for row in rows.tolist()], self.tokenizer.pad_token_id)
                logits = self.model(**{name: part.to(device) for name, part in batch.items()})[0]
                result[rows] = logits.float().cpu().double().softmax(dim=-1).numpy()
        ordered = result if self.columns is None else result[:, self.columns]
        return tempered(ordered, calibration_of(self.record).temperature)

    def with_record(self, record: TrainingRecord) -> "TransformerClassifier":
        """The same weights with another record."""
        return replace(self, record=record)

    def save(self, folder: Path, *, extra: Mapping[str, Any] | None = None) -> None:
        """Write safetensors, config, tokenizer and `training.json`.

        `AutoModelForSequenceClassification.from_pretrained(folder)` reads the result.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        record = replace(self.record, labels=_label_names(self.model.config))
        record.with_extra(extra).write(folder)


def load_transformer(folder: Path, record: TrainingRecord) -> TransformerClassifier:
    """Read a folder that `TransformerClassifier.save` wrote.

    Raises:
        PermanentError: A file is missing or damaged, weights are missing, of another shape or not
            finite, the label map is not that of the record, or its calibration is damaged.
    """
    calibration_of(record)
    model, tokenizer = _read(folder)
    config = model.config
    backwards = {label: place for place, label in enumerate(record.labels)}
    if _label_names(config) != record.labels or config.label2id != backwards:
        found = f"config.json names {_label_names(config)}, {TRAINING_FILE} {record.labels}."
        raise _refusal(folder, found)
    return classifier_of(model, tokenizer, record)


def adopt_transformer(
    folder: Path, *, labels: Sequence[str] | None = None
) -> TransformerClassifier:
    """Read a classifier that another program fine-tuned, which has no `training.json`.

    Args:
        folder: Folder with config.json, model.safetensors and a tokenizer.
        labels: The task's labels; the model may have them in another order. None takes its own.

    Raises:
        PermanentError: As for `load_transformer`; also if it has no safetensors, or its config does
            not name exactly these labels.
    """
    if not any((folder / name).is_file() for name in _SAFE_WEIGHTS):
        raise _not_adopted(folder, *_without_safetensors(folder))
    model, tokenizer = _read(folder)
    names = _label_names(model.config)
    wanted = names if labels is None else tuple(labels)
    if sorted(names) != sorted(wanted):
        raise _not_adopted(
            folder,
            f"its config.json names the labels {list(names)}, the task has {list(wanted)}.",
            "Correct id2label and label2id in its config.json",
        )
    record = TrainingRecord(
        family=FAMILY,
        labels=wanted,
        hyperparameters={},
        seed=None,
        library_versions={},
        training_rows=None,
        extra={"adopted": True},
    )
    columns = None if names == wanted else tuple(names.index(label) for label in wanted)
    return replace(classifier_of(model, tokenizer, record), columns=columns)


def _without_safetensors(folder: Path) -> tuple[str, str]:
    pickled = sorted(path.name for path in folder.glob("*.bin"))
    found = f"only {', '.join(pickled)}, and reading a pickle runs what is in it" if pickled else ""
    return (
        f"it has no {_SAFE_WEIGHTS[0]}{', ' if found else ''}{found}.",
        "Load it where you trust it, write it with save_pretrained, which makes safetensors, and "
        "push that",
    )


def _not_adopted(folder: Path, found: str, todo: str) -> PermanentError:
    return PermanentError(
        tried=f"Reading the model of another program in {folder}",
        found=found,
        todo=f"{todo}; or name another model repository, which starts empty.",
    )


def classifier_of(model: Any, tokenizer: Any, record: TrainingRecord) -> TransformerClassifier:
    """Put model, tokenizer and record together, ready to answer.

    The record's `max_length`, where it has one, bounds what is read of a text, as in training.

    Raises:
        PermanentError: A weight is not finite: training diverged or the file is damaged.
    """
    import torch

    broken = [name for name, part in model.named_parameters() if not torch.isfinite(part).all()]
    if broken:
        raise PermanentError(
            tried="Preparing a transformer for prediction",
            found=f"the weights {broken[:3]} are not finite.",
            todo="Train anew with a lower learning rate, or in fp32.",
        )
    limit = longest_input(model, tokenizer)
    return TransformerClassifier(
        labels=record.labels,
        model=model.eval(),
        tokenizer=tokenizer,
        max_length=min(int(record.hyperparameters.get("max_length", limit)), limit),
        record=record,
    )


def _label_names(config: Any) -> tuple[str, ...]:
    return tuple(str(config.id2label.get(place)) for place in range(config.num_labels))


def _read(folder: Path) -> tuple[Any, Any]:
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        with without_progress_bars():
            # float32: by default a model saved in half precision would answer, and train, in it.
            model, report = AutoModelForSequenceClassification.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    # What transformers raises for a missing, damaged or foreign file.
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise _refusal(folder, f"it cannot be read ({error!r}).") from error
    # transformers fills missing weights with random numbers and only logs it.
    invented = [*report["missing_keys"], *report["mismatched_keys"]]
    if invented:
        raise _refusal(folder, f"the weights {invented[:3]} are missing or of another shape.")
    if problem := tokenizer_problem(model, tokenizer):
        raise _refusal(folder, problem)
    return model.to(best_device()), tokenizer


def _refusal(folder: Path, found: str) -> PermanentError:
    return PermanentError(
        tried=f"Loading the transformer {folder}",
        found=found,
        todo="Use a model folder that this platform wrote, or train anew.",
    )
