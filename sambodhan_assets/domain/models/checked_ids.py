"""Ids that come with texts, checked before anything is trained on them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.errors import PermanentError

Ids = Sequence[int] | NDArray[np.integer[Any]]


def checked_ids(ids: Ids, *, rows: int, limit: int, name: str) -> NDArray[np.int64]:
    """The ids as int64, after making sure that there is one per row, each in 0..limit-1.

    Raises:
        PermanentError: There are more or fewer ids than rows, or one is out of range; numpy would
            take -1 for the last label without a word.
    """
    values = np.asarray(ids)
    wrong = [value for value in values.tolist() if value not in range(limit)]
    if len(values) != rows or wrong:
        raise PermanentError(
            tried="Training a model",
            found=f"{len(values)} {name} for {rows} texts, outside 0..{limit - 1}: {wrong[:5]}.",
            todo="Pass one id per text, counted from 0.",
        )
    return values.astype(np.int64)
