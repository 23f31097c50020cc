"""Risk: the card of a model names scores that nobody measured, or a header that the Hub refuses."""

from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import EvalResult, ModelCard
from hypothesis import given
from hypothesis import strategies as st

from resources.model_files import hub_id
from sambodhan_assets.domain.evaluation.model_card import DatasetSource, ModelSource, model_card
from sambodhan_assets.domain.models.calibration import Calibration, recorded
from sambodhan_assets.domain.models.training_record import TrainingRecord
from tests.decision_records import first_record, make_record
from tests.standins.hubserver import validate_card

TRAINING = TrainingRecord(
    family="transformer",
    labels=("a", "b", "c", "d"),
    hyperparameters={"checkpoint": "xlm-roberta-base", "max_length": 256},
    seed=7,
    library_versions={},
    training_rows=1234,
)
DATASET = DatasetSource(name="officials/complaints", tag="v20250101_000000", commit="ab12")


def make_source(**overrides) -> ModelSource:
    fields = {
        "name": "officials/classifier",
        "tag": "v20250102_030405",
        "dataset": DATASET,
        "base_model": "xlm-roberta-base",
        "license": "mit",
        "on_hub": True,
    }
    return ModelSource(**{**fields, **overrides})


def parsed(source=None, decision=None, training=TRAINING) -> ModelCard:
    text = model_card(source or make_source(), decision or make_record(), training)
    assert validate_card(text, "model") == ([], [])
    return ModelCard(text, ignore_metadata_errors=False)


def test_the_hubs_own_reader_finds_the_scores_of_the_record_and_the_revision():
    scored = make_record().candidate.test_split.card
    results = parsed().data.eval_results
    common = {
        "task_type": "text-classification",
        "task_name": "Complaints by department",
        "dataset_type": "officials/complaints",
        "dataset_name": "officials/complaints",
        "dataset_split": "test",
        "dataset_revision": "v20250101_000000",
        "dataset_args": {"commit": "ab12"},
    }
    expected = [("f1", "macro-F1", scored.macro_f1), ("accuracy", "accuracy", scored.accuracy)]
    assert results == [
        EvalResult(metric_type=kind, metric_name=name, metric_value=round(value, 4), **common)
        for kind, name, value in expected
    ]


def test_the_header_tells_what_the_model_is():
    found = parsed().data.to_dict()
    assert found["base_model"] == "xlm-roberta-base"
    assert found["datasets"] == ["officials/complaints"]
    assert (found["license"], found["language"]) == ("mit", ["ne", "en"])
    assert (found["library_name"], found["pipeline_tag"]) == ("transformers", "text-classification")
    bare = parsed(make_source(license=None, base_model=None), training=linear()).data.to_dict()
    assert bare["library_name"] == "skops"
    assert {"license", "base_model"} & bare.keys() == set()


def linear() -> TrainingRecord:
    calibration = Calibration(
        temperature=1.5, rows=200, ece_before=0.1, ece_after=0.05, reason=None
    )
    record = replace(TRAINING, family="linear", hyperparameters={"alpha": 1e-6})
    return recorded(record, calibration)


def test_what_was_not_measured_has_no_number():
    record = make_record()
    record = replace(record, candidate=replace(record.candidate, test_split=None, window=None))
    card = parsed(decision=record)
    assert card.data.eval_results is None
    assert "| none | not measured | not measured | 0 |" in card.text
    assert "not measured: the model was trained without calibration" in card.text


def test_the_page_tells_verdict_labels_scores_calibration_and_the_ways_in_and_back():
    text = parsed(training=linear()).text
    for part in (
        "## Verdict",
        "compared with `v20240102_030405`. Gain in macro-F1: ",
        "| 3 | Security & Law Enforcement |".replace("&", "&amp;"),
        "| traffic | ",
        "temperature 1.50; confidence missed accuracy by 10.0 points",
        'snapshot_download("officials/classifier", revision="v20250102_030405")',
        "`sambodhan rollback department`",
    ):
        assert part in text, part
    assert "AutoModelForSequenceClassification" not in text
    assert "AutoModelForSequenceClassification" in parsed().text
    assert "snapshot_download" not in parsed(make_source(on_hub=False)).text
    assert "Nothing was deployed before it." in parsed(decision=first_record()).text


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_label_and_no_reason_breaks_the_card(text: str):
    record = make_record_of(text)
    card = parsed(decision=record)
    assert card.text.count("<!-- sambodhan:end -->") == 1


RECORD = make_record()


def make_record_of(text: str):
    return replace(
        RECORD,
        labels=(text, *RECORD.labels[1:]),
        verdict=replace(RECORD.verdict, reason=f"{text} <!-- sambodhan:end -->"),
    )


@pytest.mark.parametrize(
    ("checkpoint", "found"),
    [
        ("xlm-roberta-base", "xlm-roberta-base"),
        ("FacebookAI/xlm-roberta-base", "FacebookAI/xlm-roberta-base"),
        ("/models/checkpoint", None),
        ("a/b/c", None),
        ("./checkpoint", None),
        ("checkpoint", None),
        (None, None),
    ],
)
def test_only_a_checkpoint_of_the_hub_is_a_base_model(checkpoint, found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("checkpoint").mkdir()
    assert hub_id(checkpoint) == found
