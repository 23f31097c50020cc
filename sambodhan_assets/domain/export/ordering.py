"""Orders the rows of an export by id and drops repeats, without holding them all in memory.

Rows are spilled to 64 files by the first bits of their ids; a file is read, ordered and written in
turn. An id is a digest, so the files are equally large, and the order is one by hash.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.export.exclusions import CONFLICTING, DUPLICATE, Exclusions
from sambodhan_assets.domain.export.memory import give_back_memory
from sambodhan_assets.domain.export.rows import BATCH_ROWS, EXPORT_SCHEMA

_BITS = 6
_BUCKETS = 1 << _BITS
# A file with more rows is split again by the next bits.
_MOST_ROWS = 250_000
_SPILL_SCHEMA = EXPORT_SCHEMA.append(pa.field("sequence", pa.int64()))


class OrderedRows:
    """Rows by id; of several with one id the one that came first stays."""

    def __init__(self, folder: Path) -> None:
        self._root = _Spill(folder, level=0)
        self._count = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes rows of EXPORT_SCHEMA in any order."""
        if not batch.num_rows:
            return
        sequence = pa.array(np.arange(self._count, self._count + batch.num_rows))
        self._count += batch.num_rows
        self._root.add(pa.record_batch([*batch.columns, sequence], schema=_SPILL_SCHEMA))
        give_back_memory()

    def batches(self, exclusions: Exclusions | None = None) -> Iterator[pa.RecordBatch]:
        """Yields the rows by id; may be called again.

        Args:
            exclusions: Gets the counts of repeats.
        """
        for table in self._root.tables():
            table = table.sort_by([("id", "ascending"), ("sequence", "ascending")])
            table = table.drop_columns("sequence").combine_chunks()
            ids = np.array(table["id"].to_pylist())
            first = np.concatenate([[True], ids[1:] != ids[:-1]])
            if exclusions is not None and not first.all():
                _count_repeats(table, first, exclusions)
            yield from table.filter(pa.array(first)).to_batches(BATCH_ROWS)
            give_back_memory()

    def discard(self) -> None:
        """Deletes the spilled rows."""
        self._root.discard()


class _Spill:
    """Files of rows by some bits of their ids."""

    def __init__(self, folder: Path, *, level: int) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._level = level
        self._rows: Counter[int] = Counter()
        self._writers: dict[int, pa.RecordBatchStreamWriter] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        shift = 32 - _BITS * (self._level + 1)
        prefixes = np.array([int(row_id[:8], 16) for row_id in batch["id"].to_pylist()])
        bucket = (prefixes >> shift) & (_BUCKETS - 1)
        order = np.argsort(bucket, kind="stable")
        ordered, bounds = batch.take(pa.array(order)), np.searchsorted(bucket[order], range(65))
        for number in np.flatnonzero(np.diff(bounds)).tolist():
            start, end = int(bounds[number]), int(bounds[number + 1])
            self._rows[number] += end - start
            self._writer(number).write_batch(ordered.slice(start, end - start))

    def tables(self) -> Iterator[pa.Table]:
        while self._writers:
            self._writers.popitem()[1].close()
        for number in sorted(self._rows):
            with pa.OSFile(str(self._path(number))) as file:
                reader = pa.ipc.open_stream(file)
                if self._rows[number] <= _MOST_ROWS:
                    yield reader.read_all()
                    continue
                finer = _Spill(self._folder / f"finer-{number:02d}", level=self._level + 1)
                for batch in reader:
                    finer.add(batch)
            yield from finer.tables()
            finer.discard()

    def discard(self) -> None:
        shutil.rmtree(self._folder)

    def _writer(self, number: int) -> pa.RecordBatchStreamWriter:
        if number not in self._writers:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            path = str(self._path(number))
            self._writers[number] = pa.ipc.new_stream(path, _SPILL_SCHEMA, options=options)
        return self._writers[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:02d}.arrow"


def _count_repeats(table: pa.Table, first: np.ndarray, exclusions: Exclusions) -> None:
    labels, origins = table["label_id"].to_numpy(), table["origin"]
    # Of each row the position of the one that stands for it.
    winner = np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))
    for row in np.flatnonzero(~first).tolist():
        same = labels[row] == labels[winner[row]]
        exclusions.add(origins[row].as_py(), DUPLICATE if same else CONFLICTING)
