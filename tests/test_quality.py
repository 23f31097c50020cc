"""Risk: a report says that data are good because something was not counted, or miscounted."""

import hashlib
import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sambodhan_assets.domain.export.rows import EXPORT_SCHEMA
from sambodhan_assets.domain.gate.scripts import MIXED_SHARE
from sambodhan_assets.domain.qa.label_errors import outvoted
from sambodhan_assets.domain.qa.label_noise import suspected_labels
from sambodhan_assets.domain.qa.language import Language, language_of
from sambodhan_assets.domain.qa.metric import Section
from sambodhan_assets.domain.qa.quality import QualityMeasure
from sambodhan_assets.domain.qa.row_sample import RowSample
from sambodhan_assets.domain.qa.script_mix import LETTERS, Letters, letters_of
from sambodhan_assets.domain.qa.text_bytes import TextBytes
from sambodhan_assets.domain.sample.grievances import generate_grievances

Row = tuple[str, str, str, str]


def batch_of(rows: list[Row]) -> pa.RecordBatch:
    """Rows of (text, label, split, task)."""
    names = sorted({label for _, label, _, _ in rows})
    columns = {
        "id": [hashlib.sha256(repr(row).encode()).hexdigest()[:32] for row in rows],
        "task": [task for _, _, _, task in rows],
        "grievance": [text for text, _, _, _ in rows],
        "label": [label for _, label, _, _ in rows],
        "label_id": [names.index(label) for _, label, _, _ in rows],
        "split": [split for _, _, split, _ in rows],
        "source": ["correction"] * len(rows),
        "origin": ["data@1"] * len(rows),
    }
    return pa.RecordBatch.from_pydict(columns, schema=EXPORT_SCHEMA)


def quality(*batches: list[Row], sample_rows: int = 50_000) -> Section:
    measure = QualityMeasure(sample_rows=sample_rows, seed=3)
    for rows in batches:
        measure.add(batch_of(rows))
    return measure.result()


def values(section: Section) -> dict[str, float | None]:
    return {metric.name: metric.value for metric in section.metrics}


def departments(count: int, *, seed: int = 4) -> list[Row]:
    """Distinct sample grievances with the department that they are written for."""
    letters = {row.grievance: row.department for row in generate_grievances(count, seed=seed)}
    return [(text, label, "train", "department") for text, label in letters.items()]


def test_nothing_that_was_not_measured_is_a_number():
    section = quality()
    assert {metric.value for metric in section.metrics} == {None}
    assert all(metric.reason for metric in section.metrics)
    assert section.listed == ()


def test_every_metric_has_its_own_name_and_says_what_it_rests_on():
    section = quality(departments(300))
    assert len(values(section)) == len(section.metrics)
    for metric in section.metrics:
        assert metric.definition.endswith(".")
        assert (metric.value is None) == (metric.reason is not None)
    sampled = {metric.name for metric in section.metrics if metric.sampled}
    assert {"near_duplicate_share", "label_error_share", "label_coherence"} <= sampled
    assert not sampled & {"exact_duplicate_share", "garbled_share", "length_mean"}


def test_planted_faults_are_counted():
    rows = [
        ("सडक बत्ती बलेन", "a", "train", "t"),
        ("Road  is bad", "a", "train", "t"),
        ("road is bad", "b", "train", "t"),
        ("road is bad", "b", "train", "other"),
        ("kfgL cfPg wf/fdf", "a", "train", "t"),
        ("पा\ufffdी आएन", "a", "train", "t"),
        (" \u200d ", "a", "train", "t"),
        ("Ward ५ मा पानी छैन no water", "b", "train", "t"),
    ]
    section = quality(rows)
    found = values(section)
    assert found["exact_duplicate_share"] == 1 / 8
    assert found["same_text_other_label_share"] == 2 / 8
    assert found["empty_text_share"] == 1 / 8
    assert found["garbled_preeti_share"] == found["garbled_replacement_chars_share"] == 1 / 8
    assert found["garbled_share"] == 2 / 8
    assert found["label_balance"] == 2 / 5
    assert section.tables["label balance by task"] == {"t": 2 / 5, "other": None}
    assert section.tables["rows by script"] == {
        "devanagari": 2,
        "latin": 4,
        "mixed": 1,
        "other": 1,
    }
    ids = batch_of(rows)["id"].to_pylist()
    assert {row.id for row in section.listed if row.reason == "garbled text"} == {ids[4], ids[5]}


def test_lengths_are_those_of_a_full_count():
    rows = departments(500)
    lengths = np.array([len(text) for text, *_ in rows])
    found = values(quality(rows))
    assert found["length_mean"] == pytest.approx(lengths.mean())
    for percent in (5, 50, 95):
        value = found[f"length_p{percent}"]
        assert value == np.percentile(lengths, percent, method="inverted_cdf")


@settings(deadline=None, max_examples=4)
@given(st.randoms(use_true_random=False), st.integers(1, 70))
def test_the_order_of_rows_and_batches_changes_nothing(draw, size):
    rows = departments(120)
    shuffled = draw.sample(rows, len(rows))
    parts = [shuffled[start : start + size] for start in range(0, len(shuffled), size)]
    assert quality(*parts, sample_rows=80) == quality(rows, sample_rows=80)


