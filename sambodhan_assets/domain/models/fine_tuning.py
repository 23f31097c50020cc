"""One fine-tuning run on tokenised rows."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sambodhan_assets.domain.models.focal_loss import FocalLoss, balancing_weights
from sambodhan_assets.domain.models.precision import best_device, choose_precision
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings
from sambodhan_assets.domain.models.transformer_trainer import (
    Evaluation,
    TrainingInput,
    build_trainer,
    check_best_restored,
)


def fine_tune(
    model: Any,
    data: TrainingInput,
    settings: TransformerSettings,
    *,
    work_folder: Path,
    seed: int,
    on_log: Callable[[str], None] | None,
) -> dict[str, Any]:
    """Train `model` in place up to its best evaluation; return what the run measured.

    Raises:
        PermanentError: The precision cannot run here, or the best weights were not restored.
    """
    weights = class_weights(data, settings)
    evaluations: list[Evaluation] = []
    precision = choose_precision(settings.precision, best_device())
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
            on_evaluation=_keeper(evaluations, on_log),
        )
        trainer.train()
        check_best_restored(model, trainer.state.best_model_checkpoint)
    return {
        "best_macro_f1": float(trainer.state.best_metric),
        "best_step": int(trainer.state.best_global_step),
        "steps": int(trainer.state.global_step),
        "evaluations": evaluations,
        "class_weights": list(weights),
        "truncated_train": data.train.truncated,
        "truncated_eval": data.evaluation.truncated,
        "device": best_device(),
        "precision": precision,
    }


def class_weights(data: TrainingInput, settings: TransformerSettings) -> tuple[float, ...]:
    """Focal alpha of each label: the constant that is set, or by its frequency."""
    if settings.focal_alpha is None:
        return balancing_weights(data.truth, data.n_labels)
    return (settings.focal_alpha,) * data.n_labels


def _keeper(
    evaluations: list[Evaluation], on_log: Callable[[str], None] | None
) -> Callable[[Evaluation], None]:
    def keep(evaluation: Evaluation) -> None:
        evaluations.append(evaluation)
        if on_log:
            step, macro_f1, loss = (evaluation[name] for name in ("step", "macro_f1", "loss"))
            on_log(f"step {step}: validation macro-F1 {macro_f1:.4f}, loss {loss:.4f}")

    return keep
