"""Risk: one way of writing personal data, or one format of an export, publishes it after all."""

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.export.build import Selection, write_rows
from sambodhan_assets.domain.export.exclusions import Exclusions
from sambodhan_assets.domain.export.protection import Protection
from sambodhan_assets.domain.export.rows import RAW_SCHEMA
from sambodhan_assets.domain.export.writers import FORMATS
from sambodhan_assets.domain.privacy.recognition import find_personal_data
from sambodhan_assets.domain.privacy.redaction import PiiPolicy
from tests.personal_data import VALUES, Case, cases, planted
from tests.snapshot_rows import unlike


def export(folder: Path, planted_cases: list[Case]) -> dict[str, Path]:
    """Writes the texts of cases, each made unlike the others, in every format."""
    rows = [
        {
            "task": "department",
            "grievance": f"{unlike(number)}\n{case.text}",
            "label": "roads",
            "label_id": 1,
            "split": "train",
            "source": "correction",
            "origin": "file",
        }
        for number, case in enumerate(planted_cases)
    ]
    exclusions = Exclusions()
    protect = Protection(policy=PiiPolicy.REDACT, exclusions=exclusions)
    written = write_rows(
        iter([pa.RecordBatch.from_pylist(rows, schema=RAW_SCHEMA)]),
        folder,
        Selection(target_samples=0, seed=1, formats=list(FORMATS)),
        protect=protect,
        measures=[protect.scan],
        exclusions=exclusions,
    )
    metrics = {metric.name: metric.value for metric in protect.scan.result().metrics}
    assert metrics["personal_data_count"] == 0
    assert metrics["source_personal_data_rows"] == len(rows)
    return written.paths


def assert_nothing_is_left(paths: dict[str, Path], planted_cases: list[Case]) -> None:
    values = {value for case in planted_cases for _, value in case.spans}
    assert len(paths) == len(FORMATS)
    texts = pq.read_table(paths["parquet"])["grievance"].to_pylist()
    assert len(texts) == len(planted_cases)
    assert not any(find_personal_data(text) for text in texts)
    everything = b"\n".join(path.read_bytes() for path in paths.values())
    everything += "\n".join(texts).encode()
    assert [value for value in values if value.encode() in everything] == []


def test_no_case_of_the_table_is_in_a_byte_of_any_format(tmp_path: Path):
    # Shorter values stand by chance in the bytes of a Parquet file, or in another row's.
    long = [case for case in cases() if all(len(span) > 8 for _, span in case.spans)]
    assert len(long) > 400
    assert_nothing_is_left(export(tmp_path, long), long)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_planted_value_is_in_a_byte_of_any_format(tmp_path_factory, seed: int):
    rng = random.Random(seed)
    chosen = [planted(rng, kind) for kind in VALUES for _ in range(3)]
    assert_nothing_is_left(export(tmp_path_factory.mktemp("export"), chosen), chosen)
