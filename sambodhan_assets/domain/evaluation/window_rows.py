"""Which rows of the window both models are scored on, and what each stands for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.snapshot import AUDIT, UNFLAGGED
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
        truth: int [n]: the label that an official gave, or UNLABELLED.
        certain: bool [n]: labelled for a reason that is not chance, so the label speaks for its own
            row only; see GateWindow.
        weight: float [n]: complaints that the row stands for.
    """

    complaint_ids: NDArray[np.int64]
    texts: list[str]
    text_keys: list[str]
    answers: NDArray[np.int64]
    truth: NDArray[np.int64]
    certain: NDArray[np.bool_]
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Rows with a label, certain or drawn at random."""
        return self.truth != UNLABELLED

    @property
    def presumed(self) -> NDArray[np.int64]:
        """The label where there is one, else the answer that nobody objected to."""
        return np.where(self.labelled, self.truth, self.answers)

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
            certain=self.certain[kept],
            weight=self.weight[kept],
        )

    def with_labels(self, sheet: Mapping[int, int]) -> "WindowRows":
        """The same rows with the labels of a random sheet, by complaint id.

        Labels of certain rows, and of complaints that are not here, change nothing.
        """
        drawn = [sheet.get(complaint, UNLABELLED) for complaint in self.complaint_ids.tolist()]
        labels = np.array(drawn, dtype=np.int64)
        taken = ~self.certain & (labels != UNLABELLED)
        return replace(self, truth=np.where(taken, labels, self.truth))


def select_window(
    dataset: BalancedDataset, *, mode: EvaluationMode, after_id: int | None
) -> WindowRows:
    """The window rows that the candidate can be scored on.

    Cross-fitting scores every row. A holdout scores what the version keeps out of training: the
    labelled rows of the test split and the unflagged rows of the holdout. Certain rows stand for
    themselves, or for all of their kind in a holdout; unflagged rows and random audits were drawn
    from one population and share one weight.

    Args:
        dataset: The version that the candidate was trained on.
        mode: How the candidate is evaluated.
        after_id: The deployed version answered complaints with higher ids; None for all.
    """
    table = dataset.window
    source = _column(table, "source", dtype=str)
    certain = _column(table, "certain", dtype=np.bool_)
    scored = np.ones(table.num_rows, dtype=bool)
    if mode == "holdout":
        split = _column(table, "split", dtype=str)
        scored = np.where(source == UNFLAGGED, split == "holdout", split == "test")
    rows = WindowRows(
        complaint_ids=_column(table, "complaint_id", dtype=np.int64),
        texts=table["grievance"].to_pylist(),
        text_keys=table["text_key"].to_pylist(),
        answers=_label_ids(table, "answer"),
        truth=_label_ids(table, "correct"),
        certain=certain,
        weight=np.where(
            certain,
            _share(int(certain.sum()), certain & scored),
            _share(_population(dataset), ~certain & scored),
        ),
    )
    recent = rows.complaint_ids > after_id if after_id is not None else True
    return rows.where(scored & recent)


def _population(dataset: BalancedDataset) -> int:
    """Complaints that the uncertain rows were drawn from: all without a review or certain label."""
    table, counted = dataset.window, dataset.report.window_unflagged_count
    certain = _column(table, "certain", dtype=np.bool_)
    uncertain = int((~certain).sum())
    if counted is None:
        return uncertain
    # Officials may have labelled complaints whose texts were left out, so never less than the rows.
    audits = int((certain & (_column(table, "source", dtype=str) == AUDIT)).sum())
    return max(counted - audits, uncertain)


def _share(population: int, rows: NDArray[np.bool_]) -> float:
    """Complaints that each row stands for."""
    drawn = int(rows.sum())
    return population / drawn if drawn else 1.0


def _column(table: pa.Table, name: str, *, dtype: type) -> NDArray:
    return np.array(table[name].to_pylist(), dtype=dtype)


def _label_ids(table: pa.Table, name: str) -> NDArray[np.int64]:
    return pc.fill_null(table[name], UNLABELLED).to_numpy().astype(np.int64)
