"""How right a model is on labelled rows, from one confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError

Ids = Sequence[int] | NDArray[np.integer[Any]]
Weights = Sequence[float] | NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class ScoreCard:
    """Scores of one model on one set of rows.

    The label set is fixed: a label that no row has and no prediction names counts with F1 0, as in
    scikit-learn with `labels=range(K), zero_division=0`. Leaving it out would let a model gain by
    never predicting a rare label. Such a label shows by its support of 0.

    Attributes:
        confusion: [K][K] weight of rows by true label (outer) and predicted label (inner).
        precision: Per label, in [0, 1]; 0 where nothing was predicted.
        recall: Per label, in [0, 1]; 0 where the support is 0.
        f1: Per label, in [0, 1].
        support: Per label, weight of rows that truly have it.
        accuracy: Weight of right rows over weight of all rows.
        macro_f1: Mean of `f1` over all K labels.
        n: Rows scored, whatever their weights.
    """

    confusion: tuple[tuple[float, ...], ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    f1: tuple[float, ...]
    support: tuple[float, ...]
    accuracy: float
    macro_f1: float
    n: int


def score(
    true_ids: Ids, predicted_ids: Ids, n_labels: int, weights: Weights | None = None
) -> ScoreCard:
    """Score predictions against the truth, each row with its weight (default 1).

    Raises:
        PermanentError: There is no row or no weight, the lengths differ, an id is outside
            0..n_labels-1, or a weight is negative or not finite.
    """
    truth, predicted = _label_ids(true_ids, n_labels), _label_ids(predicted_ids, n_labels)
    if len(truth) != len(predicted):
        raise _refusal(f"{len(truth)} truths and {len(predicted)} predictions.")
    confusion = np.zeros((n_labels, n_labels))
    np.add.at(confusion, (truth, predicted), _weights(weights, len(truth)))
    return score_card(confusion, n=len(truth))


def score_card(confusion: NDArray[np.floating], *, n: int) -> ScoreCard:
    """Score a confusion matrix [K, K] (true, predicted) that stands for `n` rows."""
    diagonal, support, answers = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    f1 = _ratio(2 * diagonal, support + answers)
    return ScoreCard(
        confusion=tuple(_floats(row) for row in confusion),
        precision=_floats(_ratio(diagonal, answers)),
        recall=_floats(_ratio(diagonal, support)),
        f1=_floats(f1),
        support=_floats(support),
        accuracy=float(diagonal.sum() / confusion.sum()),
        macro_f1=float(f1.mean()),
        n=n,
    )


def majority_label(true_ids: Ids, n_labels: int, weights: Weights | None = None) -> int:
    """The label with the largest weight of rows; the lowest id of equals."""
    truth, weight = _label_ids(true_ids, n_labels), _weights(weights, len(true_ids))
    return int(np.bincount(truth, weights=weight, minlength=n_labels).argmax())


def majority_card(true_ids: Ids, n_labels: int, weights: Weights | None = None) -> ScoreCard:
    """Score card of always answering the most frequent label."""
    answer = majority_label(true_ids, n_labels, weights)
    return score(true_ids, np.full(len(true_ids), answer), n_labels, weights)


def majority_share(true_ids: Ids, n_labels: int) -> float:
    """Share of rows with the most frequent label: the accuracy of always answering it."""
    return majority_card(true_ids, n_labels).accuracy


def majority_macro_f1(true_ids: Ids, n_labels: int) -> float:
    """Macro-F1 of always answering the most frequent label: what a model must clearly exceed."""
    return majority_card(true_ids, n_labels).macro_f1


def _weights(weights: Weights | None, rows: int) -> NDArray[np.float64]:
    if weights is None:
        return np.ones(rows)
    values = np.asarray(weights, dtype=np.float64)
    if len(values) != rows:
        raise _refusal(f"{len(values)} weights for {rows} rows.")
    if not (np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0):
        raise _refusal("weights that are not finite, negative or sum to zero.")
    return values


def _label_ids(ids: Ids, n_labels: int) -> NDArray[np.int64]:
    values = np.asarray(ids)
    if not len(values):
        raise _refusal("no row to score.")
    if not np.issubdtype(values.dtype, np.integer):
        raise _refusal(f"label ids of type {values.dtype}, not integers.")
    wrong = np.unique(values[(values < 0) | (values >= n_labels)])
    if len(wrong):
        raise _refusal(f"label ids {wrong[:5].tolist()} outside 0..{n_labels - 1}.")
    return values.astype(np.int64)


def _ratio(part: NDArray[np.floating], whole: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(whole), dtype=np.float64), where=whole > 0)


def _floats(values: NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _refusal(found: str) -> PermanentError:
    return PermanentError(
        tried="Scoring predictions",
        found=found,
        todo="Pass the labels of the same, non-empty rows as ids of the task's label list.",
    )
