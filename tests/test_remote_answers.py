"""Risk: a senseless answer of a deployed model counts as an answer."""

import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.remote_answers import UnusableAnswerError, label_id_of
from sambodhan_assets.label_tasks import LABEL_TASKS

URGENCY = LABEL_TASKS[1]
LABELS = URGENCY.labels


def scored(*numbers: object) -> dict[str, object]:
    return dict(zip(LABELS, numbers, strict=False))


USABLE = {
    "a label alone": {"label": "URGENT"},
    "a label with its confidence": {"label": "URGENT", "confidence": 0.4},
    "nothing known of the rest": {"label": "URGENT", "confidence": None, "scores": None},
    "rounded scores": {"label": "URGENT", "scores": scored(0.33, 0.34, 0.33)},
    "a label that is preferred on purpose": {
        "label": "URGENT",
        "scores": scored(0.5, 0.4, 0.1),
    },
}


@pytest.mark.parametrize("answer", USABLE.values(), ids=USABLE.keys())
def test_the_label_of_an_answer_counts(answer: dict[str, object]):
    assert label_id_of(json.dumps(answer).encode(), LABELS) == LABELS.index("URGENT")


UNUSABLE = {
    "scores of another task": {"scores": {"a": 0.5, "b": 0.3, "c": 0.2}},
    "a score too few": {"scores": scored(0.5, 0.5)},
    "scores that sum to 1.5": {"scores": dict.fromkeys(LABELS, 0.5)},
    "a negative score": {"scores": scored(1.2, -0.2, 0.0)},
    "a score that is true": {"scores": scored(True, 0.0, 0.0)},
    "a score that is not a number": {"scores": scored(math.nan, 0.5, 0.5)},
    "a score in words": {"scores": scored("0.5", 0.3, 0.2)},
    "a confidence of 40": {"confidence": 40},
    "a label in a list": {"label": ["URGENT"]},
}


@pytest.mark.parametrize("part", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_answer_that_cannot_be_is_none(part: dict[str, object]):
    with pytest.raises(UnusableAnswerError):
        label_id_of(json.dumps({"label": "URGENT", **part}).encode(), LABELS)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(LABELS),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["label", "scores"]), inner),
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_a_label_or_no_answer(body: bytes):
    with suppress(UnusableAnswerError):
        assert label_id_of(body, LABELS) in range(3)
