"""Risk: readers that take the newest zip by name miss a version, or take an older one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.embedding.archive import newest_zip, next_zip_name, older_zips
from sambodhan_assets.domain.version_tags import next_tag

DAY = "models/finetuned-embedding-model-20261121"
# A few days in seconds, so that many versions fall on one day, and clocks that go back.
MOMENTS = st.integers(min_value=1_795_000_000, max_value=1_795_300_000)


@pytest.mark.parametrize(
    ("present", "name"),
    [
        ([], f"{DAY}.zip"),
        (["models/finetuned-embedding-model-20250101.zip", "models/other.zip"], f"{DAY}.zip"),
        ([f"{DAY}.zip"], f"{DAY}_153000.zip"),
        ([f"{DAY}.zip", f"{DAY}_153000.zip"], f"{DAY}_153001.zip"),
        (
            ["models/finetuned-embedding-model-20301231.zip"],
            "models/finetuned-embedding-model-20301231_000001.zip",
        ),
    ],
)
def test_a_new_zip_sorts_after_all_others(present: list[str], name: str):
    assert next_zip_name("v20261121_153000", present) == name
    assert newest_zip([*present, name]) == name


@given(st.lists(MOMENTS, min_size=1, max_size=8), st.booleans())
def test_versions_of_any_moments_have_names_in_their_order(moments: list[int], theirs: bool):
    names = ["models/finetuned-embedding-model-20261119.zip"] if theirs else []
    tag = None
    for moment in moments:
        tag = next_tag(datetime.fromtimestamp(moment, UTC), tag)
        names.append(next_zip_name(tag, names))
    assert names == sorted(set(names))
    # As `earlier_files` does: the newest name tells for all before it.
    assert next_zip_name(str(tag), names[-1:]) == next_zip_name(str(tag), names)


def test_only_dated_zips_that_are_not_the_newest_are_older():
    paths = [f"{DAY}.zip", f"{DAY}_120000.zip", "models/other.zip", "model.safetensors"]
    assert older_zips(paths) == {f"{DAY}.zip"}
    assert older_zips(["models/other.zip"]) == set()
    assert newest_zip(["models/other.zip"]) is None
