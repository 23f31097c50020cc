"""Trains a model of either family on a dataset version."""

from collections.abc import Callable
from pathlib import Path

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.traffic_weights import traffic_weights
from sambodhan_assets.domain.models.calibration import calibrated
from sambodhan_assets.domain.models.classifier import TextClassifier
from sambodhan_assets.domain.models.linear import train_linear
from sambodhan_assets.domain.models.transformer import train_transformer
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings


def training_rows(dataset: BalancedDataset) -> tuple[list[str], list[int]]:
    """Texts and label ids to train on: the train split, then the replay, each row at weight 1."""
    tables = (dataset.splits["train"], dataset.replay)
    texts = [text for table in tables for text in table["grievance"].to_pylist()]
    return texts, [label for table in tables for label in table["label"].to_pylist()]


def train_classifier(
    dataset: BalancedDataset,
    *,
    labels: tuple[str, ...],
    family: str,
    transformer: TransformerSettings,
    seed: int,
    work_folder: Path,
    on_log: Callable[[str], None],
) -> TextClassifier:
    """Trains on train and replay; eval only stops and calibrates, the test split is unseen.

    Args:
        dataset: One dataset version.
        labels: The task's labels in the order of their ids.
        family: linear or transformer.
        transformer: Settings of the transformer family; the linear one has none.
        seed: Seed of all randomness.
        work_folder: Empty folder for checkpoints.
        on_log: Receives one line per evaluation.

    Raises:
        PermanentError: The rows do not allow training, or the checkpoint cannot be loaded.
    """
    texts, label_ids = training_rows(dataset)
    eval_texts: list[str] = dataset.splits["eval"]["grievance"].to_pylist()
    eval_labels: list[int] = dataset.splits["eval"]["label"].to_pylist()
    weights = traffic_weights(dataset, "eval")
    if family == "linear":
        linear = train_linear(texts, label_ids, labels=labels, seed=seed)
        return calibrated(linear, eval_texts, eval_labels, weights)
    tuned = train_transformer(
        texts,
        label_ids,
        eval_texts,
        eval_labels,
        labels=labels,
        settings=transformer,
        work_folder=work_folder,
        seed=seed,
        on_log=on_log,
    )
    return calibrated(tuned, eval_texts, eval_labels, weights)
