"""Risk: a card that the Hub or `datasets` cannot read, or that counts what is not there."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.dataset.card import DatasetDescription, write_description


def front_matter(folder: Path, **overrides) -> dict:
    fields = {
        "name": "officials/complaints",
        "version_tag": "v20260101_000000",
        "label_column": "department",
        "created_at": "2026-01-01T00:00:00+00:00",
        "split_rows": {"train": 8, "eval": 1, "test": 1},
        "label_rows": {"WATER": 6, "ROADS": 4},
        "replay_rows": 0,
        "row_count": 10,
        "excluded": {},
    }
    folder.mkdir(exist_ok=True)
    write_description(DatasetDescription(**{**fields, **overrides}), folder)
    return yaml.safe_load((folder / "README.md").read_text().split("---")[1])


def test_the_card_names_labels_in_their_order_and_counts_the_rows(tmp_path):
    card = front_matter(tmp_path)
    info = card["dataset_info"]
    assert info["features"][1]["dtype"]["class_label"]["names"] == {"0": "WATER", "1": "ROADS"}
    assert {split["name"]: split["num_examples"] for split in info["splits"]} == {
        "train": 8,
        "eval": 1,
        "test": 1,
    }
    assert [file["split"] for file in card["configs"][0]["data_files"]] == ["train", "eval", "test"]


@pytest.mark.parametrize(
    ("rows", "category"), [(999, "n<1K"), (1000, "1K<n<10K"), (2_000_000, "1M<n<10M")]
)
def test_the_size_category_is_the_hubs(tmp_path, rows, category):
    assert front_matter(tmp_path, split_rows={"train": rows})["size_categories"] == [category]


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="-"), min_size=1))
def test_no_name_of_a_label_breaks_the_card(tmp_path_factory, label):
    card = front_matter(tmp_path_factory.mktemp("card"), label_rows={label: 1})
    names = card["dataset_info"]["features"][1]["dtype"]["class_label"]["names"]
    assert names == {"0": label}
