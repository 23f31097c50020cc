"""How many complaints of real traffic a row of a split stands for."""

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.dataset.snapshot import AUDIT, UNFLAGGED


def traffic_weights(dataset: BalancedDataset, split: str) -> NDArray[np.float64] | None:
    """Weights [n] of the rows of a split, in its order.

    Corrections and labels that were asked for a reason stand for their kind. Unflagged rows, and
    audits that the window knows to be random, share all complaints that nobody reported.

    Returns:
        None if the split has no row of the latter kind: it then says nothing about traffic.
    """
    placed = dataset.lineage.filter(pc.field("disposition") == split).to_pylist()
    row_of = {row["text_key"]: row for row in placed}
    rows = [row_of[text_key(text)] for text in dataset.splits[split]["grievance"].to_pylist()]
    drawn = dataset.window.filter(~pc.field("certain"))
    at_random = set(drawn["complaint_id"].to_pylist())
    kinds = np.array(
        [
            UNFLAGGED
            if row["source"] == AUDIT and row["complaint_id"] in at_random
            else row["source"]
            for row in rows
        ],
        dtype=object,
    )
    if not (kinds == UNFLAGGED).any():
        return None
    read, report = dataset.report.rows_read, dataset.report.snapshot
    weights = np.ones(len(rows))
    for kind in set(kinds.tolist()):
        population = report["unflagged_count"] if kind == UNFLAGGED else read[kind]
        weights[kinds == kind] = max(population / int((kinds == kind).sum()), 1.0)
    return weights
