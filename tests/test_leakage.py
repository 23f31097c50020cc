"""Risk: the check that guards every version passes while a leak is there."""

from dataclasses import replace

import pyarrow as pa
import pytest

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.leakage import find_leakage
from tests.dataset_builds import build, variant
from tests.snapshot_rows import LABELS, anchor, correction, unflagged, unlike


def clean_dataset() -> BalancedDataset:
    return build(
        *[correction(i, unlike(i), LABELS[i % 3]) for i in range(60)],
        *[unflagged(i, unlike(i), sample_rank=i) for i in range(100, 150)],
        *[anchor(unlike(i)) for i in range(200, 240)],
    )


def with_text(table: pa.Table, text: str) -> pa.Table:
    row = {"grievance": text, "label": 0, "source": "unflagged"}
    return pa.concat_tables([table, pa.Table.from_pylist([row], schema=table.schema)])


def test_a_prepared_dataset_has_no_leak():
    report = find_leakage(clean_dataset())
    assert report.clean
    assert report.compared_texts == 152
    assert report.sentence == "No leak among 152 texts of train, eval and test."


@pytest.mark.parametrize("split", ["train", "eval", "test"])
@pytest.mark.parametrize("edit", [str, str.upper, lambda text: f"{text} !!"])
def test_a_test_text_or_its_near_copy_in_another_table_is_found(split: str, edit):
    dataset = clean_dataset()
    other = "test" if split != "test" else "eval"
    text = edit(dataset.splits[other]["grievance"][0].as_py())
    splits = dataset.splits | {split: with_text(dataset.splits[split], text)}
    report = find_leakage(replace(dataset, splits=splits))
    assert not report.clean
    assert report.same_texts + report.near_duplicates == 1
    assert set(report.examples[0].sides) == {split, other}


@pytest.mark.parametrize("table", ["eval", "test", "anchor_test"])
def test_a_replay_row_near_a_scored_row_is_found(table: str):
    dataset = clean_dataset()
    scored = dataset.splits.get(table, dataset.anchor_test)["grievance"][0].as_py()
    report = find_leakage(replace(dataset, replay=with_text(dataset.replay, f"{scored} .")))
    assert report.near_duplicates == 1


def test_test_and_anchor_test_may_resemble_each_other():
    dataset = clean_dataset()
    text = dataset.splits["test"]["grievance"][0].as_py()
    report = find_leakage(replace(dataset, anchor_test=with_text(dataset.anchor_test, text)))
    assert report.clean


def test_a_text_that_left_the_split_of_an_earlier_version_is_found():
    first = clean_dataset()
    moved = first.splits["test"].slice(0, 1)
    splits = first.splits | {
        "test": first.splits["test"].slice(1),
        "train": pa.concat_tables([first.splits["train"], moved]),
    }
    report = find_leakage(replace(first, splits=splits))
    assert (report.same_texts, report.near_duplicates, report.misplaced_texts) == (0, 0, 1)
    assert "1 texts left their split" in report.sentence


def test_the_sentence_names_keys_and_no_text():
    dataset = clean_dataset()
    text = variant(0, 0, 0)
    splits = {name: with_text(table, text) for name, table in dataset.splits.items()}
    report = find_leakage(replace(dataset, splits=splits))
    assert report.same_texts == 3
    assert report.examples[0].text_keys[0] in report.sentence
    assert "water" not in report.sentence
