"""Which rows of the window both models are scored on, and what each stands for."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.snapshot import UNFLAGGED
from sambodhan_assets.domain.evaluation.text_groups import group_keys
from sambodhan_assets.domain.gate.window import UNLABELLED

EvaluationMode = Literal["crossfit", "holdout"]


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowRows:
    """Rows to score; all arrays have one entry per row.

    Attributes:
        complaint_ids: int [n].
        texts: Cleaned texts.
        text_keys: Digest of each normalised text.
        answers: int [n]: the answer that was given, or UNLABELLED where it is unknown.
        truth: int [n]: the corrected label, or UNLABELLED.
        weight: float [n]: complaints that the row stands for.
    """

    complaint_ids: NDArray[np.int64]
    texts: list[str]
    text_keys: list[str]
    answers: NDArray[np.int64]
    truth: NDArray[np.int64]
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def certain(self) -> NDArray[np.bool_]:
        """Rows that officials labelled."""
        return self.truth != UNLABELLED

    @property
    def presumed(self) -> NDArray[np.int64]:
        """The label where there is one, else the answer that nobody objected to."""
        return np.where(self.certain, self.truth, self.answers)

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """Int [n]: near-duplicate group of each row, counted from 0."""
        return np.unique(np.array(group_keys(self.texts), dtype=str), return_inverse=True)[1]

    def where(self, kept: NDArray[np.bool_]) -> "WindowRows":
        """The rows of a mask."""
        positions = np.flatnonzero(kept).tolist()
        return WindowRows(
            complaint_ids=self.complaint_ids[kept],
            texts=[self.texts[position] for position in positions],
            text_keys=[self.text_keys[position] for position in positions],
            answers=self.answers[kept],
            truth=self.truth[kept],
            weight=self.weight[kept],
        )


def select_window(
    dataset: BalancedDataset, *, mode: EvaluationMode, after_id: int | None
) -> WindowRows:
    """The window rows that the candidate can be scored on.

    Cross-fitting scores every row. A holdout scores what the version keeps out of training: the
    corrections of the test split and the unflagged rows of the holdout, each weighted up to the
    population that it was drawn from.

    Args:
        dataset: The version that the candidate was trained on.
        mode: How the candidate is evaluated.
        after_id: The deployed version answered complaints with higher ids; None for all.
    """
    table = dataset.window
    unflagged = _column(table, "source", dtype=str) == UNFLAGGED
    drawn = int(unflagged.sum())
    population = dataset.report.window_unflagged_count or drawn
    if mode == "crossfit":
        scored = np.ones(table.num_rows, dtype=bool)
        correction_weight = 1.0
    else:
        split = _column(table, "split", dtype=str)
        scored = np.where(unflagged, split == "holdout", split == "test")
        corrections = int((scored & ~unflagged).sum())
        correction_weight = int((~unflagged).sum()) / corrections if corrections else 1.0
        drawn = int((scored & unflagged).sum())
    rows = WindowRows(
        complaint_ids=_column(table, "complaint_id", dtype=np.int64),
        texts=table["grievance"].to_pylist(),
        text_keys=table["text_key"].to_pylist(),
        answers=_label_ids(table, "answer"),
        truth=_label_ids(table, "correct"),
        weight=np.where(unflagged, population / drawn if drawn else 1.0, correction_weight),
    )
    recent = rows.complaint_ids > after_id if after_id is not None else True
    return rows.where(scored & recent)


def _column(table: pa.Table, name: str, *, dtype: type) -> NDArray:
    return np.array(table[name].to_pylist(), dtype=dtype)


def _label_ids(table: pa.Table, name: str) -> NDArray[np.int64]:
    return pc.fill_null(table[name], UNLABELLED).to_numpy().astype(np.int64)
