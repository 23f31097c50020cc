"""Builds windows for the tests of the gate from short rows."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from sambodhan_assets.domain.gate.window import UNLABELLED, GateWindow

Row = tuple[int, int, int, bool]


def certain(truth: int, candidate: int, deployed: int) -> Row:
    return truth, candidate, deployed, True


def sampled(truth: int, candidate: int, deployed: int) -> Row:
    return truth, candidate, deployed, False


def unlabelled(candidate: int, deployed: int) -> Row:
    return UNLABELLED, candidate, deployed, False


def make_window(
    rows: Sequence[Row],
    *,
    group: Sequence[int] | None = None,
    weight: Sequence[float] | None = None,
) -> GateWindow:
    truth, candidate, deployed, is_certain = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return GateWindow(
        candidate=candidate,
        deployed=deployed,
        truth=truth,
        certain=is_certain.astype(bool),
        group=np.arange(len(rows)) if group is None else np.asarray(group, dtype=np.int64),
        weight=np.ones(len(rows)) if weight is None else np.asarray(weight, dtype=np.float64),
    )


# Any window of three labels, most often of few rows.
K = 3
LABEL = st.integers(0, K - 1)
ROWS = st.lists(
    st.one_of(
        st.builds(certain, LABEL, LABEL, LABEL),
        st.builds(sampled, LABEL, LABEL, LABEL),
        st.builds(unlabelled, LABEL, LABEL),
    ),
    min_size=1,
    max_size=40,
)

CORRECTION = [certain(0, 0, 1)]
AGREED = [sampled(0, 0, 0), *[unlabelled(0, 0)] * 5, sampled(1, 1, 1), *[unlabelled(1, 1)] * 3]
DISAGREED = [sampled(0, 0, 1), unlabelled(0, 1), unlabelled(0, 1), sampled(0, 1, 0)]

# Computed by hand: one correction, two audits that agree, a sheet of two.
HAND_EXAMPLE = CORRECTION + AGREED + DISAGREED


def without_random_labels(rows: Sequence[Row]) -> list[Row]:
    return [row if row[3] else unlabelled(row[1], row[2]) for row in rows]
