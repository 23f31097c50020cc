"""Risk: a temperature is fitted on rows that stand for no traffic, or is lost on the disk."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from sambodhan_assets.domain.dataset.balanced import BalancedDataset, build_balanced_dataset
from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from sambodhan_assets.domain.dataset.traffic_weights import traffic_weights
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.calibration import (
    Calibration,
    calibrated,
    calibration_of,
    recorded,
)
from sambodhan_assets.domain.models.classifier import load_classifier
from sambodhan_assets.domain.models.confidence import tempered
from sambodhan_assets.domain.models.linear import LinearClassifier, train_linear
from sambodhan_assets.domain.models.training import train_classifier
from sambodhan_assets.domain.models.transformer import train_transformer
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings
from tests.bilingual_texts import bilingual_rows
from tests.snapshot_rows import LABELS, Row, audit, correction, make_snapshot, unflagged, unlike
from tests.tiny_checkpoint import build_tiny_checkpoint

NOISY_EVAL = bilingual_rows(200, seed=5, noise=0.3)
UNSEEN = bilingual_rows(40, seed=6)[0]


def linear() -> LinearClassifier:
    return train_linear(*bilingual_rows(120, seed=3), labels=LABELS, seed=7)


def test_a_linear_model_keeps_its_temperature_on_disk(tmp_path: Path):
    plain = linear()
    model = calibrated(plain, *NOISY_EVAL, np.ones(200))
    found = calibration_of(model.record)
    assert found.temperature > 1.5
    assert (found.rows, found.reason) == (200, None)
    model.save(tmp_path)
    again = load_classifier(tmp_path, labels=LABELS)
    assert calibration_of(again.record) == found
    scaled = again.predict_proba(UNSEEN)
    assert np.array_equal(scaled, model.predict_proba(UNSEEN))
    before = plain.predict_proba(UNSEEN)
    assert np.array_equal(scaled, tempered(before, found.temperature))
    assert not np.allclose(scaled, before)
    assert np.array_equal(scaled.argmax(axis=1), before.argmax(axis=1))


def small_dataset(*audits: Row) -> BalancedDataset:
    """100 corrections and 300 complaints that nobody reported, 50 of them balanced."""
    return build_balanced_dataset(
        make_snapshot(
            [
                *(correction(n, unlike(n), LABELS[n % 3]) for n in range(100)),
                *audits,
                *(unflagged(200 + n, unlike(200 + n), sample_rank=n) for n in range(300)),
            ]
        ),
        labels=LABELS,
        settings=PreparationSettings(eval_share=0.2),
        parent_assignments=None,
    )


def stood_for(dataset: BalancedDataset) -> dict[str, tuple[float, set[float]]]:
    """By source: complaints that the rows of eval stand for in all, and the single weights."""
    weights = traffic_weights(dataset, "eval")
    assert weights is not None
    source = {row["text_key"]: row["source"] for row in dataset.lineage.to_pylist()}
    texts = dataset.splits["eval"]["grievance"].to_pylist()
    found: dict[str, list[float]] = {}
    for text, weight in zip(texts, weights.tolist(), strict=True):
        found.setdefault(source[text_key(text)], []).append(weight)
    return {name: (round(sum(own), 6), set(own)) for name, own in found.items()}


def test_the_rows_of_eval_stand_for_all_complaints_of_their_kind():
    found = stood_for(small_dataset())
    assert {name: total for name, (total, _) in found.items()} == {
        "correction": 100,
        "unflagged": 300,
    }
    assert all(len(weights) == 1 for _, weights in found.values())


def test_a_random_audit_stands_for_what_nobody_reported_and_a_chosen_one_for_its_kind():
    drawn = [audit(1000 + n, unlike(1000 + n)) for n in range(50)]
    queued = [audit(2000 + n, unlike(2000 + n), stratum="review") for n in range(50)]
    random, chosen = stood_for(small_dataset(*drawn)), stood_for(small_dataset(*queued))
    # 350 complaints that nobody reported, some of them audited.
    assert random["audit"][0] + random["unflagged"][0] == pytest.approx(350)
    assert random["audit"][1] == random["unflagged"][1]
    assert chosen["audit"][0] == 50
    assert chosen["unflagged"][0] == 350


def test_corrections_alone_stand_for_no_traffic():
    rows = [correction(n, unlike(n), LABELS[n % 3]) for n in range(100)]
    dataset = build_balanced_dataset(
        make_snapshot(rows), labels=LABELS, settings=PreparationSettings(), parent_assignments=None
    )
    assert dataset.splits["eval"].num_rows > 0
    assert traffic_weights(dataset, "eval") is None


def test_training_fits_the_temperature_on_the_eval_split(tmp_path: Path):
    texts, label_ids = bilingual_rows(120, seed=3)
    dataset = small_dataset()
    train = pa.table({"grievance": texts, "label": label_ids})
    model = train_classifier(
        replace(dataset, splits={**dataset.splits, "train": train}),
        labels=LABELS,
        family="linear",
        transformer=TransformerSettings(),
        seed=7,
        work_folder=tmp_path,
        on_log=lambda _: None,
    )
    found = calibration_of(model.record)
    assert found.rows == dataset.splits["eval"].num_rows
    assert found.reason is None
    assert found.temperature != 1.0


def test_a_transformer_keeps_its_temperature_on_disk(tmp_path: Path):
    train = bilingual_rows(64, seed=1)
    checkpoint = build_tiny_checkpoint(tmp_path / "checkpoint", train[0], hidden=16, layers=1)
    plain = train_transformer(
        *train,
        *bilingual_rows(16, seed=2),
        labels=LABELS,
        settings=TransformerSettings(checkpoint=str(checkpoint), epochs=1, precision="fp32"),
        work_folder=tmp_path / "work",
        seed=1,
    )
    calibration = Calibration(temperature=3.0, rows=60, ece_before=0.2, ece_after=0.1, reason=None)
    model = plain.with_record(recorded(plain.record, calibration))
    model.save(tmp_path / "model")
    again = load_classifier(tmp_path / "model", labels=LABELS)
    assert calibration_of(again.record) == calibration
    expected = tempered(plain.predict_proba(UNSEEN), 3.0)
    assert again.predict_proba(UNSEEN) == pytest.approx(expected)


def test_a_model_folder_of_before_answers_as_it_did(tmp_path: Path):
    model = linear()
    model.save(tmp_path)
    assert "calibration" not in json.loads((tmp_path / "training.json").read_text())["outcome"]
    again = load_classifier(tmp_path)
    assert np.array_equal(again.predict_proba(UNSEEN), model.predict_proba(UNSEEN))
    assert calibration_of(again.record).sentence == (
        "not measured: the model was trained without calibration."
    )


@pytest.mark.parametrize("temperature", [0, -1, None, "2", float("inf")])
def test_a_damaged_temperature_is_refused_when_the_model_is_loaded(
    tmp_path: Path, temperature: float | str | None
):
    good = Calibration(temperature=2.0, rows=60, ece_before=0.2, ece_after=0.1, reason=None)
    model = linear()
    model.save(tmp_path)
    fields = json.loads((tmp_path / "training.json").read_text())
    fields["outcome"]["calibration"] = {**asdict(good), "temperature": temperature}
    (tmp_path / "training.json").write_text(json.dumps(fields))
    with pytest.raises(PermanentError, match="its entry 'calibration' is damaged"):
        load_classifier(tmp_path)
