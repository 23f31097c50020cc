"""Predicts every window row with a model that trained neither on its text nor on a twin of it."""

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.evaluation.text_groups import group_keys
from sambodhan_assets.domain.evaluation.window_rows import WindowRows
from sambodhan_assets.domain.models.linear import cross_predict_linear
from sambodhan_assets.domain.models.training import training_rows

FOLDS = 5
T = TypeVar("T")


def fold_of(key: str, *, folds: int = FOLDS) -> int:
    """Fold of a text group: all rows of its texts are in one fold, on any machine."""
    return int.from_bytes(hashlib.sha256(f"fold:{key}".encode()).digest()[:8]) % folds


def cross_predict_window(
    dataset: BalancedDataset,
    rows: WindowRows,
    *,
    trained_before: frozenset[str],
    n_labels: int,
    seed: int,
    on_progress: Callable[[str], None],
) -> NDArray[np.int64]:
    """Label ids [n] for the window rows, by the recipe that trained the candidate.

    Training rows whose text, or a near-duplicate of it, stands in the window are left out of the
    fold that predicts it; all others are in every fold.

    Args:
        dataset: The version that the candidate was trained on.
        rows: Rows to predict.
        trained_before: Text keys that the deployed version trained on. They stay in every fold,
            because both models had them, unless the row has a label.
        n_labels: Number of labels.
        seed: Seed of the training.
        on_progress: Receives one line per finished fold.
    """
    texts, labels = training_rows(dataset)
    groups = group_keys([*texts, *rows.texts])
    of_training, of_window = groups[: len(texts)], groups[len(texts) :]
    labelled = {rows.text_keys[row] for row in np.flatnonzero(rows.labelled).tolist()}
    kept, in_window = trained_before - labelled, set(of_window)
    in_fold = np.array(
        [
            group in in_window and text_key(text) not in kept
            for text, group in zip(texts, of_training, strict=True)
        ],
        dtype=bool,
    )
    fixed, moving = np.flatnonzero(~in_fold).tolist(), np.flatnonzero(in_fold).tolist()
    return cross_predict_linear(
        _pick(texts, fixed),
        _pick(labels, fixed),
        _pick(texts, moving),
        _pick(labels, moving),
        [fold_of(group) for group in _pick(of_training, moving)],
        rows.texts,
        [fold_of(group) for group in of_window],
        n_labels=n_labels,
        n_folds=FOLDS,
        seed=seed,
        on_fold=lambda done, all_folds: on_progress(f"Fold {done} of {all_folds} is predicted."),
    ).argmax(axis=1)


def _pick(values: Sequence[T], positions: Sequence[int]) -> list[T]:
    return [values[position] for position in positions]
