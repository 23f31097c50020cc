"""Risk: a label counts for complaints that it says nothing about, or for fewer than it speaks for.

The numbers are worked out by hand beside each test.
"""

from dataclasses import replace

import numpy as np
import pytest

from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.evaluation.contest import Contest, Evaluation
from sambodhan_assets.domain.evaluation.evaluate import evaluate, rival_window
from sambodhan_assets.domain.evaluation.window_rows import WindowRows, select_window
from sambodhan_assets.domain.gate.window import UNLABELLED
from tests.dataset_builds import build, fate
from tests.oracles import Oracle
from tests.snapshot_rows import LABELS, Row, audit, correction, unflagged, unlike

NORMAL, URGENT, HIGHLY_URGENT = range(3)
# Complaints 1 to 12 are unflagged, answered NORMAL; 13 to 16 random audits, of which 16 was wrong;
# 17 and 18 were asked for; 19 to 24 are corrections from NORMAL to URGENT.
ROWS: tuple[Row, ...] = (
    *(unflagged(n, unlike(n), sample_rank=n) for n in range(1, 13)),
    *(audit(n, unlike(n), "NORMAL") for n in (13, 14, 15)),
    audit(16, unlike(16), "URGENT"),
    audit(17, unlike(17), "URGENT", stratum="disagreement"),
    audit(18, unlike(18), "NORMAL", stratum="review"),
    *(correction(n, unlike(n)) for n in range(19, 25)),
)
IDS = {unlike(n): n for n in range(1, 25)}


def window_of(population: int | None) -> WindowRows:
    dataset = build(*ROWS, filling=())
    report = replace(dataset.report, window_unflagged_count=population)
    return select_window(replace(dataset, report=report), mode="crossfit", after_id=None)


def test_certain_rows_stand_for_themselves_and_the_others_for_the_rest():
    # 98 complaints without a review, 2 of them asked for: 96 for 12 unflagged rows and 4 audits.
    weight = window_of(98).weight
    assert weight.tolist() == [6.0] * 16 + [1.0] * 8


def test_where_nobody_counted_every_row_stands_for_itself():
    assert window_of(None).weight.tolist() == [1.0] * 24


def test_a_population_is_never_smaller_than_its_rows():
    assert window_of(5).weight.tolist() == [1.0] * 24


def test_labels_and_certainty_are_two_things():
    rows = window_of(18)
    assert rows.labelled.tolist() == [False] * 12 + [True] * 12
    assert rows.certain.tolist() == [False] * 16 + [True] * 8
    assert rows.presumed.tolist() == [NORMAL] * 15 + [URGENT] * 2 + [NORMAL] + [URGENT] * 6


def test_a_sheet_labels_random_rows_and_leaves_them_uncertain():
    rows = window_of(18)
    with_sheet = rows.with_labels({2: URGENT, 15: HIGHLY_URGENT, 20: NORMAL, 999: URGENT})
    changed = np.flatnonzero(with_sheet.truth != rows.truth) + 1
    assert changed.tolist() == [2, 15]
    assert with_sheet.truth[[1, 14]].tolist() == [URGENT, HIGHLY_URGENT]
    assert with_sheet.certain.tolist() == rows.certain.tolist()
    assert rows.with_labels({}).truth.tolist() == rows.truth.tolist()


def test_a_selection_keeps_every_column():
    rows = window_of(18).where(np.arange(24) > 14)
    assert rows.complaint_ids.tolist() == list(range(16, 25))
    assert rows.certain.tolist() == [False] + [True] * 8
    assert rows.labelled.all()
    assert len(rows) == len(rows.texts) == len(rows.text_keys) == len(rows.answers) == 9


def test_a_holdout_weighs_audits_like_the_unflagged_rows_beside_them():
    audits = [audit(2000 + n, unlike(2000 + n), LABELS[n % 2]) for n in range(80)]
    rows = [unflagged(n, unlike(n), sample_rank=n) for n in range(300)]
    corrections = [correction(1000 + n, unlike(1000 + n)) for n in range(60)]
    dataset = build(*rows, *audits, *corrections, holdout_share=0.3, filling=())
    window = select_window(dataset, mode="holdout", after_id=None)
    audited = np.isin(window.complaint_ids, [row["complaint_id"] for row in audits])
    assert audited.sum() >= 4
    assert {fate(dataset, n)[0] for n in window.complaint_ids[audited].tolist()} == {"test"}
    assert len(set(window.weight[~window.certain].tolist())) == 1
    assert window.weight[~window.certain].sum() == pytest.approx(380)
    assert window.weight[window.certain].sum() == pytest.approx(60)


# Through an evaluation


