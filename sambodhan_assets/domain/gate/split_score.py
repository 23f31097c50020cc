"""Scores on a fixed set of labelled rows, with their error: shown, never deciding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.gate.confusion import macro_f1
from sambodhan_assets.domain.scores import ScoreCard, score


@dataclass(frozen=True, kw_only=True)
class SplitScore:
    """One model on one set of labelled rows.

    Attributes:
        card: Its scores.
        standard_error: Standard error of the card's macro-F1, text groups drawn as one.
    """

    card: ScoreCard
    standard_error: float


def score_split(
    truth: NDArray[np.integer],
    predicted: NDArray[np.integer],
    group: NDArray[np.integer],
    n_labels: int,
    *,
    replicates: int = 2_000,
    seed: int,
) -> SplitScore:
    """Score predictions and bootstrap the error of the macro-F1.

    Args:
        truth: int [n]: label ids.
        predicted: int [n]: the model's answers.
        group: int [n]: text group of each row; near-duplicates are right or wrong together, and
            counting them apart would make the error look smaller than it is.
        n_labels: K.
        replicates: Bootstrap replicates; each draws Poisson(1) per group.
        seed: Same seed, same error.

    Raises:
        PermanentError: There is no row, lengths differ, or an id is outside 0..K-1.
    """
    card = score(truth, predicted, n_labels)
    _, group_of_row = np.unique(group, return_inverse=True)
    cells_of_group = np.zeros((int(group_of_row.max()) + 1, n_labels * n_labels))
    np.add.at(cells_of_group, (group_of_row, truth * n_labels + predicted), 1)
    signatures, group_count = np.unique(cells_of_group, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    multipliers = rng.poisson(group_count, size=(replicates, len(group_count)))
    confusion = (multipliers @ signatures).reshape(replicates, n_labels, n_labels)
    return SplitScore(card=card, standard_error=float(macro_f1(confusion).std(ddof=1)))
