"""Which rows a deployed model that runs elsewhere is asked: every answer is one request.

The rows are drawn at random and stand for those that were not drawn, so the estimate stays what it
is, with a wider interval. The draw depends on dataset version, size and seed alone: a second
evaluation of a candidate asks the same rows, and a sheet fits the disagreements that it came from.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.evaluation.window_rows import (
    EvaluationMode,
    WindowRows,
    select_window,
)


def drawn_positions(count: int, *, size: int, seed: int) -> NDArray[np.int64]:
    """At most `size` of `count` positions, drawn at random, in ascending order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:size])


def drawn_rows(rows: WindowRows, *, size: int, seed: int) -> WindowRows:
    """At most `size` certain and at most `size` other rows.

    Random audits go before rows without a label. Both were drawn from one population, whatever
    stands in them, so each still stands for the same number of complaints; without this most
    audits, which people took time for, would be lost.
    """
    rank = np.random.default_rng(seed).permutation(len(rows))
    kept, factor = np.zeros(len(rows), dtype=bool), np.ones(len(rows))
    for kind in (rows.certain, ~rows.certain):
        positions = np.flatnonzero(kind)
        order = np.lexsort((rank[positions], ~rows.labelled[positions]))
        drawn = positions[order][:size]
        kept[drawn] = True
        factor[drawn] = len(positions) / max(len(drawn), 1)
    return replace(rows, weight=rows.weight * factor).where(kept)


def texts_to_ask(
    dataset: BalancedDataset, *, mode: EvaluationMode, size: int, seed: int
) -> list[str]:
    """Every text whose answer an evaluation needs, once: of window, test split and anchor corpus.

    Args:
        dataset: The version that the candidate was trained on.
        mode: How the candidate is evaluated.
        size: Most rows of each kind: certain and other rows of the window, test split, anchor.
        seed: Seed of the draws.
    """
    # Which complaints it answered is unknown, so the window holds all of them.
    window = drawn_rows(select_window(dataset, mode=mode, after_id=None), size=size, seed=seed)
    texts = list(window.texts)
    for table in (dataset.splits["test"], dataset.anchor_test):
        drawn = drawn_positions(table.num_rows, size=size, seed=seed)
        texts += table.take(drawn)["grievance"].to_pylist()
    return list(dict.fromkeys(texts))
