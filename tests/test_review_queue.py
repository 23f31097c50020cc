"""Risk: a queue of what the model is unsure of that asks the same thing twice, or that takes
complaints out of the random audits and so bends what they measure."""

import random
from collections.abc import Collection
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.labelling.audit_rows import AuditRow, rows_of
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.review_queue import (
    least_sure,
    margins,
    not_to_queue,
    queue_sheet,
)
from sambodhan_assets.domain.labelling.sheet import Question
from tests.snapshot_rows import unlike

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
URGENCY = Question(column="urgency", labels=("NORMAL", "URGENT"))


def by_margin(*values: float) -> np.ndarray:
    """Probabilities of three labels with these margins."""
    rest = (1 - np.array(values)) / 3
    return np.stack([rest + values, rest, rest], axis=1)


def chosen(
    values: list[float],
    texts: list[str] | None = None,
    *,
    size: int = 10,
    left_out: Collection[int] = (),
) -> list[int]:
    """Ids, counted from 100, that a queue takes from complaints with these margins."""
    ids = [100 + position for position in range(len(values))]
    texts = texts or [unlike(number) for number in ids]
    found = least_sure(ids, texts, by_margin(*values), size=size, left_out=left_out)
    return [ids[position] for position in found]


def row(complaint_id: int, purpose: Purpose, *asked: str, filled: bool = False) -> AuditRow:
    return AuditRow(
        batch=f"{purpose}-1",
        complaint_id=complaint_id,
        purpose=purpose,
        drawn_at=NOON,
        stratum=purpose,
        inclusion_probability=None,
        asked=asked,
        labels=dict.fromkeys(asked, "URGENT") if filled else {},
    )


def test_a_margin_is_the_lead_of_the_best_over_the_second_label():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.4, 0.2, 0.4], [0.0, 0.0, 1.0]])
    assert margins(probabilities) == pytest.approx([0.2, 0.0, 1.0])


def test_the_least_sure_come_first_and_no_more_than_asked_for():
    assert chosen([0.9, 0.1, 0.5, 0.0], size=3) == [103, 101, 102]


def test_of_near_duplicates_only_the_least_sure_is_asked_about():
    texts = [f"the water pipe in ward {n} is broken since monday, please repair it" for n in "745"]
    assert chosen([0.3, 0.1, 0.2, 0.6], [*texts, unlike(1)]) == [101, 103]


def test_complaints_that_are_left_out_are_replaced_by_the_next():
    assert chosen([0.1, 0.2, 0.3], size=2, left_out={100}) == [101, 102]


def test_a_twin_of_what_is_left_out_may_be_asked_about():
    assert chosen([0.1, 0.2], ["the same words"] * 2, left_out={100}) == [101]


def test_no_complaints_make_no_queue():
    assert least_sure([], [], np.zeros((0, 3)), size=5, left_out=()) == []


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5]), min_size=1, max_size=8), st.randoms())
def test_the_order_of_the_rows_does_not_matter(values: list[float], draw: random.Random):
    ids = list(range(len(values)))
    shuffled = ids.copy()
    draw.shuffle(shuffled)
    texts = [unlike(number) for number in ids]

    def queue(order: list[int]) -> list[int]:
        found = least_sure(
            order,
            [texts[i] for i in order],
            by_margin(*(values[i] for i in order)),
            size=4,
            left_out=(),
        )
        return [order[position] for position in found]

    assert queue(ids) == queue(shuffled)


def test_audits_and_sheets_about_the_same_label_are_left_alone():
    rows = [
        row(1, Purpose.AUDIT, "department", "urgency"),
        row(2, Purpose.AUDIT, "department", "urgency", filled=True),
        row(3, Purpose.REVIEW, "urgency"),
        row(4, Purpose.REVIEW, "department"),
        row(5, Purpose.DISAGREEMENT, "urgency", filled=True),
        row(6, Purpose.DISAGREEMENT, "department"),
    ]
    assert not_to_queue(rows, "urgency") == {1, 2, 3, 5}


def test_a_sheet_of_the_queue_says_that_it_was_not_drawn_at_random():
    sheet = queue_sheet("review-urgency-1", NOON, URGENCY, [(7, "पानी आएन\x00"), (3, "road")])
    assert sheet.purpose == Purpose.REVIEW
    assert [line["inclusion_probability"] for line in map(sheet.values, sheet.rows)] == [None, None]
    assert [(line.complaint_id, line.text) for line in sheet.rows] == [(7, "पानी आएन"), (3, "road")]
    registered = rows_of(sheet)
    assert {(line.stratum, line.inclusion_probability) for line in registered} == {("review", None)}
    assert {line.asked for line in registered} == {("urgency",)}
