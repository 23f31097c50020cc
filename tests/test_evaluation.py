"""Risk: a model is scored on rows that it has learned, on the wrong rows, or with wrong weights.

A row that is predicted by a model which trained on its presumed label agrees by construction; then
every candidate looks as good as what serves.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.evaluation.answers import predict
from sambodhan_assets.domain.evaluation.cross_fit import FOLDS, cross_predict_window, fold_of
from sambodhan_assets.domain.evaluation.text_groups import group_keys
from sambodhan_assets.domain.evaluation.window_rows import select_window
from sambodhan_assets.domain.models.linear import train_linear
from sambodhan_assets.domain.models.training import training_rows
from tests.dataset_builds import FILLING, build, fate
from tests.snapshot_rows import LABELS, Row, audit, correction, unlike
from tests.window_texts import WINDOW_ROWS, alien, everyday, ordinary, twins, unflagged_row

NORMAL, URGENT, HIGHLY_URGENT = range(3)
FILLING_IDS = [row["complaint_id"] for row in FILLING]


def aliens_of_one_fold(count: int) -> list[int]:
    """Numbers of aliens that cross-fitting leaves out together."""
    numbers = (n for n in range(10_000) if fold_of(text_key(alien(n))) == 0)
    return [next(numbers) for _ in range(count)]


def answers_to(
    dataset: BalancedDataset, words: str, trained_before: Sequence[str] = ()
) -> tuple[set[int], set[int]]:
    """Labels that texts with these words get: from cross-fitting, and from the final model."""
    rows = select_window(dataset, mode="crossfit", after_id=None)
    found = np.array([words in text for text in rows.texts])
    assert found.any()
    texts, labels = training_rows(dataset)
    final = train_linear(texts, labels, labels=LABELS, seed=1)
    crossed = cross_predict_window(
        dataset,
        rows,
        trained_before=frozenset(map(text_key, trained_before)),
        n_labels=3,
        seed=1,
        on_progress=str,
    )
    return (
        set(crossed[found].tolist()),
        set(predict(final, [text for text in rows.texts if words in text]).tolist()),
    )


# Cross-fitting

MakeRow = Callable[[int, str, int], Row]


def corrected_row(complaint_id: int, text: str, label: int) -> Row:
    return correction(complaint_id, text, LABELS[label])


@pytest.mark.parametrize("make", [unflagged_row, corrected_row])
def test_a_row_is_answered_by_a_model_that_did_not_learn_from_it(make: MakeRow):
    aliens = [
        make(1000 + place, alien(number), HIGHLY_URGENT)
        for place, number in enumerate(aliens_of_one_fold(8))
    ]
    crossed, final = answers_to(build(*everyday(), *aliens, replay_max=5000), "zqxv")
    assert HIGHLY_URGENT in final
    assert HIGHLY_URGENT not in crossed


def test_a_row_is_answered_by_a_model_that_did_not_learn_from_copies_of_it_either():
    text = twins(1)[0]
    copies = [text, text.upper(), f"{text}  ", text.replace(" ", "   "), f" {text}"]
    rows = [unflagged_row(1000 + n, copy, HIGHLY_URGENT) for n, copy in enumerate(copies)]
    crossed, final = answers_to(build(*everyday(), *rows, replay_max=5000), "the same words")
    assert final == {HIGHLY_URGENT}
    assert HIGHLY_URGENT not in crossed


def test_twins_of_other_folds_are_known_to_a_fold_as_they_are_to_what_ships():
    texts = twins(6)
    assert len({fold_of(text_key(text)) for text in texts}) > 1
    rows = [unflagged_row(1000 + n, text, HIGHLY_URGENT) for n, text in enumerate(texts)]
    crossed, final = answers_to(build(*everyday(), *rows, replay_max=5000), "zqxv")
    assert final == {HIGHLY_URGENT}
    assert HIGHLY_URGENT in crossed


def confirmed_row(complaint_id: int, text: str, label: int) -> Row:
    return audit(complaint_id, text, LABELS[label], answer=LABELS[label])


def test_what_the_deployed_version_trained_on_stays_unless_an_official_contradicts_its_answer():
    """A fold that lacks what the deployed version knows would lose against it by an audit alone."""
    numbers = aliens_of_one_fold(8)
    texts = [alien(number) for number in numbers]

    def crossed(make: MakeRow) -> set[int]:
        rows = [make(1000 + n, text, HIGHLY_URGENT) for n, text in enumerate(texts)]
        return answers_to(build(*everyday(), *rows, replay_max=5000), "zqxv", texts)[0]

    assert crossed(unflagged_row) == crossed(confirmed_row) == {HIGHLY_URGENT}
    assert HIGHLY_URGENT not in crossed(corrected_row)


def test_texts_that_are_in_no_window_train_every_fold():
    """Their labels are no presumption that the window could confirm."""
    numbers = aliens_of_one_fold(8)
    outside = [
        unflagged_row(1000 + place, alien(number), HIGHLY_URGENT, in_window=False)
        for place, number in enumerate(numbers[:-1])
    ]
    inside = unflagged_row(2000, alien(numbers[-1]), NORMAL, sample_rank=None)
    crossed, _ = answers_to(build(*everyday(), *outside, inside, replay_max=5000), "zqxv")
    assert crossed == {HIGHLY_URGENT}


def test_folds_take_every_text_once_and_about_as_many_each():
    folds = [fold_of(text_key(unlike(number))) for number in range(1000)]
    counts = np.bincount(folds, minlength=FOLDS)
    assert len(counts) == FOLDS
    assert counts.min() > 0.75 * 1000 / FOLDS


def test_groups_join_near_duplicates_whatever_the_order():
    texts = [*twins(3), ordinary(1, NORMAL), ordinary(2, URGENT), twins(1)[0]]
    groups = group_keys(texts)
    assert len(set(groups)) == 3
    assert groups[0] == groups[1] == groups[2] == groups[5]
    assert group_keys(texts[::-1]) == groups[::-1]
    assert group_keys([]) == []


# The window


def test_cross_fitting_scores_every_row_and_a_row_stands_for_its_share_of_the_population():
    rows = [*everyday(), correction(500, ordinary(500, URGENT))]
    dataset = build(*rows, replay_max=10)
    assert dataset.report.window_unflagged_count == WINDOW_ROWS
    dataset = replace(dataset, report=replace(dataset.report, window_unflagged_count=600))
    window = select_window(dataset, mode="crossfit", after_id=None)
    weights = dict(zip(window.complaint_ids.tolist(), window.weight.tolist(), strict=True))
    corrected = [weights.pop(complaint) for complaint in (500, *FILLING_IDS)]
    assert corrected == [1, 1, 1]
    assert weights == dict.fromkeys(range(1, WINDOW_ROWS + 1), 10.0)


def test_rows_that_an_earlier_version_answered_are_not_in_the_window():
    dataset = build(*everyday(), replay_max=100)
    window = select_window(dataset, mode="crossfit", after_id=50)
    unflagged_ids = window.complaint_ids[~window.certain]
    assert unflagged_ids.min() == 51


def test_a_holdout_scores_only_what_training_does_not_see_weighted_to_the_population():
    corrections = [correction(1000 + n, ordinary(1000 + n, n % 2 + 1), LABELS[n % 2 + 1])
                   for n in range(60)]  # fmt: skip
    dataset = build(*everyday(200), *corrections, filling=(), holdout_share=0.3, replay_max=5000)
    window = select_window(dataset, mode="holdout", after_id=None)
    ids = window.complaint_ids
    assert {fate(dataset, number)[0] for number in ids[window.certain].tolist()} == {"test"}
    assert {fate(dataset, number)[0] for number in ids[~window.certain].tolist()} == {"holdout"}
    trained = {text_key(text) for text in training_rows(dataset)[0]}
    assert trained & set(window.text_keys) == set()
    assert window.certain.sum() == dataset.splits["test"].num_rows - sum(
        fate(dataset, n)[0] == "test" for n in range(1, 201)
    )
    assert window.weight[window.certain].sum() == pytest.approx(60)
    assert window.weight[~window.certain].sum() == pytest.approx(200)
    assert len(set(window.weight[~window.certain].tolist())) == 1
