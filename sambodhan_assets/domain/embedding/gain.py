"""How much better one scorer answers than another, and how sure that is: a paired bootstrap.

Both answer the same queries. Typos of one word are right or wrong together, so a word is drawn as
one; each replicate draws g ~ Poisson(1) per word.

Each bound counts one ghost typo per group that speaks against it, as a word of its own: with few
words that all went alike, the draws have no width, and chance would be taken for certainty. Without
ghosts a candidate that is 4 points worse was promoted in 20 of 100 simulated cases with 5 unseen
words, with them in 2 at most, whatever the number of words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.embedding.retrieval import Floats
from sambodhan_assets.domain.gate.interval import CHUNK, GainInterval


@dataclass(frozen=True, kw_only=True)
class Gain:
    """A difference of two means on the same queries.

    Attributes:
        queries: How many were compared.
        words: Of how many different words they are.
        gain: Candidate minus the other.
        interval: Its 90 % interval, ghosts included.
    """

    queries: int
    words: int
    gain: float
    interval: GainInterval


def paired_gain(
    candidate: Floats,
    other: Floats,
    *,
    words: Sequence[tuple[str, str]],
    group: NDArray[np.integer],
    replicates: int,
    seed: int,
) -> Gain | None:
    """Mean over the groups of the mean difference in each group.

    Args:
        candidate: What it scored on each query, [n]; NaN rows are left out.
        other: The same of the other one.
        words: The right word of each query, as domain and word; queries of one word are drawn
            together, and their order does not matter.
        group: int [n]: such as 0 for unseen and 1 for seen words; every group counts alike, however
            many queries it has.
        replicates: Bootstrap replicates.
        seed: Same seed, same interval.

    Returns:
        None if no query is left.
    """
    difference = candidate - other
    kept = ~np.isnan(difference)
    if not kept.any():
        return None
    _, of_group = np.unique(group[kept], return_inverse=True)
    named = [word for word, keep in zip(words, kept.tolist(), strict=True) if keep]
    place = {word: at for at, word in enumerate(sorted(set(named)))}
    of_word = np.array([place[word] for word in named])
    n_groups = int(of_group.max()) + 1
    sums, counts = np.zeros((len(place), n_groups)), np.zeros((len(place), n_groups))
    np.add.at(sums, (of_word, of_group), difference[kept])
    np.add.at(counts, (of_word, of_group), 1.0)
    against, for_it = (
        _drawn_gains(*_with_ghosts(sums, counts, ghost), replicates=replicates, seed=seed)
        for ghost in (-1.0, 1.0)
    )
    whole = _mean_over_groups(sums.sum(axis=0)[None, :], counts.sum(axis=0)[None, :])
    return Gain(
        queries=int(kept.sum()),
        words=len(place),
        gain=float(whole[0]),
        interval=GainInterval(
            lower_05=float(np.quantile(against, 0.05)),
            upper_95=float(np.quantile(for_it, 0.95)),
            replicates=replicates,
            seed=seed,
        ),
    )


def _with_ghosts(sums: Floats, counts: Floats, difference: float) -> tuple[Floats, Floats]:
    """Sums and counts [words + groups, groups] with one typo more in each group."""
    ghosts = np.eye(sums.shape[1])
    return np.vstack([sums, difference * ghosts]), np.vstack([counts, ghosts])


def _drawn_gains(sums: Floats, counts: Floats, *, replicates: int, seed: int) -> Floats:
    """The gain of each replicate in which any word was drawn, from sums [words, groups]."""
    generator = np.random.default_rng(seed)
    at_once = max(1, CHUNK // len(sums))
    gains: list[Any] = []
    for start in range(0, replicates, at_once):
        drawn = generator.poisson(1.0, size=(min(at_once, replicates - start), len(sums)))
        gains.append(_mean_over_groups(drawn @ sums, drawn @ counts))
    found = np.concatenate(gains)
    return found[~np.isnan(found)]


def _mean_over_groups(sums: Floats, counts: Floats) -> Floats:
    """Means [B] over the groups that were drawn; NaN where none was."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts
    drawn = counts > 0
    total = np.where(drawn, means, 0.0).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return total / np.where(drawn.any(axis=1), drawn.sum(axis=1), np.nan)
