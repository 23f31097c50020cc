"""How sure the gain is: a bootstrap over text groups with one imaginary label.

Near-duplicates get the same answers, so a group is drawn as one. Each replicate draws
g ~ Poisson(1) per group and recomputes every cell size and both matrices. Paired resampling: Koehn
2004 (W04-3250); why the interval of the difference: Bestgen 2022 (arXiv 2205.11134).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.gate.confusion import (
    Floats,
    confusions,
    distinct_rows,
    macro_f1,
    row_features,
)
from sambodhan_assets.domain.gate.window import GateWindow

# Multipliers held at once: 4 million of 8 bytes keep the bootstrap under 100 MB.
CHUNK = 4_000_000


@dataclass(frozen=True, kw_only=True)
class GainInterval:
    """The gain's 90 % interval: it is above lower_05, and below upper_95, 95 times in 100.

    Attributes:
        lower_05: 5 % quantile with an imaginary label for the deployed version.
        upper_95: 95 % quantile with an imaginary label for the candidate.
        replicates: Bootstrap replicates drawn.
        seed: Seed of the draws.
    """

    lower_05: float
    upper_95: float
    replicates: int
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupedWindow:
    """A window of which only sums over text groups are left.

    Groups with the same rows are one *signature*; the multipliers of m such groups add up to
    Poisson(m), so 20,000 rows need a few hundred draws per replicate instead of thousands.

    Attributes:
        features: float [S, F]: row_features summed over one group of each signature.
        group_count: int [S]: groups of each signature.
        signature_of_group: int [groups]: in the order of ascending group id.
        ghost_weight: Weight of one imaginary label: the mean of the labelled disagreements, or of
            all disagreements where none has a label.
        n_labels: K.
    """

    features: Floats
    group_count: NDArray[np.integer]
    signature_of_group: NDArray[np.integer]
    ghost_weight: float
    n_labels: int


def gain_interval(
    window: GateWindow, n_labels: int, *, replicates: int = 10_000, seed: int
) -> GainInterval:
    """Bootstrap the gain of the candidate over the deployed version.

    The imaginary labels h ~ Poisson(1) lie in D, because a sheet won 30 to 30 would otherwise have
    no spread at all (coverage .90). For the lower bound they say that the deployed version is
    right, for the upper bound that the candidate is. So without any label in D the interval
    reaches from the worst case to the best.

    Args:
        window: Both models' answers and the labels.
        n_labels: K, the number of labels of the task.
        replicates: Bootstrap replicates.
        seed: Same seed, same interval.

    Raises:
        PermanentError: The window is empty or holds a label id of K or more.
    """
    grouped = collapse_groups(window, n_labels)
    lower, upper = np.empty(replicates), np.empty(replicates)
    done = 0
    for multipliers, ghosts in _draws(grouped, replicates, seed):
        chunk = slice(done, done + len(ghosts))
        lower[chunk], upper[chunk] = replicate_gains(grouped, multipliers, ghosts)
        done += len(ghosts)
    return GainInterval(
        lower_05=float(np.quantile(lower, 0.05)),
        upper_95=float(np.quantile(upper, 0.95)),
        replicates=replicates,
        seed=seed,
    )


def collapse_groups(window: GateWindow, n_labels: int) -> GroupedWindow:
    """Sum the rows of each text group and merge groups that hold the same rows.

    Raises:
        PermanentError: The window is empty or holds a label id of K or more.
    """
    window.check_labels(n_labels)
    kinds, kind_of_row = distinct_rows(window)
    order = np.lexsort((kind_of_row, window.group))
    kind_in_order = kind_of_row[order]
    ends = [*(np.flatnonzero(np.diff(window.group[order])) + 1).tolist(), len(order)]
    signatures: dict[bytes, int] = {}
    members = [kind_in_order[start:end].tobytes() for start, end in pairwise([0, *ends])]
    signature_of_group = np.array([signatures.setdefault(m, len(signatures)) for m in members])
    row_counts = np.stack(
        [np.bincount(np.frombuffer(m, np.intp), minlength=len(kinds)) for m in signatures]
    )
    return GroupedWindow(
        features=row_counts @ row_features(kinds, n_labels),
        group_count=np.bincount(signature_of_group),
        signature_of_group=signature_of_group,
        ghost_weight=_ghost_weight(window),
        n_labels=n_labels,
    )


def replicate_gains(
    grouped: GroupedWindow, multipliers: NDArray[np.integer], ghosts: NDArray[np.integer]
) -> tuple[Floats, Floats]:
    """Gain of each replicate, for the lower and for the upper bound.

    Args:
        grouped: The window.
        multipliers: int [B, S]: how often each signature's groups were drawn, in sum.
        ghosts: int [B]: imaginary labels of each replicate.

    Returns:
        Two arrays [B]: gains with the imaginary labels lost, and with them won.
    """
    sums = multipliers.astype(np.float64) @ grouped.features
    ghost = ghosts * grouped.ghost_weight
    lost = macro_f1(confusions(sums, grouped.n_labels, ghost=ghost))
    won = macro_f1(confusions(sums, grouped.n_labels, ghost=ghost, ghost_wins=True))
    return lost[:, 0] - lost[:, 1], won[:, 0] - won[:, 1]


def _ghost_weight(window: GateWindow) -> float:
    labelled = window.disagreed & window.labelled
    alike = window.weight[labelled if labelled.any() else window.disagreed]
    return float(alike.mean()) if len(alike) else 0.0


def _draws(
    grouped: GroupedWindow, replicates: int, seed: int
) -> Iterator[tuple[NDArray[np.integer], NDArray[np.integer]]]:
    """Multipliers [B, S] and ghosts [B] in chunks; the chunk size does not change the numbers."""
    group_seed, ghost_seed = np.random.SeedSequence(seed).spawn(2)
    group_rng, ghost_rng = np.random.default_rng(group_seed), np.random.default_rng(ghost_seed)
    n_signatures = len(grouped.group_count)
    step = max(1, CHUNK // n_signatures)
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        multipliers = group_rng.poisson(grouped.group_count, size=(size, n_signatures))
        yield multipliers, ghost_rng.poisson(1.0, size=size)
