"""Risk: a linear model that changes on its way through the disk, that is loaded although its files
do not fit, or that runs a stranger's code when it is loaded."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.classifier import load_classifier
from sambodhan_assets.domain.models.linear import train_linear
from tests.bilingual_texts import LABELS, bilingual_rows

SEED = 7


def trained():
    texts, label_ids = bilingual_rows(120, seed=SEED)
    return train_linear(texts, label_ids, labels=LABELS, seed=SEED)


def test_a_saved_model_answers_with_identical_probabilities(tmp_path: Path):
    model = trained()
    model.save(tmp_path / "model", extra={"dataset_tag": "v20261120_101500"})
    again = load_classifier(tmp_path / "model", labels=LABELS)
    texts, _ = bilingual_rows(50, seed=SEED + 3)
    assert np.array_equal(model.predict_proba(texts), again.predict_proba(texts))
    assert (again.family, again.labels) == ("linear", LABELS)
    assert again.record.extra == {"dataset_tag": "v20261120_101500"}
    again.save(tmp_path / "copy", extra={"cleaner": "2"})
    copy = json.loads((tmp_path / "copy" / "training.json").read_text(encoding="utf-8"))
    assert copy["extra"] == {"dataset_tag": "v20261120_101500", "cleaner": "2"}
    assert copy["training_rows"] == 120
    assert copy["seed"] == SEED


def test_no_file_of_a_saved_model_is_a_pickle(tmp_path: Path):
    trained().save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"linear.skops", "training.json"}
    with zipfile.ZipFile(tmp_path / "linear.skops") as archive:
        assert {Path(name).suffix for name in archive.namelist()} == {".npy", ".json"}


def edited(folder: Path, **fields) -> None:
    path = folder / "training.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record.update(fields)
    path.write_text(json.dumps(record), encoding="utf-8")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"family": "forest"}, "family is 'forest'"),
        ({"family": None}, r"\['family'\] are missing"),
        ({"labels": ["a", "b"]}, r"label ids \[0, 1, 2\], but the record has 2 labels"),
    ],
)
def test_a_record_that_does_not_fit_the_weights_is_refused(tmp_path: Path, fields, found):
    trained().save(tmp_path)
    edited(tmp_path, **fields)
    with pytest.raises(PermanentError, match=found):
        load_classifier(tmp_path)


def test_a_model_for_other_labels_is_refused(tmp_path: Path):
    trained().save(tmp_path)
    with pytest.raises(PermanentError, match="the task has"):
        load_classifier(tmp_path, labels=tuple(reversed(LABELS)))


def test_a_folder_without_record_is_refused(tmp_path: Path):
    with pytest.raises(PermanentError, match=r"training\.json does not exist"):
        load_classifier(tmp_path)


@pytest.mark.parametrize("garbage", [b"", b"no zip at all", b"PK\x03\x04 torn"])
def test_a_garbage_weight_file_is_refused(tmp_path: Path, garbage: bytes):
    trained().save(tmp_path)
    (tmp_path / "linear.skops").write_bytes(garbage)
    with pytest.raises(PermanentError, match="damaged or of another make"):
        load_classifier(tmp_path)


def test_a_torn_weight_file_is_refused(tmp_path: Path):
    trained().save(tmp_path)
    path = tmp_path / "linear.skops"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PermanentError, match="damaged"):
        load_classifier(tmp_path)


class Marker:
    """Its restoring would write a file: what a malicious model would do."""

    def __init__(self, path: Path):
        self.path = str(path)

    def __setstate__(self, state):
        Path(state["path"]).write_text("ran")


def test_a_weight_file_with_a_foreign_type_is_refused_before_anything_runs(tmp_path: Path):
    from skops.io import dump

    trained().save(tmp_path)
    dump({"terms": Marker(tmp_path / "ran")}, tmp_path / "linear.skops")
    with pytest.raises(PermanentError, match="Marker"):
        load_classifier(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_even_a_scikit_learn_estimator_is_refused(tmp_path: Path):
    from sklearn.preprocessing import FunctionTransformer
    from skops.io import dump

    trained().save(tmp_path)
    dump(FunctionTransformer(np.log), tmp_path / "linear.skops")
    with pytest.raises(PermanentError, match="FunctionTransformer"):
        load_classifier(tmp_path)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path):
    from skops.io import dump, load

    trained().save(tmp_path)
    arrays = load(tmp_path / "linear.skops", trusted=[])
    arrays["coefficients"][0, 0] = np.nan
    dump(arrays, tmp_path / "linear.skops")
    with pytest.raises(PermanentError, match="coefficients holds values that are not finite"):
        load_classifier(tmp_path)
