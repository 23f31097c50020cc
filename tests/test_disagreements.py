"""Risk: a sheet of disagreements is no random draw, or gives away whose answer is whose."""

from datetime import timedelta

import numpy as np
import pytest

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.evaluation.window_rows import WindowRows
from sambodhan_assets.domain.gate.window import UNLABELLED, GateWindow
from sambodhan_assets.domain.labelling.disagreements import (
    Pair,
    disagreement_sheet,
    draw_disagreements,
    sheet_labels,
)
from sambodhan_assets.domain.labelling.label_tables import verified_table
from sambodhan_assets.domain.labelling.purposes import Purpose
from tests.databases import DEPARTMENT, NOON
from tests.sheets import QUESTIONS, audit_row

OFFICE, SCHOOL, ROADS, POLICE = DEPARTMENT.labels
PAIR = Pair(task="department", candidate="v2", deployed="v1", mode="crossfit")
N = 100


def window(**overrides) -> tuple[WindowRows, GateWindow]:
    """Complaints 1 to 100; the models differ on every second one."""
    ids = np.arange(1, N + 1)
    deployed = np.zeros(N, dtype=np.int64)
    arrays = {
        "truth": np.full(N, UNLABELLED),
        "certain": np.zeros(N, dtype=bool),
        "weight": np.ones(N),
    } | overrides
    rows = WindowRows(
        complaint_ids=ids,
        texts=[f"text {number}" for number in ids],
        text_keys=[str(number) for number in ids],
        answers=deployed,
        **arrays,
    )
    compared = GateWindow(candidate=ids % 2, deployed=deployed, group=np.arange(N), **arrays)
    return rows, compared


def test_only_disagreements_without_a_label_are_drawn():
    truth = np.full(N, UNLABELLED)
    truth[[0, 2]] = 1
    certain = np.zeros(N, dtype=bool)
    certain[0] = True
    drawn, probability = draw_disagreements(
        "sheet", *window(truth=truth, certain=certain), size=1000
    )
    assert sorted(drawn) == list(range(5, N, 2))
    assert probability == 1.0


def test_a_draw_depends_on_the_name_of_the_sheet_alone():
    drawn, probability = draw_disagreements("sheet", *window(), size=10)
    assert len(set(drawn)) == 10
    assert probability == 10 / 50
    assert draw_disagreements("sheet", *window(), size=10)[0] == drawn
    assert draw_disagreements("other", *window(), size=10)[0] != drawn
    assert drawn != sorted(drawn)


def test_every_disagreement_is_drawn_about_equally_often():
    counts = np.zeros(N + 1)
    for seed in range(1000):
        counts[draw_disagreements(f"sheet {seed}", *window(), size=10)[0]] += 1
    # 1,000 draws of 10 of 50: mean 200, standard deviation 12.6.
    assert counts[1::2].min() > 145
    assert counts[1::2].max() < 255


def test_where_every_disagreement_has_a_label_nothing_is_drawn():
    assert draw_disagreements("sheet", *window(truth=np.zeros(N, np.int64)), size=10) == ([], 0.0)


def test_both_answers_are_shown_and_neither_place_tells_whose_it_is():
    rows, compared = window()
    drawn, probability = draw_disagreements("sheet", rows, compared, size=50)
    made = disagreement_sheet(
        "sheet",
        dict.fromkeys(drawn, probability),
        rows,
        compared,
        drawn_at=NOON,
        stratum=PAIR.stratum,
        question=QUESTIONS[0],
        originals={drawn[1]: "text with 9841234567"},
    )
    assert {tuple(sorted(row.answers)) for row in made.rows} == {tuple(sorted((OFFICE, SCHOOL)))}
    candidate_first = sum(row.answers[0] == SCHOOL for row in made.rows)
    assert 12 < candidate_first < 38
    assert [row.complaint_id for row in made.rows] == drawn
    assert made.rows[0].text == f"text {drawn[0]}"
    assert made.rows[1].text == "text with 9841234567"
    words = " ".join(str(value) for row in made.rows for value in made.values(row).values())
    assert "v1" not in words
    assert "v2" not in words


def labelled(number: int, label: str, *, days: int = 0, **overrides):
    given = {"labels": {"department": label}, "verified_at": NOON + timedelta(days=days)}
    return audit_row(number, **given | overrides)


def own(number: int, label: str, **overrides):
    defaults = {
        "batch": f"{PAIR.prefix}1",
        "stratum": PAIR.stratum,
        "purpose": Purpose.DISAGREEMENT,
        "asked": ("department",),
    }
    return labelled(number, label, **defaults | overrides)


def test_a_candidates_own_sheets_and_random_audits_decide_and_no_others():
    table = verified_table(
        [
            labelled(1, ROADS),
            own(2, SCHOOL),
            own(3, POLICE, batch=f"{PAIR.prefix}2"),
            own(4, SCHOOL, batch="disagreement-department-v20-1"),
            own(5, SCHOOL, stratum="disagreements of v2 with v0, crossfit"),
            labelled(6, SCHOOL, batch="review-department-1", purpose=Purpose.REVIEW),
        ],
        "department",
    )
    assert sheet_labels(table, PAIR, labels=DEPARTMENT.labels) == {1: 2, 2: 1, 3: 3}


def test_the_newest_label_of_a_complaint_decides():
    table = verified_table([own(1, SCHOOL, days=1), labelled(1, ROADS)], "department")
    assert sheet_labels(table, PAIR, labels=DEPARTMENT.labels) == {1: 1}


def test_a_label_that_the_task_does_not_have_is_named():
    table = verified_table([labelled(7, "Forestry")], "department")
    with pytest.raises(
        PermanentError, match=r"complaint 7 of audit-20250602-030000 has 'Forestry'"
    ):
        sheet_labels(table, PAIR, labels=DEPARTMENT.labels)
