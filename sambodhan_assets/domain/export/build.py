"""Writes the data files of an export from its inputs, in passes that hold a few batches each."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.exclusions import NOT_SAMPLED, Exclusions
from sambodhan_assets.domain.export.ordering import OrderedRows
from sambodhan_assets.domain.export.rows import EXPORT_SCHEMA, row_ids
from sambodhan_assets.domain.export.sampling import StratifiedSample
from sambodhan_assets.domain.export.writers import DataWriters
from sambodhan_assets.domain.qa.metric import Measure

Batches = Iterator[pa.RecordBatch]
# From rows as they are to rows as they may be published; rows may go.
Protect = Callable[[pa.RecordBatch], pa.RecordBatch]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What becomes of the rows that were read.

    Attributes:
        target_samples: Rows of the export; 0 for all.
        seed: Seed of the sample.
        formats: Of FORMATS.
    """

    target_samples: int
    seed: int
    formats: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class WrittenRows:
    """The data files of an export.

    Attributes:
        paths: File by format.
        rows: Rows of each file.
        rows_digest: Digest of all rows in their order.
        rows_by_origin: Rows by where they came from.
    """

    paths: dict[str, Path]
    rows: int
    rows_digest: str
    rows_by_origin: Counter[str]


def write_rows(
    inputs: Iterator[pa.RecordBatch],
    folder: Path,
    selection: Selection,
    *,
    protect: Protect,
    measures: Sequence[Measure],
    exclusions: Exclusions,
) -> WrittenRows:
    """Orders, samples and writes rows, and shows every measure what is written.

    Args:
        inputs: Batches of RAW_SCHEMA; of rows with one task and text the first stays.
        folder: Empty folder for the data files; rows are spilled to a folder inside meanwhile.
        selection: Sample and formats.
        protect: Applied to every batch before its rows get their ids.
        measures: See every written batch.
        exclusions: Gets the counts of what is left out.

    Raises:
        PermanentError: No row is left.
    """
    ordered = OrderedRows(folder / "spilled")
    for batch in inputs:
        ordered.add(_with_ids(protect(batch)))
    writers, by_origin = DataWriters(folder, selection.formats), Counter[str]()
    for batch in _chosen(ordered, selection, exclusions):
        writers.write(batch)
        by_origin.update(batch["origin"].to_pylist())
        for measure in measures:
            measure.add(batch)
    digest = writers.close()
    ordered.discard()
    if not writers.rows:
        raise PermanentError(
            tried="Writing the rows of an export",
            found=f"no row is left; left out were {exclusions.by_reason() or 'none'}.",
            todo="Look at the inputs, or export more of them.",
        )
    return WrittenRows(
        paths=writers.paths, rows=writers.rows, rows_digest=digest, rows_by_origin=by_origin
    )


def _chosen(ordered: OrderedRows, selection: Selection, exclusions: Exclusions) -> Batches:
    if not selection.target_samples:
        yield from ordered.batches(exclusions)
        return
    sample = StratifiedSample(selection.target_samples, seed=selection.seed)
    for batch in ordered.batches(exclusions):
        sample.add(batch)
    for batch in ordered.batches():
        kept = sample.kept(batch)
        all_rows, some = Counter(batch["origin"].to_pylist()), Counter(kept["origin"].to_pylist())
        for origin, rows in (all_rows - some).items():
            exclusions.add(origin, NOT_SAMPLED, rows)
        if kept.num_rows:
            yield kept


def _with_ids(batch: pa.RecordBatch) -> pa.RecordBatch:
    keys = map(text_key, batch["grievance"].to_pylist())
    ids = row_ids(batch["task"].to_pylist(), keys)
    return pa.record_batch([pa.array(ids, pa.string()), *batch.columns], schema=EXPORT_SCHEMA)
