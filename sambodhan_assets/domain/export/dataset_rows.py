"""Reads the rows of a dataset version a batch at a time, each with where its label came from."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sambodhan_assets.domain.dataset.candidates import SOURCES
from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.dataset.columns import ABSENT, codes
from sambodhan_assets.domain.dataset.files import LABEL_MAP_FILE, LINEAGE_FILE, SPLIT_FILES
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.rows import BATCH_ROWS, RAW_SCHEMA

# Bytes that a column is read by: without it a whole row group stands in memory.
READ_BUFFER = 1 << 20


def version_labels(folder: Path) -> list[str]:
    """The label set of a version, by label id."""
    names = json.loads((folder / LABEL_MAP_FILE).read_text(encoding="utf-8"))["id2label"]
    return [names[str(label_id)] for label_id in range(len(names))]


def version_batches(folder: Path, *, task: str, origin: str) -> Iterator[pa.RecordBatch]:
    """Yields the rows of train, eval and test as RAW_SCHEMA; their texts are clean already.

    Args:
        folder: A verified dataset version.
        task: Name of its task.
        origin: NAME@TAG of the version.

    Raises:
        PermanentError: The lineage does not know a row: the version was made by another program.
    """
    labels, sources = version_labels(folder), _SourceIndex(folder / LINEAGE_FILE)
    for split, path in SPLIT_FILES.items():
        with pq.ParquetFile(folder / path, buffer_size=READ_BUFFER) as file:
            for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
                texts, label_ids = batch["grievance"], batch["label"]
                keys = list(map(text_key, texts.to_pylist()))
                columns = [
                    pa.repeat(task, len(texts)),
                    texts,
                    pa.array(labels).take(label_ids),
                    label_ids,
                    pa.repeat(split, len(texts)),
                    pa.array(SOURCES).take(pa.array(sources.of(keys, origin=origin))),
                    pa.repeat(origin, len(texts)),
                ]
                yield pa.record_batch(columns, schema=RAW_SCHEMA)


class _SourceIndex:
    """Source by text key in nine bytes per row; keys of 64 bits do not meet in real datasets."""

    def __init__(self, lineage: Path) -> None:
        keys = [np.zeros(0, dtype=np.uint64)]
        places = [np.zeros(0, dtype=np.int8)]
        columns = ["text_key", "source", "disposition"]
        with pq.ParquetFile(lineage, buffer_size=READ_BUFFER) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=columns):
                rows = pa.Table.from_batches([batch])
                placed = codes(rows["disposition"], list(SPLIT_FILES)) != ABSENT
                rows = rows.filter(pa.array(placed))
                keys.append(_short(rows["text_key"].to_pylist()))
                places.append(codes(rows["source"], SOURCES).astype(np.int8))
        self._keys = np.concatenate(keys)
        order = np.argsort(self._keys, kind="stable")
        self._keys, self._codes = self._keys[order], np.concatenate(places)[order]

    def of(self, keys: Sequence[str], *, origin: str) -> npt.NDArray[np.int8]:
        """Positions in SOURCES."""
        wanted = _short(keys)
        at = np.searchsorted(self._keys, wanted)
        known = np.append(self._keys, np.uint64(0))[at] == wanted
        if not known.all():
            raise PermanentError(
                tried=f"Reading the rows of {origin}",
                found=f"{np.count_nonzero(~known)} rows of a batch stand in no line of the lineage,"
                " so nobody knows where their labels came from.",
                todo="Run the job prepare_datasets with this program, then export again.",
            )
        return self._codes[at]


def _short(keys: Sequence[str]) -> npt.NDArray[np.uint64]:
    return np.array([int(key[:16], 16) for key in keys], dtype=np.uint64)
