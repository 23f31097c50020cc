"""Risk: a text breaks a data file, changes in it, or is computed when a spreadsheet opens it."""

import csv
import hashlib
import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sambodhan_assets.domain.export.rows import EXPORT_SCHEMA
from sambodhan_assets.domain.export.writers import FORMATS, DataWriters, csv_cell
from sambodhan_assets.domain.labelling.safe_cells import FORMULA_SIGNS, unguarded

AWKWARD = (
    "a\nb\r\nc\rd",
    "\u2028 and \u2029 and \x85 and \x0b\x0c\x1c",
    'he said "no", twice',
    "=HYPERLINK(1)",
    "  '+1",
    "nul \x00 inside",
    "क्‍ष ज्‌ञ",
    "",
    "\\u2028",
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def batch_of(texts: list[str]) -> pa.RecordBatch:
    rows = [
        {
            "id": f"{position:032x}",
            "task": "urgency",
            "grievance": text,
            "label": "NORMAL",
            "label_id": 0,
            "split": "train",
            "source": "correction",
            "origin": "data@v1",
        }
        for position, text in enumerate(texts)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=EXPORT_SCHEMA)


def written(
    texts: list[str], folder: Path, *, cut: int | None = None
) -> tuple[dict[str, Path], str]:
    writers, batch = DataWriters(folder, FORMATS), batch_of(texts)
    step = cut or max(1, len(texts))
    for start in range(0, len(texts), step):
        writers.write(batch.slice(start, step))
    return writers.paths, writers.close()


@given(st.lists(TEXTS, max_size=8))
@example(list(AWKWARD))
def test_every_format_holds_every_row_and_json_and_parquet_every_text(texts: list[str]):
    with tempfile.TemporaryDirectory() as folder:
        paths, digest = written(texts, Path(folder))
        data = paths["jsonl"].read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
        lines = data.decode("utf-8").splitlines()
        assert [json.loads(line)["grievance"] for line in lines] == texts
        assert pq.read_table(paths["parquet"])["grievance"].to_pylist() == texts
        assert pq.read_schema(paths["parquet"]) == EXPORT_SCHEMA
        text = paths["csv"].read_bytes().decode("utf-8")
        assert len(text.splitlines()) == len(texts) + 1
        with paths["csv"].open(encoding="utf-8", newline="") as file:
            cells = [row["grievance"] for row in csv.DictReader(file, strict=True)]
        assert cells == [csv_cell(text) for text in texts]


@given(TEXTS)
@example("\n=1+1")
@example("\x00@x")
def test_no_cell_is_a_formula_and_the_text_can_be_had_back(text: str):
    cell = csv_cell(text)
    assert not cell.lstrip(" \u00a0").startswith(tuple(FORMULA_SIGNS))
    one_line = "".join(
        " " if c in "\x00\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029" else c for c in text
    )
    assert unguarded(cell) == one_line


@given(st.lists(TEXTS, min_size=1, max_size=12), st.integers(1, 5))
def test_how_rows_come_in_batches_changes_no_byte(texts: list[str], cut: int):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        whole, pieces = written(texts, Path(one)), written(texts, Path(two), cut=cut)
        assert whole[1] == pieces[1]
        for form in FORMATS:
            assert whole[0][form].read_bytes() == pieces[0][form].read_bytes()


def test_row_groups_are_as_large_however_the_batches_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sambodhan_assets.domain.export.writers._ROW_GROUP", 7)
    paths, _ = written([f"text {n}" for n in range(20)], tmp_path, cut=3)
    found = pq.ParquetFile(paths["parquet"]).metadata
    assert [found.row_group(n).num_rows for n in range(found.num_row_groups)] == [7, 7, 6]
