"""The groups that rows of an export fall into: by script, by length and by source."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.gate.scripts import script_of

# Upper ends in characters, each twice the one before; complaints have 120 at the median.
LENGTH_ENDS = (80, 160, 320)
LENGTH_NAMES = (
    "up to 80 characters",
    "81 to 160 characters",
    "161 to 320 characters",
    "over 320 characters",
)
DIMENSIONS = ("script", "length", "source")

# Group of each row by dimension.
Groups = Mapping[str, list[str]]


class RowGroups:
    """Tells the groups of a batch's rows; measures that share one work them out once a batch."""

    def __init__(self) -> None:
        self._last: tuple[pa.RecordBatch, Groups] | None = None

    def of(self, batch: pa.RecordBatch) -> Groups:
        """The groups of rows of EXPORT_SCHEMA."""
        if self._last is None or self._last[0] is not batch:
            self._last = batch, _groups(batch)
        return self._last[1]


def _groups(batch: pa.RecordBatch) -> Groups:
    texts: list[str] = batch["grievance"].to_pylist()
    classes = np.searchsorted(LENGTH_ENDS, [len(text) for text in texts])
    return {
        "script": [script_of(text).value for text in texts],
        "length": [LENGTH_NAMES[position] for position in classes],
        "source": batch["source"].to_pylist(),
    }
