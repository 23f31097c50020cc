"""Risk: the same dataset gives other bytes and is published twice, or a broken folder is read."""

import hashlib
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.files import (
    content_files,
    read_assignments,
    read_dataset,
    write_dataset,
)
from sambodhan_assets.domain.errors import PermanentError
from tests.dataset_builds import build, tables_of
from tests.snapshot_rows import LABELS, Row, anchor, audit, correction, unflagged, unlike

LAYOUT = {
    "data/train-00000-of-00001.parquet",
    "data/eval-00000-of-00001.parquet",
    "data/test-00000-of-00001.parquet",
    "replay/replay.parquet",
    "anchor/test.parquet",
    "window/window.parquet",
    "assignments.parquet",
    "lineage.parquet",
    "label_map.json",
    "text_steps.json",
    "preparation.json",
}


def rows() -> list[Row]:
    texts = [unlike(i) for i in range(120)]
    return [
        *[correction(i, texts[i], LABELS[i % 3]) for i in range(50)],
        *[audit(i, f"सडक {texts[i]}", LABELS[i % 3]) for i in range(50, 60)],
        *[unflagged(i, texts[i], sample_rank=i - 60) for i in range(60, 100)],
        *[anchor(texts[i]) for i in range(100, 120)],
        correction(200, None),
    ]


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.fixture
def dataset() -> BalancedDataset:
    return build(*rows())


def test_a_written_dataset_is_read_back_as_it_was(tmp_path: Path, dataset: BalancedDataset):
    write_dataset(dataset, LABELS, tmp_path / "new" / "folder")
    found = read_dataset(tmp_path / "new" / "folder")
    for name, table in tables_of(dataset).items():
        assert tables_of(found)[name].equals(table), name
    assert found.report == dataset.report
    assert read_assignments(tmp_path / "new" / "folder").equals(dataset.assignments)


def test_an_empty_dataset_is_read_back_as_it_was(tmp_path: Path):
    empty = build(filling=())
    write_dataset(empty, LABELS, tmp_path)
    assert read_dataset(tmp_path).report == empty.report


def test_the_folder_has_the_published_layout(tmp_path: Path, dataset: BalancedDataset):
    write_dataset(dataset, LABELS, tmp_path)
    assert set(digests(tmp_path)) == LAYOUT
    assert json.loads((tmp_path / "label_map.json").read_text()) == {
        "label2id": {"NORMAL": 0, "URGENT": 1, "HIGHLY URGENT": 2},
        "id2label": {"0": "NORMAL", "1": "URGENT", "2": "HIGHLY URGENT"},
    }
    train = pq.read_schema(tmp_path / "data/train-00000-of-00001.parquet")
    assert train.equals(pa.schema([("grievance", pa.string()), ("label", pa.int64())]))


def test_the_same_rows_in_another_order_give_the_same_bytes(tmp_path: Path):
    write_dataset(build(*rows()), LABELS, tmp_path / "a")
    shuffled = rows()
    random.Random(1).shuffle(shuffled)
    write_dataset(build(*shuffled), LABELS, tmp_path / "b")
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_unchanged_rows_give_the_same_content_as_the_parent(
    tmp_path: Path, dataset: BalancedDataset
):
    write_dataset(dataset, LABELS, tmp_path / "a")
    write_dataset(build(*rows(), parent=dataset.assignments), LABELS, tmp_path / "b")
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_the_content_hash_covers_splits_label_map_steps_and_assignments(
    tmp_path: Path, dataset: BalancedDataset
):
    write_dataset(dataset, LABELS, tmp_path)
    assert content_files(tmp_path) == [
        "assignments.parquet",
        "data/eval-00000-of-00001.parquet",
        "data/test-00000-of-00001.parquet",
        "data/train-00000-of-00001.parquet",
        "label_map.json",
        "text_steps.json",
    ]


@pytest.mark.parametrize("name", sorted(LAYOUT - {"label_map.json", "text_steps.json"}))
def test_a_missing_file_is_named(tmp_path: Path, dataset: BalancedDataset, name: str):
    write_dataset(dataset, LABELS, tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(PermanentError, match=name):
        read_dataset(tmp_path)


def test_content_of_an_incomplete_folder_is_an_error(tmp_path: Path, dataset: BalancedDataset):
    write_dataset(dataset, LABELS, tmp_path)
    (tmp_path / "label_map.json").unlink()
    with pytest.raises(PermanentError, match=r"label_map\.json"):
        content_files(tmp_path)


def test_a_file_with_other_columns_is_refused(tmp_path: Path, dataset: BalancedDataset):
    write_dataset(dataset, LABELS, tmp_path)
    pq.write_table(dataset.window, tmp_path / "lineage.parquet")
    with pytest.raises(PermanentError, match="complaint_id"):
        read_dataset(tmp_path)


def test_a_report_with_other_fields_is_refused(tmp_path: Path, dataset: BalancedDataset):
    write_dataset(dataset, LABELS, tmp_path)
    (tmp_path / "preparation.json").write_text('{"rows": 1}')
    with pytest.raises(PermanentError, match=r"preparation\.json"):
        read_dataset(tmp_path)


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path: Path, dataset: BalancedDataset):
    write_dataset(dataset, LABELS, tmp_path / "task=urgency")
    assert read_dataset(tmp_path / "task=urgency").window.equals(dataset.window)


def test_no_file_names_the_time_or_the_machine(tmp_path: Path, dataset: BalancedDataset):
    write_dataset(dataset, LABELS, tmp_path)
    metadata = pq.read_metadata(tmp_path / "data/train-00000-of-00001.parquet")
    assert metadata.metadata is None
    assert metadata.row_group(0).column(0).compression == "ZSTD"
