"""Finds rows that probably have a wrong label, by models that did not see their texts.

Confident learning (Northcutt, Jiang, Chuang: Confident Learning, 2021): a row is suspected if a
model gives another label at least the probability that it gives on average to rows which have it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sambodhan_assets.domain.dataset.columns import Bools, Ints
from sambodhan_assets.domain.qa.task_sample import TaskSample

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FOLDS = 5
# Errors of the models, of those that always the most frequent label makes. A model that is hardly
# better suspects most rows, and most of them wrongly.
MOST_ERRORS = 0.5
# With fewer rows of a task, or of a label, a fold teaches the model nothing.
MIN_ROWS, MIN_LABEL_ROWS = 50, 10
# Columns that the five-character sequences are hashed to. On real complaints with one label in
# twenty swapped it found as many of them as the linear family, in a quarter of the time.
FEATURES = 1 << 18
_SGD: dict[str, Any] = {"loss": "log_loss", "alpha": 3e-5, "max_iter": 10, "tol": None}


@dataclass(frozen=True, kw_only=True)
class LabelNoise:
    """What out-of-fold models say of the labels of n rows.

    Attributes:
        judged: Rows that models were asked about, [n].
        predicted: Their most probable label, [n]; -1 if not judged.
        suspected: The label that confident learning suspects, [n]; -1: none.
        confidence: Probability of that label, [n].
        reason: Why no row was judged, None if some were.
    """

    judged: Bools
    predicted: Ints
    suspected: Ints
    confidence: npt.NDArray[np.float64]
    reason: str | None


def find_label_noise(sample: TaskSample, *, seed: int) -> LabelNoise:
    """Judges all rows of labels with MIN_LABEL_ROWS or more, near-duplicates in one fold."""
    counts = np.bincount(sample.label_ids, minlength=len(sample.labels))
    judged = counts[sample.label_ids] >= MIN_LABEL_ROWS
    folds = sample.groups % FOLDS
    if reason := _why_not(sample.label_ids[judged], folds[judged]):
        return _nothing(len(judged), reason)
    rows = np.flatnonzero(judged)
    chances = _out_of_fold(sample, rows, folds[rows], seed=seed)
    given = sample.label_ids[rows]
    if reason := _too_weak(chances, given):
        return _nothing(len(judged), reason)
    result = _nothing(len(judged), None)
    result.judged[rows] = True
    result.predicted[rows] = chances.argmax(axis=1)
    result.suspected[rows] = suspected_labels(chances, given)
    result.confidence[rows] = chances[np.arange(len(rows)), result.suspected[rows]]
    return result


def suspected_labels(chances: npt.NDArray[np.float64], given: Ints) -> Ints:
    """For each row the label that it should rather have, -1 if its own may be right, [n].

    Args:
        chances: Out-of-fold probabilities, [n, K].
        given: Labels that the rows have, [n].
    """
    labels = chances.shape[1]
    thresholds = np.full(labels, np.inf)
    for label in set(given.tolist()):
        # At least by chance: a label that no fold could learn would be suspected everywhere.
        thresholds[label] = max(chances[given == label, label].mean(), 1 / labels)
    above = np.where(chances >= thresholds, chances, -1.0)
    best = above.argmax(axis=1)
    known = above[np.arange(len(given)), best] >= 0
    return np.where(known & (best != given), best, -1)


def _why_not(given: Ints, folds: Ints) -> str | None:
    if len(given) < MIN_ROWS:
        return f"fewer than {MIN_ROWS} rows with a label of {MIN_LABEL_ROWS} rows or more"
    if len(set(given.tolist())) < 2:
        return f"fewer than two labels with {MIN_LABEL_ROWS} rows or more"
    for fold in set(folds.tolist()):
        if len(set(given[folds != fold].tolist())) < 2:
            return "nearly all texts of a label are near-duplicates, so that no model learns it"
    return None


def _too_weak(chances: npt.NDArray[np.float64], given: Ints) -> str | None:
    """Why the models have learned too little to call a label wrong; None if they may."""
    wrong = float(np.mean(chances.argmax(axis=1) != given))
    guessing = 1 - float(np.bincount(given).max()) / len(given)
    if wrong <= guessing * MOST_ERRORS:
        return None
    return (
        f"the models that judge differ from {wrong:.0%} of the labels, and always the most "
        f"frequent label from {guessing:.0%}: they have learned too little"
    )


def _nothing(rows: int, reason: str | None) -> LabelNoise:
    return LabelNoise(
        judged=np.zeros(rows, dtype=np.bool_),
        predicted=np.full(rows, -1, dtype=np.int64),
        suspected=np.full(rows, -1, dtype=np.int64),
        confidence=np.zeros(rows),
        reason=reason,
    )


def _out_of_fold(
    sample: TaskSample, rows: Ints, folds: Ints, *, seed: int
) -> npt.NDArray[np.float64]:
    from sklearn.linear_model import SGDClassifier

    features = _features(sample)
    given, texts = sample.label_ids[rows], sample.text_of_row[rows]
    chances = np.zeros((len(rows), len(sample.labels)))
    for fold in sorted(set(folds.tolist())):
        inside = folds == fold
        model: Any = SGDClassifier(**_SGD, random_state=seed)
        model.fit(features[texts[~inside]], given[~inside])
        asked = np.flatnonzero(inside)
        chances[np.ix_(asked, model.classes_)] = model.predict_proba(features[texts[asked]])
    return chances


def _features(sample: TaskSample) -> "csr_matrix":
    """TF-IDF of the sequences of five characters of each distinct text, hashed, of length 1."""
    from scipy.sparse import csr_matrix

    counts = sample.counts
    columns = (sample.sequences % FEATURES).astype(np.int32)
    bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    texts = len(counts)
    frequency = np.bincount(columns, minlength=FEATURES)
    weights = (np.log((1 + texts) / (1 + frequency)) + 1).astype(np.float32)
    values = weights[columns]
    # A text has at least one sequence, unless all of its own were thinned out.
    held = np.flatnonzero(counts)
    squares = np.add.reduceat(np.square(values), bounds[held])
    values /= np.repeat(np.sqrt(squares), counts[held])
    return csr_matrix((values, columns, bounds), shape=(texts, FEATURES))
