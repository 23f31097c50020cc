"""Risk: a card that the Hub or `datasets` cannot read, or that counts what is not there."""

from pathlib import Path

import pytest
from huggingface_hub import DatasetCard
from hypothesis import example, given
from hypothesis import strategies as st

from sambodhan_assets.domain.dataset.card import DatasetDescription, write_description
from tests.standins.hubserver import validate_card


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
        "source_rows": {"correction": 6, "unflagged": 4},
        "newest_correction": "2025-12-31T10:00:00+00:00",
        "excluded": {"duplicate": 2},
    }
    folder.mkdir(exist_ok=True)
    write_description(DatasetDescription(**{**fields, **overrides}), folder)
    return DatasetCard.load(folder / "README.md").data.to_dict()


def text_of(folder: Path) -> str:
    return DatasetCard.load(folder / "README.md").text


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


def test_the_card_tells_labels_source_and_what_was_left_out(tmp_path):
    front_matter(tmp_path, source_rows={"correction": 6, "unflagged": 4, "anchor": 3})
    text = text_of(tmp_path)
    for part in (
        "| 1 | ROADS | 4 |",
        "| complaints whose label an official corrected | 6 |",
        "Newest correction: 2025-12-31T10:00:00+00:00. 3 rows come from an anchor corpus",
        "| duplicate | 2 |",
        'revision="v20260101_000000"',
    ):
        assert part in text
    front_matter(tmp_path, excluded={}, newest_correction=None, on_hub=False)
    assert 'load_dataset("path/of/this/folder")' in text_of(tmp_path)
    assert "none; nothing was reviewed. No anchor corpus" in text_of(tmp_path)


def test_a_license_stands_on_the_card_only_where_it_is_set(tmp_path):
    assert "license" not in front_matter(tmp_path)
    assert front_matter(tmp_path, license="cc-by-4.0")["license"] == "cc-by-4.0"
    assert validate_card((tmp_path / "README.md").read_text(), "dataset") == ([], [])


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@example("\x85")
@example("one\u2028two")
def test_no_name_of_a_label_breaks_the_card(tmp_path_factory, label):
    folder = tmp_path_factory.mktemp("card")
    card = front_matter(folder, label_rows={label: 1})
    names = card["dataset_info"]["features"][1]["dtype"]["class_label"]["names"]
    assert names == {"0": label}
    assert validate_card((folder / "README.md").read_text(), "dataset") == ([], [])


def test_the_card_tells_what_became_of_personal_data_and_that_names_remain(tmp_path):
    found = {"policy": "redact", "rows": 3, "places_by_kind": {"email": 1, "mobile": 3}}
    front_matter(tmp_path, personal_data=found)
    text = text_of(tmp_path)
    for part in ("found in 3. Placeholders", "| mobile | 3 |", "Names of people are outside"):
        assert part in text
    front_matter(tmp_path / "drop", personal_data=found | {"policy": "drop"})
    assert "Rows that hold any are left out" in text_of(tmp_path / "drop")


def test_the_card_of_rows_that_nobody_looked_at_says_so(tmp_path):
    front_matter(tmp_path)
    assert "Nobody looked for personal data" in text_of(tmp_path)
