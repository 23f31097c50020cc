"""Complaints that a candidate fixes or breaks, by id and label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.gate.window import GateWindow

# More than anyone reads; the counts in the record are complete.
MOST_EXAMPLES = 50


@dataclass(frozen=True, kw_only=True)
class Example:
    """One complaint on which exactly one of the two models is right.

    Attributes:
        complaint_id: Id in `complaints`.
        truth: The label that counts as right.
        presumed: Nobody gave that label: it is the answer that no citizen or official objected to.
        candidate: The candidate's answer.
        deployed: The deployed version's answer.
    """

    complaint_id: int
    truth: str
    presumed: bool
    candidate: str
    deployed: str


def fixed_examples(
    window: GateWindow,
    complaint_ids: NDArray[np.integer],
    labels: Sequence[str],
    *,
    limit: int = MOST_EXAMPLES,
) -> tuple[Example, ...]:
    """Labelled rows that only the candidate answers rightly, by ascending complaint id."""
    fixed = (window.candidate == window.truth) & (window.deployed != window.truth)
    return _examples(window, complaint_ids, labels, np.flatnonzero(fixed), limit)


def broken_examples(
    window: GateWindow,
    complaint_ids: NDArray[np.integer],
    labels: Sequence[str],
    *,
    limit: int = MOST_EXAMPLES,
) -> tuple[Example, ...]:
    """Rows that only the deployed version answers rightly: labelled ones first, then presumed."""
    differs = window.candidate != window.deployed
    known = np.flatnonzero(differs & window.labelled & (window.deployed == window.truth))
    presumed = np.flatnonzero(differs & ~window.labelled)
    first = _examples(window, complaint_ids, labels, known, limit)
    return first + _examples(window, complaint_ids, labels, presumed, limit - len(first))


def _examples(
    window: GateWindow,
    complaint_ids: NDArray[np.integer],
    labels: Sequence[str],
    rows: NDArray[np.intp],
    limit: int,
) -> tuple[Example, ...]:
    by_id = rows[np.argsort(complaint_ids[rows], kind="stable")][:limit]
    truth = np.where(window.labelled, window.truth, window.deployed).astype(np.int64)
    return tuple(
        Example(
            complaint_id=int(complaint_ids[row]),
            truth=labels[int(truth[row])],
            presumed=not bool(window.labelled[row]),
            candidate=labels[int(window.candidate[row])],
            deployed=labels[int(window.deployed[row])],
        )
        for row in by_id
    )
