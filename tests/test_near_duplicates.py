"""Risk: a near-copy of a test text is overlooked and trained on, and every score is too good."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.dataset import near_duplicates, text_signatures
from sambodhan_assets.domain.dataset.cleaning import clean_text, normalised
from sambodhan_assets.domain.dataset.near_duplicates import (
    merge_groups,
    near_duplicate_groups,
    near_pairs_between,
)
from sambodhan_assets.domain.dataset.text_signatures import index_texts
from sambodhan_assets.domain.sample.grievances import generate_grievances

THRESHOLD = 0.7


def shingle_set(text: str) -> set[str]:
    return {text[i : i + 5] for i in range(max(1, len(text) - 4))}


def all_pairs(texts: list[str]) -> set[tuple[int, int]]:
    """What a comparison of each text with each other finds."""
    shingles = [shingle_set(text) for text in texts]
    found = set[tuple[int, int]]()
    for a, b in itertools.combinations(range(len(texts)), 2):
        common = len(shingles[a] & shingles[b])
        if common >= THRESHOLD * (len(shingles[a]) + len(shingles[b]) - common):
            found.add((a, b))
    return found


def found_pairs(texts: list[str]) -> set[tuple[int, int]]:
    pairs = near_pairs_between(index_texts(texts, THRESHOLD), np.arange(len(texts)))
    return {(a, b) for a, b in pairs.tolist()}


def grievances(count: int, seed: int = 5) -> list[str]:
    """Distinct texts of which a tenth have a planted near-copy."""
    texts = [clean_text(row.grievance) for row in generate_grievances(count, seed=seed)]
    copies = [f"{text[:-7]} {number}" for number, text in enumerate(texts[: count // 10])]
    return sorted({normalised(text) for text in texts + copies})


def test_nearly_all_pairs_of_a_full_comparison_are_found_and_no_others():
    texts = grievances(400)
    expected, found = all_pairs(texts), found_pairs(texts)
    assert len(expected) > 40
    assert found <= expected
    assert len(found) >= 0.97 * len(expected)


def test_whether_two_texts_are_near_does_not_depend_on_the_other_texts():
    texts = grievances(400)
    some = texts[::3]
    wanted = {(texts[a], texts[b]) for a, b in found_pairs(texts) if a % 3 == b % 3 == 0}
    assert {(some[a], some[b]) for a, b in found_pairs(some)} == wanted


def test_small_chunks_find_the_same(monkeypatch: pytest.MonkeyPatch):
    texts = grievances(300)
    groups, pairs = near_duplicate_groups(index_texts(texts, THRESHOLD)), found_pairs(texts)
    monkeypatch.setattr(text_signatures, "CHUNK_CHARACTERS", 500)
    monkeypatch.setattr(near_duplicates, "CHUNK_PAIRS", 7)
    monkeypatch.setattr(near_duplicates, "CHUNK_SHINGLES", 900)
    assert found_pairs(texts) == pairs
    assert near_duplicate_groups(index_texts(texts, THRESHOLD)).tolist() == groups.tolist()


@settings(deadline=None)
@given(
    st.lists(
        st.text(alphabet="abकि\u200d ", min_size=1, max_size=12),
        unique=True,
        min_size=1,
        max_size=40,
    )
)
def test_groups_are_the_connected_components_of_the_pairs(texts: list[str]):
    index = index_texts(texts, THRESHOLD)
    pairs = near_pairs_between(index, np.arange(len(texts)))
    expected = merge_groups(np.arange(len(texts)), pairs)
    assert near_duplicate_groups(index).tolist() == expected.tolist()
    assert {(a, b) for a, b in pairs.tolist()} <= all_pairs(texts)


def test_a_group_is_named_by_its_lowest_member_through_long_chains():
    pairs = np.array([[i, i + 1] for i in range(0, 500)][::-1])
    assert set(merge_groups(np.arange(502), pairs).tolist()) == {0, 501}


def test_a_thousand_copies_form_one_group():
    text = "the drain in front of ward office {} has been open since the last monsoon rain"
    texts = [text.format(number) for number in range(1000)]
    assert set(near_duplicate_groups(index_texts(texts, THRESHOLD)).tolist()) == {0}


def test_a_text_shorter_than_a_shingle_is_near_itself_only():
    texts = ["ab", "abc", "abcd", "abcde", "क", "ab"]
    assert found_pairs(texts) == {(0, 5)}


def test_only_pairs_across_sides_are_returned_and_negative_sides_take_no_part():
    texts = ["no water in the whole ward"] * 5
    pairs = near_pairs_between(index_texts(texts, THRESHOLD), np.array([0, 0, 1, -1, 1]))
    assert pairs.tolist() == [[0, 2], [0, 4], [1, 2], [1, 4]]


@pytest.mark.parametrize("count", [0, 1])
def test_no_texts_and_one_text_have_no_pairs(count: int):
    index = index_texts(["road"] * count, THRESHOLD)
    assert near_duplicate_groups(index).tolist() == list(range(count))
    assert near_pairs_between(index, np.arange(count)).shape == (0, 2)


def test_the_signature_of_a_text_never_changes():
    # Another signature finds other pairs near the threshold, and needs another version name.
    keys = index_texts(["सडकमा ठूलो खाल्डो छ"], THRESHOLD).band_keys[:, 0].tolist()
    assert keys[:2] == [2913578073776469316, 3259521524266110012]
    assert text_signatures.NEAR_DUPLICATES_VERSION == "shingles-5/minhash-64x32/bands-16x4/1"
