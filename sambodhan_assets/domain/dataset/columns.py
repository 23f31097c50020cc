"""Arrow columns as NumPy arrays, with a number in the place of null."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
# Text keys: 32 bytes each.
Keys = npt.NDArray[np.bytes_]

ABSENT = -1


def codes(column: pa.ChunkedArray, values: Sequence[str]) -> Ints:
    """Position of each entry among `values`, ABSENT for null and for others, [n]."""
    encoded = column.combine_chunks().dictionary_encode()
    known: dict[str | None, int] = {value: code for code, value in enumerate(values)}
    # One more, at the end, for null.
    position = np.array([known.get(v, ABSENT) for v in [*encoded.dictionary.to_pylist(), None]])
    return position[integers(encoded.indices, len(position) - 1)]


def integers(column: pa.ChunkedArray | pa.Array, missing: int) -> Ints:
    """The entries of an integer or timestamp column, [n]; timestamps in their own unit."""
    return np.array(column.cast(pa.int64()).fill_null(missing).to_numpy(), dtype=np.int64)


def flags(column: pa.ChunkedArray) -> Bools:
    """The entries of a boolean column without nulls, [n]."""
    return column.to_numpy()


def strings(values: Sequence[str | None]) -> pa.Array:
    """Python strings as an Arrow column."""
    return pa.array(values, type=pa.string())


def key_strings(keys: Keys) -> pa.Array:
    """Text keys as an Arrow column of strings, null for b""."""
    return pa.array(keys, pa.binary(), mask=keys == b"").cast(pa.string())
