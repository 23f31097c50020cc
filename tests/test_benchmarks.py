"""Risk: a benchmark no longer runs, or compares two ways that do not do the same work."""

from collections import Counter

import pytest

from benchmarks import plain_preparation
from benchmarks.complaint_database import CORRECTED_ONE_IN, SEED, fill
from benchmarks.generated_texts import generate_texts
from benchmarks.measure import Measurement
from benchmarks.measured_way import TASK, WAYS, Order
from benchmarks.prepare_dataset import WAYS as SHOWN_WAYS
from benchmarks.prepare_dataset import judge
from sambodhan_assets.domain.dataset.cleaning import clean_text
from tests.databases import execute, feedback_store

COMPLAINTS = 6_000
CORRECTIONS = COMPLAINTS // CORRECTED_ONE_IN


@pytest.fixture(scope="module")
def texts():
    return list(generate_texts(COMPLAINTS, seed=SEED))


@pytest.fixture
def filled_url(feedback_url):
    fill(feedback_url, COMPLAINTS)
    return feedback_url


def order(url, folder, way="ours"):
    (folder / way).mkdir()
    return Order(way=way, url=url, folder=str(folder / way), ids=str(folder / "ids.parquet"))


def measurement(**overrides):
    numbers = dict.fromkeys(
        ["job_seconds", "process_seconds", "job_cpu_seconds", "server_cpu_seconds", "peak_mib"], 100
    )
    return Measurement(**{**numbers, "facts": {}} | overrides)


def test_the_database_is_as_the_benchmark_says(filled_url, texts):
    stored = execute(filled_url, "SELECT message FROM complaints ORDER BY id")
    assert [text for (text,) in stored] == texts
    assert len(set(texts)) > 0.9 * COMPLAINTS
    for task in ("department", "urgency"):
        corrected = f"reviewed AND correct_{task} <> model_predicted_{task}"
        query = f"SELECT count(*) FROM misclassified_complaints WHERE {corrected}"
        assert execute(filled_url, query) == [(CORRECTIONS,)]


def test_the_texts_are_bilingual_and_those_of_their_seed(texts):
    assert texts[:200] == list(generate_texts(200, seed=SEED))
    assert texts[:200] != list(generate_texts(200, seed=SEED + 1))
    devanagari = sum(any("\u0900" <= c <= "\u097f" for c in text) for text in texts)
    assert 0.3 < devanagari / len(texts) < 0.9
    assert 150 < sum(map(len, texts)) / len(texts) < 300


def test_every_way_runs(filled_url, tmp_path):
    assert set(WAYS) == set(SHOWN_WAYS)
    facts = {way: WAYS[way](order(filled_url, tmp_path, way))() for way in SHOWN_WAYS}
    assert facts["copy_by_id"]["rows_read"] == facts["ours_fetch"]["rows_read"] == COMPLAINTS
    assert facts["plain_fetch"]["rows_read"] == CORRECTIONS * 3 // 2
    assert facts["plain"]["rows_by_split"] == {"train": 72, "eval": 9, "test": 9}
    assert sum(facts["ours"]["rows_by_split"][split] for split in ("train", "eval", "test")) >= 87


def test_both_ways_read_the_same_corrections(filled_url):
    plain = plain_preparation.fetch(filled_url, TASK)[:CORRECTIONS]
    rows = feedback_store(filled_url).snapshot(
        TASK, correct_ratio=0.5, replay_max=0, window_after_id=None, window_max=0, seed=1
    ).rows.slice(0, CORRECTIONS)  # fmt: skip
    ours = zip(rows["message"].to_pylist(), rows["label"].to_pylist(), strict=True)
    assert Counter(ours) == Counter(zip(plain["grievance"], plain[TASK.column], strict=True))


def test_both_ways_clean_alike(texts):
    assert list(map(plain_preparation.clean_text, texts)) == list(map(clean_text, texts))


def test_a_missed_demand_is_told():
    measured = dict.fromkeys(SHOWN_WAYS, measurement())
    measured["ours"] = measurement(job_seconds=20, peak_mib=500)
    measured["ours_fetch"] = measurement(job_seconds=10)
    verdicts = [demand.held for demand in judge(1_000_000, measured, ["a", "b"], 3)]
    assert verdicts == [True, True, False, False, False]
    verdicts = [demand.held for demand in judge(5_000_000, measured, ["a", "a"], 0)]
    assert verdicts == [True, True, True, True, True]
    verdicts = [demand.held for demand in judge(10_000, measured, ["a", "a"], 0)]
    assert verdicts == [None, None, None, True, True]
