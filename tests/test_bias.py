"""Risk: a group is labelled or served differently and nobody sees it, or noise is called a bias."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.linear import train_linear
from sambodhan_assets.domain.models.training_record import TrainingRecord
from sambodhan_assets.domain.qa.bias import Bias
from sambodhan_assets.domain.qa.groups import RowGroups
from sambodhan_assets.domain.qa.label_bias import total_variation
from tests.export_rows import batch_of, metrics_of

ENGLISH, NEPALI = "there is no water in the ward", "वडामा पानी छैन"


class FirstLabel:
    """Answers always the first label, so that scores can be counted by hand."""

    labels = ("Water", "Roads")
    family = "constant"

    def __init__(self) -> None:
        self.seen: list[str] = []

    @property
    def record(self) -> TrainingRecord:
        raise NotImplementedError

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        self.seen += texts
        return np.tile([0.9, 0.1], (len(texts), 1))

    def save(self, folder: Path, *, extra: Any = None) -> None:
        raise NotImplementedError


def test_total_variation_is_half_the_sum_of_differences():
    # .5/.5/0 against .2/.3/.5: (.3 + .2 + .5) / 2.
    assert total_variation(Counter(a=5, b=5), Counter(a=2, b=3, c=5)) == pytest.approx(0.5)
    assert total_variation(Counter(a=1), Counter(a=7)) == 0
    assert total_variation(Counter(a=1), Counter(b=7)) == 1


def test_label_bias_is_the_distance_of_the_worst_group():
    bias = Bias({}, most_rows=10)
    # English: 80 of 100 Water; Nepali: 30 of 100.
    bias.add(batch_of([ENGLISH] * 100, labels=[0] * 80 + [1] * 20))
    bias.add(batch_of([NEPALI] * 100, labels=[0] * 30 + [1] * 70))
    section = bias.result()
    metrics = metrics_of(section)
    assert metrics["label_bias_script_department"].value == pytest.approx(0.5)
    assert metrics["label_bias_worst"].value == pytest.approx(0.5)
    shares = section.tables["label shares of department by script"]
    assert shares["English: Water"] == 0.8
    assert shares["Devanagari: Roads"] == 0.7


def test_a_group_with_few_rows_makes_no_bias():
    bias = Bias({}, most_rows=10)
    bias.add(batch_of([ENGLISH] * 100 + [NEPALI] * 99, labels=[0] * 100 + [1] * 99))
    metrics = metrics_of(bias.result())
    assert metrics["label_bias_script_department"].value is None
    assert "at least 100 rows" in (metrics["label_bias_script_department"].reason or "")
    assert metrics["label_bias_worst"].value is None


def test_gaps_are_counted_on_the_test_rows_of_the_task():
    model = FirstLabel()
    bias = Bias({"department": model}, most_rows=1_000)
    # English: 90 of 100 right; Nepali: 60 of 100 right.
    bias.add(batch_of([ENGLISH] * 100, labels=[0] * 90 + [1] * 10, split="test"))
    bias.add(batch_of([NEPALI] * 100, labels=[0] * 60 + [1] * 40, split="test"))
    bias.add(batch_of(["of train"] * 200, labels=[1] * 200))
    bias.add(batch_of(["of eval"] * 200, labels=[1] * 200, split="eval"))
    section = bias.result()
    metrics = metrics_of(section)
    assert metrics["accuracy_gap_script_department"].value == pytest.approx(0.3)
    # F1 of Water 2*90/190 and 2*60/160, of Roads 0; the mean of two labels.
    expected = 180 / 190 / 2 - 120 / 160 / 2
    assert metrics["f1_gap_script_department"].value == pytest.approx(expected)
    assert metrics["accuracy_gap_script_department"].rows == 200
    assert not metrics["accuracy_gap_script_department"].sampled
    assert metrics["accuracy_gap_worst"].value == pytest.approx(0.3)
    assert section.tables["accuracy of department by script"] == {
        "Devanagari": 0.6,
        "English": 0.9,
    }
    assert set(model.seen) == {ENGLISH, NEPALI}


def test_a_group_is_not_worse_for_a_label_that_none_of_its_rows_has():
    bias = Bias({"department": FirstLabel()}, most_rows=1_000)
    bias.add(batch_of([ENGLISH] * 100 + [NEPALI] * 100, split="test"))
    metrics = metrics_of(bias.result())
    assert metrics["f1_gap_script_department"].value == 0
    assert metrics["accuracy_gap_script_department"].value == 0


def test_no_more_rows_than_the_sample_are_scored_and_the_report_says_so():
    model = FirstLabel()
    bias = Bias({"department": model}, most_rows=150)
    for first in range(0, 400, 100):
        bias.add(batch_of([ENGLISH, NEPALI] * 50, first=first, split="test"))
    metric = metrics_of(bias.result())["accuracy_gap_script_department"]
    assert len(model.seen) == metric.rows == 150
    assert metric.sampled
    assert metric.value is None
    assert metric.reason


def test_a_task_without_a_model_is_not_measured_and_says_why():
    bias = Bias(
        {"department": FirstLabel()}, no_model={"urgency": "nothing deployed"}, most_rows=500
    )
    for task in ("department", "urgency"):
        bias.add(batch_of([ENGLISH] * 100 + [NEPALI] * 100, task=task, split="test"))
    metrics = metrics_of(bias.result())
    assert metrics["accuracy_gap_script_department"].value == 0
    assert metrics["accuracy_gap_script_urgency"].reason == "nothing deployed"
    # One task must not stand for both.
    assert metrics["accuracy_gap_worst"].value is None
    assert metrics["accuracy_gap_worst"].reason == "urgency: nothing deployed"


def test_without_test_rows_a_model_is_not_measured():
    bias = Bias({"department": FirstLabel()}, most_rows=500)
    bias.add(batch_of([ENGLISH] * 200))
    reason = metrics_of(bias.result())["f1_gap_length_department"].reason
    assert reason == "the export has no test rows of the task"


def test_without_rows_nothing_is_measured():
    metrics = metrics_of(Bias({"department": FirstLabel()}, most_rows=500).result())
    assert {metric.value for metric in metrics.values()} == {None}


def test_a_label_that_the_model_does_not_know_is_an_error():
    bias = Bias({"department": FirstLabel()}, most_rows=500)
    with pytest.raises(PermanentError, match="'Bridges'"):
        bias.add(batch_of([ENGLISH], names=["Bridges"], split="test"))


def test_a_trained_model_is_scored():
    texts = [f"{word} {number}" for number in range(60) for word in ("tap water", "road hole")]
    model = train_linear(texts, [0, 1] * 60, labels=("Water", "Roads"), seed=1)
    bias = Bias({"department": model}, most_rows=500)
    bias.add(batch_of(["tap water 7", "road hole 8"] * 60, labels=[0, 1] * 60, split="test"))
    section = bias.result()
    assert section.tables["accuracy of department by length"] == {"up to 80 characters": 1.0}


def test_groups_are_by_script_length_and_source():
    batch = batch_of([ENGLISH, NEPALI * 6, "x" * 161, "x" * 321], source="audit")
    groups = RowGroups().of(batch)
    assert groups["script"][:2] == ["English", "Devanagari"]
    assert groups["length"] == [
        "up to 80 characters",
        "81 to 160 characters",
        "161 to 320 characters",
        "over 320 characters",
    ]
    assert groups["source"] == ["audit"] * 4


def test_shared_groups_are_those_of_the_batch_at_hand():
    groups = RowGroups()
    first, second = batch_of([ENGLISH]), batch_of([NEPALI])
    assert groups.of(first) is groups.of(first)
    assert groups.of(second)["script"] == ["Devanagari"]
    assert groups.of(first)["script"] == ["English"]