def test_the_sample_is_exact_and_short_of_memory():
    rows = departments(400)
    sample, ids = RowSample(50, seed=1), set[str]()
    for start in range(0, len(rows), 30):
        batch = batch_of(rows[start : start + 30])
        ids |= set(batch["id"].to_pylist())
        sample.add(batch)
    kept = sample.rows()["id"].to_pylist()
    assert len(set(kept)) == 50
    assert set(kept) < ids
    other = RowSample(50, seed=2)
    other.add(batch_of(rows))
    assert other.rows()["id"].to_pylist() != kept


def test_near_duplicates_across_splits_are_found():
    rows = departments(200)
    twins = [(f"{text} 7", label, "test", task) for text, label, _, task in rows[:20]]
    alone, with_twins = values(quality(rows)), values(quality(rows, twins))
    assert alone["near_duplicate_groups_across_splits"] == 0
    assert alone["held_out_near_train_share"] is None
    assert with_twins["near_duplicate_groups_across_splits"] >= 15
    assert with_twins["held_out_near_train_share"] == 1.0


def test_planted_wrong_labels_are_found_and_listed():
    draw = random.Random(5)
    clean = [row for row in departments(1_500) if row[0]]
    names = sorted({label for _, label, _, _ in clean})
    rows, wrong = list[Row](), set[Row]()
    for text, label, split, task in clean:
        if draw.random() < 0.04:
            row = (text, draw.choice([name for name in names if name != label]), split, task)
            wrong.add(row)
        else:
            row = (text, label, split, task)
        rows.append(row)
    section = quality(rows)
    listed = {row.id for row in section.listed if row.reason == "label error"}
    planted = set(batch_of(sorted(wrong))["id"].to_pylist())
    assert len(listed & planted) >= 0.7 * len(planted)
    assert len(listed) <= 200
    before, after = (
        values(quality(clean))["label_error_share"],
        values(section)["label_error_share"],
    )
    assert before is not None
    assert after is not None
    assert before + 0.02 < after


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (departments(40), "fewer than 50 rows"),
        ([(text, "a", "train", "t") for text, *_ in departments(80)], "fewer than two labels"),
        ([(f"the same text {n % 3}", "ab"[n % 2], "train", "t") for n in range(60)], "near-dup"),
    ],
)
def test_labels_that_cannot_be_judged_are_not_measured(rows, reason):
    (metric,) = [m for m in quality(rows).metrics if m.name == "label_error_share"]
    assert metric.value is None
    assert reason in str(metric.reason)


def test_rows_that_their_near_duplicates_outvote_are_incoherent():
    groups = np.array([0, 0, 0, 3, 3, 5, 6, 6])
    labels = np.array([1, 1, 2, 0, 1, 2, 1, 1])
    expected = [False, False, True, True, True, False, False, False]
    assert outvoted(groups, labels).tolist() == expected


def test_confident_learning_suspects_as_its_definition_says():
    chances = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.45, 0.55]])
    given_labels = np.array([0, 0, 0, 1, 1])
    # Thresholds: 0.6 for the first label, 0.725 for the second.
    assert suspected_labels(chances, given_labels).tolist() == [-1, -1, 1, -1, -1]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("सडक बत्ती बलेन", Language.NEPALI),
        ("हमारे मोहल्ले में तीन दिन से पानी नहीं आया है", Language.HINDI),
        ("आमच्या गावात पाणी येत नाही", Language.MARATHI),
        ("pani aayena 3 din dekhi", Language.ROMANISED),
        ("Please repair the road", Language.ENGLISH),
        ("road खराब छ please fix soon", Language.MIXED),
        ("२०८१ !!! 12", Language.UNKNOWN),
        ("", Language.UNKNOWN),
    ],
)
def test_languages_are_told_apart(text, language):
    assert language_of(text) is language


@given(st.lists(st.text(st.sampled_from("aZ पा१9é.中ж😡\n"), max_size=12), max_size=6))
def test_letters_are_counted_as_one_would_by_hand(texts):
    found = letters_of(TextBytes.of(pa.array(texts, pa.string())))
    assert [LETTERS[kind] for kind in found] == [by_hand(text) for text in texts]
    lengths = TextBytes.of(pa.array(texts, pa.string())).characters()
    assert lengths.tolist() == list(map(len, texts))


def by_hand(text: str) -> Letters:
    latin = sum(letter.isascii() and letter.isalpha() for letter in text)
    devanagari = sum("\u0900" <= letter <= "\u097f" for letter in text)
    other = sum(letter in "é中ж" for letter in text)
    if latin + devanagari == 0 or other > latin + devanagari:
        return Letters.OTHER
    if latin < MIXED_SHARE * (latin + devanagari):
        return Letters.DEVANAGARI
    return Letters.LATIN if devanagari < MIXED_SHARE * (latin + devanagari) else Letters.MIXED
