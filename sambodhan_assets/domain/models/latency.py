"""How long a model takes to answer one text."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.classifier import TextClassifier

# The first calls pay for lazy imports, thread pools and memory; no request in service does.
_WARM_UP = 3


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Wall time of requests with one text each, in this process.

    Attributes:
        p50_ms: Median in milliseconds.
        p99_ms: 99th percentile in milliseconds; with fewer than 100 requests close to the maximum.
        n: Requests that were timed.
    """

    p50_ms: float
    p99_ms: float
    n: int


def predict_latency(classifier: TextClassifier, texts: Sequence[str], repeats: int = 1) -> Latency:
    """Ask for each text alone, `repeats` times over all texts.

    Raises:
        PermanentError: There is no text, or `repeats` is below 1.
    """
    if not texts or repeats < 1:
        raise PermanentError(
            tried="Measuring the latency of a model",
            found=f"{len(texts)} texts and {repeats} repeats.",
            todo="Pass at least one text and one repeat.",
        )
    for text in texts[:_WARM_UP]:
        classifier.predict_proba([text])
    milliseconds: list[float] = []
    for _ in range(repeats):
        for text in texts:
            start = time.perf_counter()
            classifier.predict_proba([text])
            milliseconds.append((time.perf_counter() - start) * 1000)
    p50, p99 = np.percentile(milliseconds, [50, 99]).tolist()
    return Latency(p50_ms=p50, p99_ms=p99, n=len(milliseconds))
