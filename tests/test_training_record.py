"""Risk: a model folder whose record lies, is half there, or cannot be read back."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.training_record import TrainingRecord, library_versions

RECORD = TrainingRecord(
    family="linear",
    labels=("सडक", "पानी"),
    hyperparameters={"alpha": 3e-6, "tol": None},
    seed=7,
    library_versions={"numpy": "2"},
    training_rows=10,
    outcome={"terms": 3},
    extra={"dataset_tag": "v20261120_101500"},
)


@given(st.lists(st.text(), min_size=2, max_size=4), st.one_of(st.none(), st.integers()))
def test_a_record_survives_json(labels: list[str], seed: int | None):
    record = replace(RECORD, labels=tuple(labels), seed=seed)
    assert TrainingRecord.from_json(record.to_json()) == record


def test_equal_records_give_equal_bytes():
    shuffled = replace(RECORD, hyperparameters={"tol": None, "alpha": 3e-6})
    assert shuffled.to_json() == RECORD.to_json()


def test_a_record_is_written_and_read(tmp_path):
    RECORD.with_extra({"cleaner": "1"}).write(tmp_path)
    again = TrainingRecord.read(tmp_path)
    assert again.extra == {"dataset_tag": "v20261120_101500", "cleaner": "1"}
    assert RECORD.extra == {"dataset_tag": "v20261120_101500"}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"linear"'])
def test_what_is_no_json_object_is_refused(text: str):
    with pytest.raises(PermanentError, match="it is no JSON"):
        TrainingRecord.from_json(text)


@pytest.mark.parametrize("name", sorted(json.loads(RECORD.to_json())))
def test_a_missing_or_wrong_field_is_refused_by_name(name: str):
    fields = json.loads(RECORD.to_json())
    for broken in ({**fields, name: 1.5}, {key: fields[key] for key in fields if key != name}):
        with pytest.raises(PermanentError, match=name):
            TrainingRecord.from_json(json.dumps(broken))


def test_versions_are_those_installed():
    import numpy as np

    assert library_versions(["numpy"]) == {"numpy": np.__version__}
