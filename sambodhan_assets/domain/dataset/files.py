"""Writes a dataset to a folder and reads it back; the same dataset gives the same bytes."""

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.preparation import PreparationReport
from sambodhan_assets.domain.dataset.splits import SPLITS
from sambodhan_assets.domain.dataset.tables import (
    ASSIGNMENTS_SCHEMA,
    LABELLED_SCHEMA,
    LINEAGE_SCHEMA,
    REPLAY_SCHEMA,
    WINDOW_SCHEMA,
)
from sambodhan_assets.domain.dataset.text_steps import recorded_steps
from sambodhan_assets.domain.errors import PermanentError

SPLIT_FILES = {split: f"data/{split}-00000-of-00001.parquet" for split in SPLITS}
REPLAY_FILE = "replay/replay.parquet"
ANCHOR_TEST_FILE = "anchor/test.parquet"
WINDOW_FILE = "window/window.parquet"
ASSIGNMENTS_FILE = "assignments.parquet"
LINEAGE_FILE = "lineage.parquet"
LABEL_MAP_FILE = "label_map.json"
TEXT_STEPS_FILE = "text_steps.json"
REPORT_FILE = "preparation.json"

_SCHEMAS = {
    **dict.fromkeys(SPLIT_FILES.values(), LABELLED_SCHEMA),
    REPLAY_FILE: REPLAY_SCHEMA,
    ANCHOR_TEST_FILE: LABELLED_SCHEMA,
    WINDOW_FILE: WINDOW_SCHEMA,
    ASSIGNMENTS_FILE: ASSIGNMENTS_SCHEMA,
    LINEAGE_FILE: LINEAGE_SCHEMA,
}


def write_dataset(dataset: BalancedDataset, labels: Sequence[str], folder: Path) -> None:
    """Write all files of a dataset; the folder is made if it is missing."""
    tables = {
        **{path: dataset.splits[split] for split, path in SPLIT_FILES.items()},
        REPLAY_FILE: dataset.replay,
        ANCHOR_TEST_FILE: dataset.anchor_test,
        WINDOW_FILE: dataset.window,
        ASSIGNMENTS_FILE: dataset.assignments,
        LINEAGE_FILE: dataset.lineage,
    }
    for path, table in tables.items():
        _write_table(table, folder / path)
    label_map = {
        "label2id": {label: position for position, label in enumerate(labels)},
        "id2label": {str(position): label for position, label in enumerate(labels)},
    }
    _write_json(label_map, folder / LABEL_MAP_FILE)
    _write_json(recorded_steps(dataset.report.settings), folder / TEXT_STEPS_FILE)
    _write_json(dataset.report.to_json(), folder / REPORT_FILE)


def read_dataset(folder: Path) -> BalancedDataset:
    """Read a folder that `write_dataset` wrote.

    Raises:
        PermanentError: A file is missing or has other columns.
    """
    tables = {path: _read_table(folder / path, schema) for path, schema in _SCHEMAS.items()}
    report = _read_report(folder / REPORT_FILE)
    return BalancedDataset(
        splits={split: tables[path] for split, path in SPLIT_FILES.items()},
        replay=tables[REPLAY_FILE],
        anchor_test=tables[ANCHOR_TEST_FILE],
        window=tables[WINDOW_FILE],
        assignments=tables[ASSIGNMENTS_FILE],
        lineage=tables[LINEAGE_FILE],
        report=report,
    )


def read_assignments(folder: Path) -> pa.Table:
    """Read the assignments only: text_key, group_key, split.

    Raises:
        PermanentError: The file is missing or has other columns.
    """
    return _read_table(folder / ASSIGNMENTS_FILE, ASSIGNMENTS_SCHEMA)


def content_files(folder: Path) -> list[str]:
    """Return the relative paths that the content hash covers, sorted.

    Window, lineage and report tell more about the moment of the snapshot and stand outside it. The
    steps are inside: a model is served with those of its version, also where they changed no text.
    """
    paths = sorted([*SPLIT_FILES.values(), LABEL_MAP_FILE, TEXT_STEPS_FILE, ASSIGNMENTS_FILE])
    for path in paths:
        _existing(folder / path)
    return paths


def _write_table(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Every option that shapes the bytes is spelled out, so that a new default changes nothing.
    pq.write_table(
        table,
        path,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=3,
        use_dictionary=True,
        dictionary_pagesize_limit=1 << 20,
        data_page_size=1 << 20,
        row_group_size=1 << 20,
        write_statistics=True,
        write_page_index=False,
        write_page_checksum=False,
        store_schema=False,
    )


def _write_json(value: object, path: Path) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _read_table(path: Path, schema: pa.Schema) -> pa.Table:
    # Not pq.read_table: it would take a folder named "a=b" on the way for a column.
    with pq.ParquetFile(_existing(path)) as file:
        table = file.read()
    if table.schema != schema:
        raise PermanentError(
            tried=f"Reading {path}",
            found=f"it has the columns {table.schema.names} ({table.schema.types}).",
            todo=f"Expected are {schema.names}; the file was written by another program.",
        )
    return table


def _read_report(path: Path) -> PreparationReport:
    fields = json.loads(_existing(path).read_text(encoding="utf-8"))
    try:
        return PreparationReport(**fields)
    except TypeError as error:
        raise PermanentError(
            tried=f"Reading {path}",
            found=f"it has other fields than this program's report ({error}).",
            todo="Prepare the dataset again, or read it with the program that wrote it.",
        ) from error


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise PermanentError(
            tried=f"Reading {path}",
            found="there is no such file.",
            todo="The folder of the dataset is incomplete: prepare or fetch the version again.",
        )
    return path
