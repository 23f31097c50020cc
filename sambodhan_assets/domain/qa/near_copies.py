"""Near-duplicates in the sample, and whether they stand in different splits."""

import numpy as np

from sambodhan_assets.domain.dataset.columns import Bools
from sambodhan_assets.domain.qa.measured import measured, part, share
from sambodhan_assets.domain.qa.metric import Section
from sambodhan_assets.domain.qa.row_sample import CHARACTERS
from sambodhan_assets.domain.qa.task_sample import THRESHOLD, TaskSample

_HELD_OUT = ("eval", "test")


class NearCopies:
    """Counts near-duplicates, a task's sample at a time."""

    def __init__(self) -> None:
        self._rows, self._near, self._groups, self._across = 0, 0, 0, 0
        self._held_out, self._leaked = 0, 0

    def add(self, sample: TaskSample) -> None:
        """Counts the rows of a task."""
        near = sample.group_sizes > 1
        self._rows += len(near)
        self._near += int(np.count_nonzero(near))
        self._groups += len(np.unique(sample.groups[near]))
        names = sorted(set(sample.splits))
        in_split = {name: np.array([split == name for split in sample.splits]) for name in names}
        present = [_groups_with(sample, rows) for rows in in_split.values()]
        self._across += int(np.count_nonzero(np.sum(present, axis=0) > 1)) if present else 0
        held_out = np.array([split in _HELD_OUT for split in sample.splits], dtype=np.bool_)
        train = np.array([split == "train" for split in sample.splits], dtype=np.bool_)
        self._held_out += int(np.count_nonzero(held_out))
        self._leaked += int(np.count_nonzero(held_out & _groups_with(sample, train)[sample.groups]))

    def result(self) -> Section:
        """Shares of near-duplicates, and how many groups and held-out rows are split apart."""
        rows, held_out = self._rows, self._held_out
        values = (
            ("near_duplicate_share", share(self._near, rows), _NEAR, rows),
            ("near_duplicate_groups", float(self._groups) if rows else None, _GROUPS, rows),
            (
                "near_duplicate_groups_across_splits",
                float(self._across) if rows else None,
                _ACROSS,
                rows,
            ),
            ("held_out_near_train_share", share(self._leaked, held_out), _LEAKED, held_out),
        )
        return part(
            measured(
                name,
                value,
                definition,
                rows=count,
                sampled=True,
                reason=_REASON.get(name, "") if rows else "no row was measured",
            )
            for name, value, definition, count in values
        )


def _groups_with(sample: TaskSample, rows: Bools) -> Bools:
    """For each number of a group whether one of the rows is in it."""
    return np.bincount(sample.groups, rows, minlength=len(sample.groups)) > 0


_ALIKE = (
    f"(Jaccard similarity of sequences of five characters {THRESHOLD} or more, directly or through"
    f" others; of the first {CHARACTERS:,} characters, within a task and the sample; a row whose"
    " twin is not in the sample counts as alone, so of a part of the rows this is a lower bound)"
)
_NEAR = f"Share of rows whose text is nearly that of another row {_ALIKE}, 0 to 1."
_GROUPS = f"Groups of two or more rows whose texts are nearly the same {_ALIKE}."
_ACROSS = f"Groups of nearly the same texts {_ALIKE} whose rows stand in more than one split."
_LEAKED = f"Share of eval and test rows whose text is nearly that of a train row {_ALIKE}, 0 to 1."
_REASON = {"held_out_near_train_share": "the sample has no eval or test row"}
