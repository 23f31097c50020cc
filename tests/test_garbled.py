"""Risk: damaged texts are published and trained on, or good ones are reported as damaged."""

import csv
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.qa.garbled import Garbled, garbled_kind, garbled_texts
from sambodhan_assets.domain.qa.preeti import as_preeti
from sambodhan_assets.domain.qa.text_bytes import TextBytes
from sambodhan_assets.domain.sample.grievances import generate_grievances

TABLE = Path(__file__).parent / "data" / "garbled_texts.csv"
FINE = "fine"
with TABLE.open(encoding="utf-8", newline="") as file:
    CASES = [(row["text"], row["kind"], row["note"]) for row in csv.DictReader(file)]
GRIEVANCES = [row.grievance for row in generate_grievances(600, seed=11)]


def kind_of(text: str) -> str:
    kind = garbled_kind(text)
    return kind.value if kind else FINE


def damaged(text: str, encoding: str) -> str:
    """The text as a program shows it that takes UTF-8 for another encoding."""
    return text.encode().decode(encoding, errors="replace").replace("\ufffd", "")


@pytest.mark.parametrize("kind", [*(kind.value for kind in Garbled), FINE])
def test_every_case_of_the_table_is_told(kind):
    wrong = [(text, note) for text, known, note in CASES if known == kind != kind_of(text)]
    assert Counter(known for _, known, _ in CASES)[kind] >= 10
    assert wrong == []


@pytest.mark.parametrize(("text", "known", "note"), CASES)
def test_preeti_is_typed_as_the_table_shows(text, known, note):
    if known == "preeti" and note.startswith("shows: "):
        assert as_preeti(note.removeprefix("shows: ")).split() == text.split()


def test_no_sample_grievance_is_garbled():
    assert {text: kind for text in GRIEVANCES if (kind := garbled_kind(text))} == {}


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_nepali_that_was_read_as_another_encoding_is_found(encoding):
    nepali = [text for text in GRIEVANCES if any("\u0900" <= letter <= "\u097f" for letter in text)]
    assert len(nepali) > 200
    assert {kind_of(damaged(text, encoding)) for text in nepali} == {"mojibake"}


@given(st.sampled_from(GRIEVANCES), st.integers(0, 400))
def test_one_lost_letter_is_found_wherever_it_stood(text, place):
    assert kind_of(text[:place] + "\ufffd" + text[place + 1 :]) == "replacement_chars"


@given(st.sampled_from(GRIEVANCES), st.integers(0, 400), st.sampled_from("\x00\x07\x1b\x7f\ue000"))
def test_a_control_character_is_found_wherever_it_stands(text, place, character):
    assert kind_of(text[:place] + character + text[place:]) == "control"


def test_a_lone_surrogate_is_damage():
    assert kind_of("road \ud800 closed") == "control"


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), max_size=8))
def test_a_text_is_told_alike_alone_and_among_others(texts):
    array = pa.array(texts, pa.string())
    found = dict(garbled_texts(array, TextBytes.of(array)))
    assert [found.get(position) for position in range(len(texts))] == list(map(garbled_kind, texts))
