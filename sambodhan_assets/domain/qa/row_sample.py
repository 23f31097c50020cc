"""Keeps a seeded sample of rows: those with the lowest hash of their id, in whatever order."""

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# What is compared of a text: long ones would fill the memory, and their beginning tells them apart.
CHARACTERS = 1_000
_KEPT = ("id", "task", "grievance", "label", "split")
# Rows that may wait, of those that are kept, until the surplus is dropped.
_ROOM = 1.1
_BEGINNING = pc.SliceOptions(0, CHARACTERS)
_Ranks = npt.NDArray[np.uint64]


class RowSample:
    """Up to `size` of the rows that were added; the same ones for a seed on any machine.

    Its memory grows with the sample, never with the rows.
    """

    def __init__(self, size: int, *, seed: int) -> None:
        if size < 1:
            raise ValueError(f"size={size}: a sample has at least one row")
        self._size = size
        self._key = hashlib.sha256(f"sambodhan/qa-sample/{seed}".encode()).digest()
        self._limit: int | None = None
        self._ranks: list[_Ranks] = []
        self._tables: list[pa.Table] = []
        self._waiting = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes rows of EXPORT_SCHEMA."""
        ranks = self._ranks_of(batch["id"].to_pylist())
        chosen = (
            np.arange(len(ranks))
            if self._limit is None
            else np.flatnonzero(ranks <= np.uint64(self._limit))
        )
        if not len(chosen):
            return
        table = pa.Table.from_batches([batch.select(list(_KEPT))]).take(chosen)
        short = pc.call_function("utf8_slice_codeunits", [table["grievance"]], _BEGINNING)
        self._tables.append(table.set_column(2, "grievance", short))
        self._ranks.append(ranks[chosen])
        self._waiting += len(chosen)
        if self._waiting > self._size * _ROOM:
            self._prune()

    def rows(self) -> pa.Table:
        """Columns id, task, grievance (its first CHARACTERS), label, split; by rank.

        The sample is handed over, so that it is in memory once, and is empty afterwards.
        """
        if not self._tables:
            return pa.table({name: pa.array([], pa.string()) for name in _KEPT})
        table = pa.concat_tables(self._tables).append_column(
            "rank", pa.array(np.concatenate(self._ranks))
        )
        self._tables, self._ranks, self._waiting = [], [], 0
        # Rows of one id have one rank: what they hold decides.
        order = [(name, "ascending") for name in ("rank", *_KEPT)]
        return table.sort_by(order).slice(0, self._size).select(list(_KEPT))

    def _prune(self) -> None:
        ranks = np.concatenate(self._ranks)
        limit = np.partition(ranks, self._size - 1)[self._size - 1]
        kept = np.flatnonzero(ranks <= limit)
        # Combined, so that the dropped rows are freed.
        self._tables = [pa.concat_tables(self._tables).take(kept).combine_chunks()]
        pa.default_memory_pool().release_unused()
        self._ranks, self._waiting, self._limit = [ranks[kept]], len(kept), int(limit)

    def _ranks_of(self, ids: list[str]) -> _Ranks:
        digests = [
            hashlib.blake2b(row_id.encode(), digest_size=8, key=self._key).digest()
            for row_id in ids
        ]
        return np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64)
