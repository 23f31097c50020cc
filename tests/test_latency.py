"""Risk: a latency that is no measurement: no text, no repeat, or batches instead of requests."""

import numpy as np
import pytest

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.latency import predict_latency


class Recorder:
    """Counts how it is asked; the answer does not matter here."""

    def __init__(self):
        self.asked: list[list[str]] = []

    def predict_proba(self, texts):
        self.asked.append(list(texts))
        return np.array([[0.5, 0.5]] * len(texts))


def test_every_text_is_asked_alone_and_as_often_as_said():
    model = Recorder()
    latency = predict_latency(model, ["a", "b"], repeats=5)
    assert latency.n == 10
    assert 0 < latency.p50_ms <= latency.p99_ms
    # The warm-up asks each text once more.
    assert model.asked == [["a"], ["b"]] * 6


@pytest.mark.parametrize(("texts", "repeats"), [([], 3), (["a"], 0)])
def test_nothing_to_measure_is_an_error_and_no_zero(texts, repeats):
    with pytest.raises(PermanentError, match="Measuring the latency"):
        predict_latency(Recorder(), texts, repeats)
