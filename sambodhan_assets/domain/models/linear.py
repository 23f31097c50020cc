"""The linear family: TF-IDF of words and character sequences with logistic loss.

On the published corpus it equals a fine-tuned XLM-RoBERTa at a thousandth of the cost, so it is
the default family and every transformer's rival.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.models.calibration import calibration_of
from sambodhan_assets.domain.models.checked_ids import Ids, checked_ids
from sambodhan_assets.domain.models.confidence import tempered
from sambodhan_assets.domain.models.linear_files import read_weights, write_weights
from sambodhan_assets.domain.models.linear_fit import (
    MAX_TERMS,
    SGD_SETTINGS,
    CountedRows,
    LinearWeights,
)
from sambodhan_assets.domain.models.text_counts import LONGEST, MIN_ROWS, SHORTEST
from sambodhan_assets.domain.models.training_record import TrainingRecord, library_versions

FAMILY = "linear"


@dataclass(frozen=True, kw_only=True)
class LinearClassifier:
    """A trained linear model.

    Attributes:
        labels: All labels of the task; the position is the label id.
        weights: What was fitted.
        record: How it was fitted.
        family: "linear".
    """

    labels: tuple[str, ...]
    weights: LinearWeights
    record: TrainingRecord
    family: str = FAMILY

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities [n, K], calibrated; a label that had no training rows has 0."""
        temperature = calibration_of(self.record).temperature
        return tempered(self.weights.probabilities(texts, len(self.labels)), temperature)

    def with_record(self, record: TrainingRecord) -> "LinearClassifier":
        """The same weights with another record."""
        return replace(self, record=record)

    def save(self, folder: Path, *, extra: Mapping[str, Any] | None = None) -> None:
        """Write `linear.skops` and `training.json`, with `extra` in the latter."""
        folder.mkdir(parents=True, exist_ok=True)
        write_weights(folder, self.weights)
        self.record.with_extra(extra).write(folder)


def load_linear(folder: Path, record: TrainingRecord) -> LinearClassifier:
    """Read a folder that `LinearClassifier.save` wrote.

    Raises:
        PermanentError: The file is missing, damaged or of another make, holds weights that are not
            finite, or does not fit the record; or the record's calibration is damaged.
    """
    calibration_of(record)
    weights = read_weights(folder, n_labels=len(record.labels))
    return LinearClassifier(labels=record.labels, weights=weights, record=record)


def train_linear(
    texts: Sequence[str], label_ids: Ids, *, labels: Sequence[str], seed: int
) -> LinearClassifier:
    """Train on all rows. The same rows in the same order with the same seed give the same weights.

    Raises:
        PermanentError: Fewer than two labels have rows, no term stands in two rows, or the label
            ids do not fit the texts and labels.
    """
    truth = checked_ids(label_ids, rows=len(texts), limit=len(labels), name="label ids")
    weights = CountedRows.of(texts, truth).fit(np.arange(len(texts)), seed=seed)
    record = TrainingRecord(
        family=FAMILY,
        labels=tuple(labels),
        hyperparameters={
            "words": [1, 2],
            "characters": [SHORTEST, LONGEST],
            "min_rows": MIN_ROWS,
            "max_terms": MAX_TERMS,
            **SGD_SETTINGS,
        },
        seed=seed,
        library_versions=library_versions(["numpy", "scikit-learn", "scipy", "skops"]),
        training_rows=len(texts),
        outcome={"terms": len(weights.vocabulary.terms)},
    )
    return LinearClassifier(labels=tuple(labels), weights=weights, record=record)


def cross_predict_linear(
    fixed_texts: Sequence[str],
    fixed_labels: Ids,
    fold_texts: Sequence[str],
    fold_labels: Ids,
    fold_of_row: Ids,
    window_texts: Sequence[str],
    fold_of_window: Ids,
    *,
    n_labels: int,
    n_folds: int,
    seed: int,
    on_fold: Callable[[int, int], None] | None = None,
) -> NDArray[np.float64]:
    """Predict each window row with a model that did not train on its fold.

    Fold k trains on the fixed rows and, after them, the fold rows of all other folds, and predicts
    the window rows of fold k: exactly as `train_linear` on those rows would. Vocabulary, document
    frequencies and their cut are those of the fold's own training rows. Only the reading of the
    texts is shared between folds, because it depends on no other row.

    Args:
        fixed_texts: Rows that every fold trains on.
        fixed_labels: Their label ids.
        fold_texts: Rows that all folds but their own train on.
        fold_labels: Their label ids.
        fold_of_row: Their folds, in 0..n_folds-1.
        window_texts: Rows to predict.
        fold_of_window: Their folds.
        n_labels: Number of labels K.
        n_folds: Number of folds.
        seed: Seed of every fold's training.
        on_fold: Called after each fold with the numbers of finished folds and of all folds.

    Returns:
        Probabilities [n_window, K]. A label that the fold's training rows lack has 0.

    Raises:
        PermanentError: A fold that predicts has fewer than two labels to train on, or lengths,
            label ids or folds do not fit.
    """
    fixed = checked_ids(fixed_labels, rows=len(fixed_texts), limit=n_labels, name="fixed labels")
    folded = checked_ids(fold_labels, rows=len(fold_texts), limit=n_labels, name="fold labels")
    row_fold = checked_ids(fold_of_row, rows=len(fold_texts), limit=n_folds, name="folds of rows")
    window_fold = checked_ids(
        fold_of_window, rows=len(window_texts), limit=n_folds, name="folds of the window"
    )
    counted = CountedRows.of([*fixed_texts, *fold_texts], np.concatenate([fixed, folded]))
    # Fixed rows belong to no fold, so no fold leaves them out.
    left_out_of = np.concatenate([np.full(len(fixed), -1), row_fold])
    result = np.zeros((len(window_texts), n_labels))
    for fold in range(n_folds):
        window = np.flatnonzero(window_fold == fold)
        if len(window):
            weights = counted.fit(np.flatnonzero(left_out_of != fold), seed=seed)
            result[window] = weights.probabilities(
                [window_texts[row] for row in window.tolist()], n_labels
            )
        if on_fold:
            on_fold(fold + 1, n_folds)
    return result
