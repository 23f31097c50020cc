"""Confusion matrices of candidate a and deployed version b over the window's traffic.

The window falls into cells: C, certain rows; G, the other rows with a = b, N_G of which n_G were
labelled at random; D, the other rows with a != b, N_D and n_D. e(y, p) is the matrix with a 1 at
true label y and answer p, S a sum over rows with their weights. For m in {a, b}:

    Conf_m = S_C e(y,m) + S_G e(b,m) + S_D e(b,m)
           + N_G/n_G * S_{labelled G}[e(y,m) - e(b,m)] + N_D/n_D * S_{labelled D}[e(y,m) - e(b,m)]

clipped at 0; a term without labels vanishes. N and n are sums of weights too, so a weight common to
all uncertain rows is the same as that many copies of each.
"""

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.gate.window import GateWindow

Floats = NDArray[np.floating]

# Confusion cells are sums of whole rows and of N/n times whole rows: what is below a millionth of a
# row is rounding, and 0/0 must be told from rounding/rounding.
ROUNDING = 1e-6


def window_confusions(window: GateWindow, n_labels: int) -> Floats:
    """Confusion matrices [2, K, K] of candidate and deployed version, never negative."""
    kinds, kind_of_row = distinct_rows(window)
    sums = np.bincount(kind_of_row) @ row_features(kinds, n_labels)
    return confusions(sums, n_labels)


def macro_f1(confusion: Floats) -> Floats:
    """Macro-F1 over all K labels of confusion matrices [..., K, K]; a 0/0 counts 0."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    total = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    return (2 * ratio(hits, total)).mean(axis=-1)


def distinct_rows(window: GateWindow) -> tuple[GateWindow, NDArray[np.intp]]:
    """Collapse rows that differ in nothing but their group.

    Returns:
        The distinct rows as a window (of one group), and for each row of `window` its number there.
    """
    columns = (window.candidate, window.deployed, window.truth, window.certain, window.weight)
    kinds, kind_of_row = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
    candidate, deployed, truth, certain = kinds[:, :4].astype(np.int64).T
    distinct = GateWindow(
        candidate=candidate,
        deployed=deployed,
        truth=truth,
        certain=certain.astype(np.bool_),
        group=np.zeros(len(kinds), dtype=np.int64),
        weight=kinds[:, 4].astype(np.float64),
    )
    return distinct, kind_of_row.reshape(-1)


def row_features(window: GateWindow, n_labels: int) -> Floats:
    """All that a row adds to the two confusion matrices, as one vector per row.

    Both matrices are functions of sums of these vectors, so a resampled window needs only the
    sums: 4 blocks of [2, K, K] (candidate, deployed), each flattened, then 4 numbers.
    Blocks: the presumed matrices; the move that labelled rows of G call for; the same of D; the
    move if the candidate were right on all of D. Numbers: N_G, n_G, N_D, n_D, in weights.

    Returns:
        float [n, 8 * K * K + 4].
    """
    agreed, disagreed, labelled = window.agreed, window.disagreed, window.labelled
    presumed_truth = np.where(window.certain, window.truth, window.deployed)
    presumed = _answers(window, presumed_truth, n_labels)
    moved = _answers(window, np.where(labelled, window.truth, window.deployed), n_labels) - presumed
    won = _answers(window, np.where(disagreed, window.candidate, presumed_truth), n_labels)
    numbers = np.stack([agreed, agreed & labelled, disagreed, disagreed & labelled], axis=1)
    blocks = [
        presumed,
        moved * agreed[:, None],
        moved * disagreed[:, None],
        won - presumed,
        numbers * window.weight[:, None],
    ]
    return np.concatenate(blocks, axis=1)


def confusions(
    sums: Floats, n_labels: int, *, ghost: Floats | None = None, ghost_wins: bool = False
) -> Floats:
    """Turn summed row features into confusion matrices.

    Args:
        sums: float [..., 8 * K * K + 4], sums of row_features over rows.
        n_labels: K.
        ghost: float [...], weight of imaginary labels of average disagreements; None for none.
        ghost_wins: The imaginary labels say that the candidate is right, not the deployed version.

    Returns:
        float [..., 2, K, K] for candidate and deployed version, clipped at 0.
    """
    blocks = sums[..., :-4].reshape(*sums.shape[:-1], 4, 2, n_labels, n_labels)
    presumed, moved_agreed, moved_disagreed, won = np.moveaxis(blocks, -4, 0)
    agreed, agreed_labels, disagreed, disagreed_labels = np.moveaxis(sums[..., -4:], -1, 0)
    imaginary = np.zeros_like(agreed) if ghost is None else ghost
    if ghost_wins:
        moved_disagreed = moved_disagreed + _as_matrix(ratio(imaginary, disagreed)) * won
    confusion = (
        presumed
        + _as_matrix(ratio(agreed, agreed_labels)) * moved_agreed
        + _as_matrix(ratio(disagreed, disagreed_labels + imaginary)) * moved_disagreed
    )
    return np.where(confusion > ROUNDING, confusion, 0.0)


def ratio(above: Floats, below: Floats) -> Floats:
    """Divide element by element; 0 where the divisor is 0."""
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=below > 0)


def _answers(window: GateWindow, truth: NDArray[np.integer], n_labels: int) -> Floats:
    """Unit matrices e(truth, answer) of both models times the row's weight: [n, 2 * K * K]."""
    cells = np.zeros((len(window), 2, n_labels * n_labels))
    rows = np.arange(len(window))
    for model, answer in enumerate((window.candidate, window.deployed)):
        cells[rows, model, truth * n_labels + answer] = window.weight
    return cells.reshape(len(window), -1)


def _as_matrix(numbers: Floats) -> Floats:
    return numbers[..., None, None, None]
