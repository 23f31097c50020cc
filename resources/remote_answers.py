"""What a foreign /predict may answer: one label of the task, or a reason why it is no answer."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

# Probabilities come rounded, often to two digits.
SUM_TOLERANCE = 0.05


class UnusableAnswerError(Exception):
    """An answer that means nothing; its text says what is wrong and never quotes it."""


def label_id_of(body: bytes, labels: Sequence[str]) -> int:
    """The label id of an answer in the known shape.

    The label counts, also where it is not the most probable one: a service may prefer one label on
    purpose, and what citizens get is the label. `confidence` and `scores` may be missing, since
    nothing here needs them; where they stand they must be right, for a service whose scores make
    no sense is probably another one.

    Raises:
        UnusableAnswerError: It is no JSON object, or the label or a number in it cannot be.
    """
    answer = _object(body)
    label = answer.get("label")
    if not isinstance(label, str):
        raise UnusableAnswerError("no label")
    if label not in labels:
        raise UnusableAnswerError("an unknown label")
    confidence, scores = answer.get("confidence"), answer.get("scores")
    if confidence is not None and not _is_probability(confidence):
        raise UnusableAnswerError("a confidence that is no probability")
    if scores is not None:
        _check_scores(scores, labels)
    return labels.index(label)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnusableAnswerError("no JSON") from error
    if not isinstance(answer, dict):
        raise UnusableAnswerError("no JSON object")
    return answer


def _check_scores(scores: Any, labels: Sequence[str]) -> None:
    if not isinstance(scores, dict) or set(scores) != set(labels):
        raise UnusableAnswerError("scores of other labels")
    if not all(map(_is_probability, scores.values())):
        raise UnusableAnswerError("scores that are no probabilities")
    if abs(sum(scores.values()) - 1.0) > SUM_TOLERANCE:
        raise UnusableAnswerError("scores that do not sum to 1")


def _is_probability(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0.0 <= value <= 1.0
