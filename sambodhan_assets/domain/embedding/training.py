"""Teaches a sentence model to put a typo beside its correction.

Multiple negatives ranking: the other corrections of a batch are the wrong answers. Each direction
has batches of its own, and no text comes twice in one: with both directions in one batch a third of
the anchors would have their own correction among the wrong answers (measured).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from sambodhan_assets.domain.embedding.dataset import EmbeddingDataset
from sambodhan_assets.domain.embedding.domains import query_text
from sambodhan_assets.domain.embedding.model import EmbeddingScorer
from sambodhan_assets.domain.embedding.retrieval import answer, summarise, terms_by_domain
from sambodhan_assets.domain.embedding.settings import EmbeddingSettings
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.precision import best_device, choose_precision
from sambodhan_assets.domain.models.progress_bars import without_progress_bars

_METRIC = "accuracy_at_1"


def train_embeddings(
    model: Any,
    dataset: EmbeddingDataset,
    settings: EmbeddingSettings,
    *,
    work_folder: Path,
    seed: int,
    on_log: Callable[[str], None],
) -> dict[str, Any]:
    """Trains `model` in place up to its best evaluation; returns what the run measured.

    Args:
        model: A SentenceTransformer.
        dataset: Train split to learn from, eval split to find the best step.
        settings: Hyperparameters.
        work_folder: Exists; checkpoints stand in it for the time of the call only.
        seed: Same seed, same machine, same weights.
        on_log: Told every evaluation in words.

    Raises:
        PermanentError: Train or eval split is empty, all pairs have one word, or the best weights
            were not restored.
    """
    from transformers import set_seed

    _refuse_empty_splits(dataset)
    batch_size = min(settings.batch_size, _words(dataset))
    precision = choose_precision(settings.precision, best_device())
    evaluations: list[dict[str, float]] = []
    with (
        TemporaryDirectory(prefix="checkpoints-", dir=work_folder) as folder,
        without_progress_bars(),
    ):
        set_seed(seed)
        arguments = _arguments(Path(folder), settings, batch_size, precision, seed)
        evaluator = build_evaluator(dataset, evaluations, on_log)
        trainer = _trainer(model, dataset, arguments, evaluator, scale=settings.scale)
        trainer.train()
        state = trainer.state
        check_best_restored(model, state.best_model_checkpoint)
        model.eval()  # the trainer leaves it ready to learn
    return {
        "best_accuracy_at_1": state.best_metric,
        "best_step": state.best_global_step,
        "steps": state.global_step,
        "batch_size": batch_size,
        "evaluations": evaluations,
        "device": best_device(),
        "precision": precision,
    }


def _trainer(
    model: Any, dataset: EmbeddingDataset, arguments: Any, evaluator: Any, *, scale: float
) -> Any:
    from sentence_transformers import SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import PrinterCallback, ProgressCallback

    class Trainer(SentenceTransformerTrainer):
        def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
            """None: the card of a version is another one, and examples for it take time."""

    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=_both_directions(dataset),
        loss=MultipleNegativesRankingLoss(model, scale=scale),
        evaluator=evaluator,
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)  # the evaluator tells what there is to tell
    return trainer


def _refuse_empty_splits(dataset: EmbeddingDataset) -> None:
    for split in ("train", "eval"):
        if not dataset.splits[split].num_rows:
            raise _failed(f"the {split} split has no pair.", "Load more training pairs.")
    if _words(dataset) < 2:
        raise _failed(
            "the train split has one word, so there is no wrong answer to learn from.",
            "Load training pairs of more words.",
        )


def _words(dataset: EmbeddingDataset) -> int:
    """Different words of the train split.

    No text comes twice in a batch, so a larger batch could not be filled: the trainer would end an
    epoch long before every pair was seen.
    """
    _, corrected = _texts(dataset.splits["train"], dataset.templates)
    return len(set(corrected))


def build_evaluator(
    dataset: EmbeddingDataset,
    evaluations: list[dict[str, float]],
    on_log: Callable[[str], None],
) -> Any:
    """Accuracy@1 on the eval split as sentence-transformers' trainer asks for it."""
    from sentence_transformers.base.evaluation import BaseEvaluator

    queries, terms = dataset.splits["eval"], terms_by_domain(dataset.terms)

    class RetrievalEvaluator(BaseEvaluator):
        """Looks the typos of the eval split up."""

        def __init__(self) -> None:
            super().__init__()
            self.primary_metric = _METRIC

        def __call__(
            self,
            model: Any,
            output_path: str | None = None,
            epoch: float = -1,
            steps: int = -1,
        ) -> dict[str, float]:
            answers = answer(EmbeddingScorer(model, dataset.templates), queries, terms)
            score = summarise(answers, answers.rank > 0)
            assert score is not None
            measured = {_METRIC: score.accuracy_at_1, "mrr_at_10": score.mrr_at_10}
            evaluations.append({"epoch": float(epoch), "step": float(steps), **measured})
            on_log(
                f"epoch {epoch:g}: accuracy@1 {score.accuracy_at_1:.3f}, MRR@10 "
                f"{score.mrr_at_10:.3f} on the {score.queries} pairs of the eval split"
            )
            return measured

    return RetrievalEvaluator()


def check_best_restored(model: Any, checkpoint: str | None) -> None:
    """Compares the model with its best checkpoint, weight by weight.

    Raises:
        PermanentError: No checkpoint was kept, or a weight differs.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    if checkpoint is None:
        raise _failed("no best checkpoint was kept.", "Report it.")
    best = SentenceTransformer(checkpoint, local_files_only=True, device="cpu").state_dict()
    for name, weights in model.state_dict().items():
        if not torch.equal(weights.cpu(), best[name].to(weights.dtype)):
            raise _failed(f"{name} is not that of the best checkpoint.", "Report it.")


def _both_directions(dataset: EmbeddingDataset) -> dict[str, Any]:
    """One dataset per direction: the trainer mixes no two datasets in one batch."""
    from datasets import Dataset

    typos, corrected = _texts(dataset.splits["train"], dataset.templates)
    return {
        "typo to correction": Dataset.from_dict({"anchor": typos, "positive": corrected}),
        "correction to typo": Dataset.from_dict({"anchor": corrected, "positive": typos}),
    }


def _texts(pairs: pa.Table, templates: Mapping[str, str]) -> tuple[list[str], list[str]]:
    rows = pairs.to_pylist()
    typos = [query_text(templates, row["domain"], row["typo"]) for row in rows]
    corrected = [query_text(templates, row["domain"], row["corrected"]) for row in rows]
    return typos, corrected


def _arguments(
    folder: Path, settings: EmbeddingSettings, batch_size: int, precision: str, seed: int
) -> Any:
    from sentence_transformers.base.sampler import BatchSamplers, MultiDatasetBatchSamplers
    from sentence_transformers.sentence_transformer.training_args import (
        SentenceTransformerTrainingArguments,
    )

    return SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=batch_size,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_share,
        lr_scheduler_type="linear",
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        multi_dataset_batch_sampler=MultiDatasetBatchSamplers.PROPORTIONAL,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_only_model=True,
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model=f"eval_{_METRIC}",
        greater_is_better=True,
        use_cpu=best_device() == "cpu",
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        seed=seed,
        data_seed=seed,
        logging_strategy="epoch",
        report_to="none",
        disable_tqdm=True,
    )


def _failed(found: str, todo: str) -> PermanentError:
    return PermanentError(tried="Training the embedding model", found=found, todo=todo)
