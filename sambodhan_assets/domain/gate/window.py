"""What candidate and deployed version answered in the window, and which answers are labelled."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError

UNLABELLED = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class GateWindow:
    """One entry per window row; label ids are positions in the task's labels.

    A row is *certain* when it was labelled for a reason that is not chance: a correction, or a
    label asked for because the row looked doubtful. A labelled row that is not certain was drawn
    at random (an audit, a sheet) and speaks for rows that nobody looked at.

    Attributes:
        candidate: int [n]: the candidate's answer, by a model that did not train on the row.
        deployed: int [n]: the deployed version's answer.
        truth: int [n]: the label, or UNLABELLED.
        certain: bool [n].
        group: int [n]: text group; rows of one group are near-duplicates and count as one draw.
        weight: float [n]: rows of the population that this row stands for.

    Raises:
        PermanentError: Lengths or types differ from the above, a certain row has no truth, a
            prediction is missing (negative), or a weight is not a positive number.
    """

    candidate: NDArray[np.integer]
    deployed: NDArray[np.integer]
    truth: NDArray[np.integer]
    certain: NDArray[np.bool_]
    group: NDArray[np.integer]
    weight: NDArray[np.floating]

    def __post_init__(self) -> None:
        self._check_shapes()
        for name in ("candidate", "deployed"):
            if missing := int((getattr(self, name) < 0).sum()):
                # Counting a missing answer as wrong, or as class 0, would decide by an accident.
                raise _broken(f"{missing} rows have no prediction of the {name} model.")
        if wrong := int((self.truth < UNLABELLED).sum()):
            raise _broken(f"{wrong} rows have a negative label that is not {UNLABELLED}.")
        if unlabelled := int((self.certain & (self.truth == UNLABELLED)).sum()):
            raise _broken(f"{unlabelled} rows count as certain but have no label.")
        if bad := int((~(np.isfinite(self.weight) & (self.weight > 0))).sum()):
            raise _broken(f"{bad} rows have a weight that is not a positive number.")

    def _check_shapes(self) -> None:
        kinds = {"certain": "b", "weight": "f"}
        for name in ("candidate", "deployed", "truth", "certain", "group", "weight"):
            column = getattr(self, name)
            if column.shape != self.candidate.shape or column.ndim != 1:
                raise _broken(
                    f"{name} has shape {column.shape}, candidate {self.candidate.shape};"
                    " both must be flat and of one length."
                )
            if column.dtype.kind not in kinds.get(name, "iu"):
                raise _broken(f"{name} has the type {column.dtype}.")

    def __len__(self) -> int:
        return len(self.candidate)

    @property
    def disagreed(self) -> NDArray[np.bool_]:
        """Cell D: uncertain rows that the two models answer differently."""
        return ~self.certain & (self.candidate != self.deployed)

    @property
    def agreed(self) -> NDArray[np.bool_]:
        """Cell G: uncertain rows that the two models answer alike."""
        return ~self.certain & (self.candidate == self.deployed)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Rows with a label, certain or drawn at random."""
        return self.truth != UNLABELLED

    def where(self, kept: NDArray[np.bool_]) -> "GateWindow":
        """The rows of a mask."""
        return GateWindow(
            candidate=self.candidate[kept],
            deployed=self.deployed[kept],
            truth=self.truth[kept],
            certain=self.certain[kept],
            group=self.group[kept],
            weight=self.weight[kept],
        )

    def check_labels(self, n_labels: int) -> None:
        """Check that every label id is below n_labels.

        Raises:
            PermanentError: One is not, or the window is empty.
        """
        if len(self) == 0:
            raise PermanentError(
                tried="Comparing two models on the window",
                found="the window holds no rows.",
                todo="Wait until the deployed version has answered complaints.",
            )
        for name in ("candidate", "deployed", "truth"):
            highest = int(getattr(self, name).max())
            if highest >= n_labels:
                raise _broken(f"{name} holds the label id {highest}, but there are {n_labels}.")


def _broken(found: str) -> PermanentError:
    return PermanentError(
        tried="Reading the window of the gate",
        found=found,
        todo="Predict every window row with both models and hand over one entry per row.",
    )
