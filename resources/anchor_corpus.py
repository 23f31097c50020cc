"""Reads the anchor corpus: labelled rows that every version replays."""

import re

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from fsspec.core import url_to_fs

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import LabelTask


def read_anchor_corpus(location: str | None, task: LabelTask) -> pa.Table | None:
    """Reads the texts and one task's labels of the anchor corpus.

    Args:
        location: CSV or Parquet file as a path or fsspec URL; None for no anchor corpus.
        task: Whose labels to read.

    Returns:
        Table of the columns text and `task.column`; None without a location.

    Raises:
        PermanentError: The file is missing, of another format, or lacks a column.
    """
    if location is None:
        return None
    table = _read(location)
    wanted = ["text", task.column]
    if missing := [name for name in wanted if name not in table.column_names]:
        raise _refused(
            location,
            f"it lacks {', '.join(missing)}; its columns are {', '.join(table.column_names)}.",
        )
    return table.select(wanted).cast(pa.schema([(name, pa.string()) for name in wanted]))


def _read(location: str) -> pa.Table:
    readers = {".csv": _read_csv, ".parquet": pyarrow.parquet.read_table}
    reader = next((readers[end] for end in readers if location.endswith(end)), None)
    if reader is None:
        raise _refused(location, "its name ends neither in .csv nor in .parquet.")
    fs, path = url_to_fs(location)
    try:
        with fs.open(path, "rb") as file:
            return reader(file)
    except FileNotFoundError as error:
        raise _refused(location, "there is no such file.") from error
    except pa.ArrowInvalid as error:
        # Arrow quotes the row, which is a complaint, behind the number of columns that it found.
        reason = re.match(r".*? got \d+|[^\n]*", str(error), re.DOTALL)
        raise _refused(location, f"it cannot be read: {reason and reason[0]}.") from error


def _read_csv(file: object) -> pa.Table:
    return pyarrow.csv.read_csv(
        file, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True)
    )


def _refused(location: str, found: str) -> PermanentError:
    return PermanentError(
        tried=f"Reading the anchor corpus {location}",
        found=found,
        todo="Set ANCHOR_DATASET to a CSV or Parquet file with the columns text and one per task.",
    )
