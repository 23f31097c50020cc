"""Fitting of the linear family: counts of some rows to weights, and weights to probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.text_counts import (
    MIN_ROWS,
    Vocabulary,
    document_frequency,
    learn_vocabulary,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MAX_TERMS = 120_000
# A fixed number of epochs: with a tolerance the end, and so the weights, would hang on rounding.
# With a tenth of this alpha 30 epochs end far from the optimum: two trainings on the same rows in
# another order then answer 4 to 22 of 1000 complaints differently, with this one 1 to 3, and score
# alike. To people such flips are errors that come and go, to the gate they are noise.
SGD_SETTINGS: dict[str, Any] = {"loss": "log_loss", "alpha": 3e-5, "max_iter": 30, "tol": None}
# Rows per matrix when predicting: bounds memory, whatever the number of texts.
_BLOCK = 4096


@dataclass(frozen=True, kw_only=True)
class LinearWeights:
    """A fitted model without its label names.

    Attributes:
        vocabulary: The V terms that count.
        idf: [V] weight of each term.
        classes: [C] label ids that had training rows, ascending; a label without rows is absent.
        coefficients: [C, V], or [1, V] for two classes (then it speaks for the second).
        intercepts: [C] or [1].
    """

    vocabulary: Vocabulary
    idf: NDArray[np.float64]
    classes: NDArray[np.int64]
    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]

    def probabilities(self, texts: Sequence[str], n_labels: int) -> NDArray[np.float64]:
        """Probabilities [n, n_labels]; an absent class has 0."""
        result = np.zeros((len(texts), n_labels))
        for start in range(0, len(texts), _BLOCK):
            counts = self.vocabulary.count(texts[start : start + _BLOCK])
            features = _tf_idf(counts, self.idf, self.vocabulary.first_word)
            scores = features @ self.coefficients.T + self.intercepts
            result[start : start + _BLOCK, self.classes] = _one_vs_rest(scores)
        return result


@dataclass(frozen=True, kw_only=True)
class CountedRows:
    """Training rows whose texts are read and counted, ready to be fitted in any selection.

    Attributes:
        vocabulary: Terms of two or more of all rows: what any selection can use at most.
        counts: [distinct texts, V].
        text_of_row: For each row the position of its text in `counts`.
        truth: For each row its label id.
    """

    vocabulary: Vocabulary
    counts: "csr_matrix"
    text_of_row: NDArray[np.intp]
    truth: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str], truth: NDArray[np.int64]) -> "CountedRows":
        """Read every distinct text once."""
        place = {text: position for position, text in enumerate(dict.fromkeys(texts))}
        text_of_row = np.array([place[text] for text in texts], dtype=np.intp)
        rows_of_text = np.bincount(text_of_row, minlength=len(place))
        vocabulary, counts = learn_vocabulary(list(place), rows_of_text)
        return cls(vocabulary=vocabulary, counts=counts, text_of_row=text_of_row, truth=truth)

    def fit(self, rows: NDArray[np.intp], *, seed: int) -> LinearWeights:
        """Fit vocabulary, term weights and classifier on the selected rows, in their order.

        Raises:
            PermanentError: Fewer than two labels have rows, or no term stands in two rows.
        """
        from sklearn.linear_model import SGDClassifier

        truth = self.truth[rows]
        if len(np.unique(truth)) < 2:
            found = f"{len(rows)} training rows with {len(np.unique(truth))} different labels."
            raise _cannot_train(found)
        counts = self.counts[self.text_of_row[rows]]
        frequency = document_frequency(counts)
        kept = _most_frequent(frequency)
        if not len(kept):
            raise _cannot_train(f"no word or character sequence in two of {len(rows)} rows.")
        vocabulary = Vocabulary.of([self.vocabulary.terms[column] for column in kept])
        idf = np.log((1 + len(rows)) / (1 + frequency[kept])) + 1
        features = _tf_idf(counts[:, kept], idf, vocabulary.first_word)
        # In float32 the fit takes two thirds of the time; macro-F1 stays the same to 0.001.
        classifier: Any = SGDClassifier(**SGD_SETTINGS, random_state=seed)
        classifier.fit(features.astype(np.float32), truth)
        return LinearWeights(
            vocabulary=vocabulary,
            idf=idf,
            classes=classifier.classes_,
            coefficients=classifier.coef_.astype(np.float64),
            intercepts=classifier.intercept_.astype(np.float64),
        )


def _most_frequent(frequency: NDArray[np.intp]) -> NDArray[np.intp]:
    """Columns of the MAX_TERMS terms that stand in most rows, ascending.

    Of equally frequent terms the alphabetically first stay. Columns follow the alphabet, so the
    choice does not depend on which other rows were counted: a fold keeps what a fresh training on
    its rows keeps.
    """
    candidates = np.flatnonzero(frequency >= MIN_ROWS)
    by_rank = candidates[np.argsort(-frequency[candidates], kind="stable")]
    return np.sort(by_rank[:MAX_TERMS])


def _tf_idf(counts: "csr_matrix", idf: NDArray[np.float64], first_word: int) -> "csr_matrix":
    """Weigh counts; words and character sequences each to length 1 (0 where a text has none).

    A long text has twenty times as many character sequences as words. Scaled together, the words
    would hardly count.
    """
    features = counts.copy()
    features.data = (1 + np.log(counts.data)) * idf[counts.indices]
    n_rows = len(counts.indptr) - 1
    rows = np.repeat(np.arange(n_rows), np.diff(counts.indptr))
    part = 2 * rows + (counts.indices >= first_word)
    squares = np.bincount(part, weights=features.data**2, minlength=2 * n_rows)
    features.data /= np.sqrt(squares)[part]
    return features


def _one_vs_rest(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logistic probability of each class against the rest, scaled to sum 1."""
    from scipy.special import expit

    if scores.shape[1] == 1:
        return np.hstack([expit(-scores), expit(scores)])
    # The largest score is never far below 0 after fitting, but a sum of 0 would give no number.
    each = np.maximum(expit(scores), np.finfo(np.float64).tiny)
    return each / each.sum(axis=1, keepdims=True)


def _cannot_train(found: str) -> PermanentError:
    return PermanentError(
        tried="Training a linear model",
        found=found,
        todo="Collect corrections of at least two labels, or give an anchor corpus.",
    )
