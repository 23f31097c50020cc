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
    position = {value: code for code, value in enumerate(values)}
    return np.array([position.get(value, ABSENT) for value in column.to_pylist()], dtype=np.int64)


def integers(column: pa.ChunkedArray, missing: int) -> Ints:
    """The entries of an integer or timestamp column, [n]; timestamps in their own unit."""
    return np.array(column.cast(pa.int64()).fill_null(missing).to_numpy(), dtype=np.int64)


def flags(column: pa.ChunkedArray) -> Bools:
    """The entries of a boolean column without nulls, [n]."""
    return np.array(column.to_pylist(), dtype=np.bool_)


def strings(values: Sequence[str | None]) -> pa.Array:
    """Python strings as an Arrow column."""
    return pa.array(values, type=pa.string())


def key_strings(keys: Keys) -> pa.Array:
    """Text keys as an Arrow column of strings, null for b""."""
    return pa.array(keys, pa.binary(), mask=keys == b"").cast(pa.string())
