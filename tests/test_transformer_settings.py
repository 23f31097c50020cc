"""Risk: a precision that the machine cannot compute, or a setting that cannot work, is used."""

import pytest

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models import precision
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings


@pytest.mark.parametrize(
    ("wanted", "device", "has_bf16", "chosen"),
    [
        ("auto", "cuda", True, "bf16"),
        ("auto", "cuda", False, "fp16"),
        ("auto", "cpu", True, "bf16"),
        ("auto", "cpu", False, "fp32"),
        ("auto", "mps", True, "fp32"),
        ("fp32", "cuda", True, "fp32"),
        ("bf16", "cpu", False, "bf16"),
    ],
)
def test_the_fastest_sound_precision_is_chosen(monkeypatch, wanted, device, has_bf16, chosen):
    monkeypatch.setattr(precision, "_cuda_has_bf16", lambda: has_bf16)
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: has_bf16)
    assert precision.choose_precision(wanted, device) == chosen


def test_the_processor_is_asked_for_bf16():
    assert isinstance(precision._cpu_has_bf16(), bool)
    with pytest.raises(PermanentError, match="fp16 is set, but the device is cpu"):
        precision.choose_precision("fp16", "cpu")


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 0},
        {"eval_steps": 0},
        {"max_length": 1},
        {"learning_rate": 0.0},
        {"focal_gamma": -1.0},
        {"focal_alpha": 0.0},
        {"precision": "int8"},
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        TransformerSettings(**changes)