def contest(candidate: Oracle, **other) -> Contest:
    """About ROWS, none of which counts as trained on: both models are asked themselves."""
    dataset = build(*ROWS, filling=(), replay_max=100)
    places = ["holdout" if n <= 12 else "test" for n in range(1, 25)]
    column = dataset.window.schema.get_field_index("split")
    window = dataset.window.set_column(column, "split", [places])
    return Contest(
        **{
            "labels": LABELS,
            "dataset": replace(dataset, window=window),
            "candidate": candidate,
            "deployed": Oracle(answer=lambda text: NORMAL),
            "window_after_id": None,
            "trained_before": frozenset(),
            "mode": "holdout",
            "deployed_sample_size": 300,
            "replicates": 50,
            "seed": 1,
            "on_progress": str,
        }
        | other
    )


def judged(candidate: Oracle, **other) -> Evaluation:
    return evaluate(contest(candidate, **other))


def urgent(*complaints: int) -> Oracle:
    """Answers URGENT to these complaints, else NORMAL."""
    return Oracle(answer=lambda text: URGENT if IDS[text] in complaints else NORMAL)


def test_audits_move_the_cells_that_they_were_drawn_from():
    # Disagreements: 1, 2, 16 (audited: right) and, among the certain, 17, 19 to 22.
    found = judged(urgent(1, 2, 16, 17, 19, 20, 21, 22))
    counts = found.evidence.estimate.counts
    assert (counts.certain_rows, counts.certain_population) == (8, 8.0)
    assert (counts.agreed_rows, counts.agreed_labels, counts.agreed_population) == (13, 3, 13.0)
    assert (counts.disagreed_rows, counts.disagreed_labels) == (3, 1)
    # One audit of three disagreements says that the candidate is right: so it is on all three.
    expected = np.zeros((3, 3))
    expected[NORMAL, NORMAL] = 13 + 1  # agreed, and complaint 18
    expected[URGENT, URGENT] = 3 + 5  # disagreements, and 17, 19 to 22
    expected[URGENT, NORMAL] = 2  # 23 and 24
    assert found.evidence.estimate.candidate_confusion.tolist() == expected.tolist()
    expected[URGENT] = [10, 0, 0]
    assert found.evidence.estimate.deployed_confusion.tolist() == expected.tolist()


def test_a_sheet_moves_the_disagreements_only():
    # The sheet says that the candidate is right on 1 and wrong on 2, beside the audit of 16.
    found = judged(urgent(1, 2, 3, 16, 19), sheet={1: URGENT, 2: NORMAL})
    counts = found.evidence.estimate.counts
    assert (counts.disagreed_rows, counts.disagreed_labels, counts.certain_rows) == (4, 3, 8)
    # Two of three labels say URGENT: 8/3 of the 4 disagreements.
    confusion = found.evidence.estimate.candidate_confusion
    assert confusion[URGENT, URGENT] == pytest.approx(4 * 2 / 3 + 1)
    assert confusion[NORMAL, URGENT] == pytest.approx(4 / 3)
    assert confusion[NORMAL, NORMAL] == 12 + 1
    assert found.rows.truth[found.rows.complaint_ids == 1].tolist() == [URGENT]
    assert found.rows.truth[found.rows.complaint_ids == 3].tolist() == [UNLABELLED]


def test_a_label_counts_although_another_version_answered_and_silence_does_not():
    deployed = Oracle(answer=lambda text: HIGHLY_URGENT if IDS[text] in (1, 13, 19) else NORMAL)
    found = judged(urgent(19), deployed=deployed)
    assert found.other_versions == 1
    assert found.rows.complaint_ids.tolist() == list(range(2, 25))


def test_a_sheet_does_not_change_which_rows_are_compared():
    deployed = Oracle(answer=lambda text: HIGHLY_URGENT if IDS[text] == 1 else NORMAL)
    found = judged(urgent(19), deployed=deployed, sheet={1: URGENT})
    assert 1 not in found.rows.complaint_ids


def test_a_sheet_does_not_change_the_answers_that_it_was_drawn_from():
    """Else a filled sheet would be about disagreements that no longer exist."""
    dataset = build(*ROWS, filling=(), replay_max=100)
    trained_before = frozenset(map(text_key, IDS))
    other = {"dataset": dataset, "mode": "crossfit", "trained_before": trained_before}
    before = judged(urgent(), **other)
    after = judged(urgent(), **other, sheet=dict.fromkeys(range(1, 13), HIGHLY_URGENT))
    assert after.compared.candidate.tolist() == before.compared.candidate.tolist()
    assert after.compared.labelled.all()


def test_in_the_rivals_window_a_sheet_is_not_random_but_audits_are():
    deep = Oracle(answer=urgent(1, 2, 16).answer, family="transformer")
    other = {"sheet": {1: URGENT, 2: NORMAL}}
    found = judged(deep, **other)
    assert found.evidence.rival_interval is not None
    assert found.compared.certain.tolist() == [False] * 16 + [True] * 8
    against = rival_window(contest(deep, **other), found.rows, found.compared.candidate,
                           found.compared.deployed)  # fmt: skip
    assert against.certain.tolist() == [True] * 2 + [False] * 14 + [True] * 8
    assert against.truth.tolist() == found.compared.truth.tolist()
