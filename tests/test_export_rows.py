"""Risk: rows of an export are lost, doubled, in an order of chance, or drawn unfairly."""

import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.exclusions import CONFLICTING, DUPLICATE, Exclusions
from sambodhan_assets.domain.export.ordering import OrderedRows
from sambodhan_assets.domain.export.rows import EXPORT_SCHEMA, row_ids
from sambodhan_assets.domain.export.sampling import StratifiedSample, proportional
from sambodhan_assets.domain.export.versioning import (
    newest_release,
    next_version,
    ordered,
    parse_version,
)


def rows(keys: list[int], *, label_id: int = 0, origin: str = "data@v1") -> pa.RecordBatch:
    tasks = ["urgency"] * len(keys)
    made = [
        {
            "id": row_id,
            "task": "urgency",
            "grievance": f"text {key}",
            "label": f"label {label_id}",
            "label_id": label_id,
            "split": "train",
            "source": "correction",
            "origin": origin,
        }
        for row_id, key in zip(row_ids(tasks, map(str, keys)), keys, strict=True)
    ]
    return pa.RecordBatch.from_pylist(made, schema=EXPORT_SCHEMA)


def ids_of(ordered_rows: OrderedRows, exclusions: Exclusions | None = None) -> list[str]:
    return [row for batch in ordered_rows.batches(exclusions) for row in batch["id"].to_pylist()]


@pytest.mark.parametrize("most", [250_000, 3], ids=["as it is", "every file split again"])
def test_rows_come_by_id_once_and_may_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
):
    monkeypatch.setattr("sambodhan_assets.domain.export.ordering._MOST_ROWS", most)
    keys = random.Random(1).sample(range(10_000), 700)
    spilled, exclusions = OrderedRows(tmp_path / "spilled"), Exclusions()
    for start in range(0, len(keys), 90):
        spilled.add(rows(keys[start : start + 90]))
    spilled.add(rows(keys[:5], origin="more"))
    spilled.add(rows(keys[5:7], label_id=1, origin="more"))
    expected = sorted(row_ids(["urgency"] * 700, map(str, keys)))
    assert ids_of(spilled, exclusions) == expected
    assert ids_of(spilled) == expected
    assert exclusions.of("more") == {DUPLICATE: 5, CONFLICTING: 2}
    assert {row for b in spilled.batches() for row in b["origin"].to_pylist()} == {"data@v1"}
    spilled.discard()
    assert list(tmp_path.iterdir()) == []


def drawn(batches: list[pa.RecordBatch], target: int, seed: int) -> list[dict]:
    sample = StratifiedSample(target, seed=seed)
    for batch in batches:
        sample.add(batch)
    return [row for batch in batches for row in sample.kept(batch).to_pylist()]


def test_a_sample_has_the_shares_of_all_rows_and_is_that_of_its_seed():
    batches = [rows(list(range(600))), rows(list(range(600, 900)), label_id=1)]
    batches.append(rows(list(range(900, 1000)), label_id=2))
    found = drawn(batches, 100, 7)
    assert Counter(row["label_id"] for row in found) == {0: 60, 1: 30, 2: 10}
    small = [batch.slice(start, 50) for batch in batches for start in range(0, len(batch), 50)]
    random.Random(3).shuffle(small)
    again = drawn(small, 100, 7)
    assert {row["id"] for row in again} == {row["id"] for row in found}
    assert {row["id"] for row in drawn(batches, 100, 8)} != {row["id"] for row in found}
    larger = drawn(batches, 200, 7)
    assert {row["id"] for row in found} < {row["id"] for row in larger}
    assert len(drawn(batches, 5_000, 7)) == 1000


@given(
    st.dictionaries(st.tuples(st.sampled_from("ab"), st.text(max_size=3)), st.integers(1, 500)),
    st.integers(1, 800),
)
def test_a_target_is_divided_whole_and_each_part_is_next_to_its_share(
    counts: dict[tuple[str, str], int], target: int
):
    found = proportional(Counter(counts), target)
    total = sum(counts.values())
    assert sum(found.values()) == min(target, total)
    for stratum, count in counts.items():
        assert abs(found[stratum] - count * min(1, target / max(total, 1))) < 1


@pytest.mark.parametrize(
    "text", ["1.0", "01.0.0", "v1", "1.0.0 ", "Test", "a/b", "..", "", "१.०.०"]
)
def test_what_is_no_version_is_refused(text: str):
    with pytest.raises(PermanentError, match="Write MAJOR"):
        parse_version(text)


def test_versions_are_ordered_by_number_and_follow_each_other():
    assert parse_version("v1.2.3") == "1.2.3"
    assert [parse_version(name) for name in ("test", "1.0.0-rc.1")] == ["test", "1.0.0-rc.1"]
    known = ["0.10.0", "0.9.0", "test", "1.0.0-rc.1"]
    assert ordered(known) == ["1.0.0-rc.1", "test", "0.9.0", "0.10.0"]
    assert newest_release(known) == "0.10.0"
    assert next_version(None, data_changed=False) == "0.1.0"
    assert next_version("0.10.3", data_changed=True) == "0.11.0"
    assert next_version("0.10.3", data_changed=False) == "0.10.4"
