"""Risk: what serves and the candidate are scored on wrong rows, or a missing answer counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.evaluation.contest import Contest
from sambodhan_assets.domain.evaluation.evaluate import evaluate
from sambodhan_assets.domain.evaluation.window_rows import select_window
from sambodhan_assets.domain.models.linear import train_linear
from sambodhan_assets.domain.models.training import training_rows
from tests.dataset_builds import build
from tests.oracles import Oracle
from tests.snapshot_rows import LABELS, correction
from tests.window_texts import (
    OPENINGS,
    WINDOW_ROWS,
    alien,
    everyday,
    ordinary,
    twins,
    unflagged_row,
)

NORMAL, URGENT, HIGHLY_URGENT = range(3)


def by_opening(text: str) -> int:
    return next((n for n, opening in enumerate(OPENINGS) if text.startswith(opening)), NORMAL)


@dataclass(frozen=True, kw_only=True)
class Broken(Oracle):
    """A model that answers with what is no answer."""

    result: Callable[[int], np.ndarray]

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        return self.result(len(texts))


def contest(dataset: BalancedDataset, **other: Any) -> Contest:
    defaults: dict[str, Any] = {
        "labels": LABELS,
        "dataset": dataset,
        "candidate": Oracle(answer=by_opening),
        "deployed": None,
        "window_after_id": None,
        "trained_before": frozenset(),
        "mode": "crossfit",
        "deployed_sample_size": 300,
        "replicates": 50,
        "seed": 1,
        "on_progress": str,
    }
    return Contest(**(defaults | other))


def reviewed_world(count: int = 30) -> BalancedDataset:
    """Ordinary complaints; officials corrected some that had been answered NORMAL."""
    corrections = [correction(1000 + n, ordinary(1000 + n, URGENT)) for n in range(count)]
    return build(*everyday(), *corrections, replay_max=5000)


def test_unflagged_rows_that_another_version_answered_are_left_out_and_counted():
    others = [unflagged_row(2000 + n, alien(n), HIGHLY_URGENT) for n in range(7)]
    corrections = [correction(1000 + n, ordinary(1000 + n, URGENT)) for n in range(30)]
    dataset = build(*everyday(), *others, *corrections, replay_max=5000)
    # The deployed version would answer NORMAL to an alien: somebody else answered HIGHLY URGENT.
    # It would also answer URGENT where it was corrected from NORMAL; a correction stays.
    found = evaluate(contest(dataset, deployed=Oracle(answer=by_opening)))
    assert found.other_versions == 7
    ids = set(found.rows.complaint_ids.tolist())
    assert ids.isdisjoint(range(2000, 2007))
    assert set(range(1000, 1030)) <= ids
    assert set(range(1, WINDOW_ROWS + 1)) <= ids


@pytest.mark.parametrize(
    "result",
    [
        lambda n: np.full((n, 3), np.nan),
        lambda n: np.where(np.arange(n)[:, None] == n - 1, np.inf, np.full((n, 3), 0.1)),
        lambda n: np.full((n - 1, 3), 0.1),
        lambda n: np.full((n, 2), 0.1),
    ],
    ids=["not a number", "infinite in the last row", "a row too few", "a label too few"],
)
@pytest.mark.parametrize("role", ["candidate", "deployed"])
def test_a_missing_answer_is_an_error_and_never_a_zero(
    result: Callable[[int], np.ndarray], role: str
):
    broken = Broken(answer=by_opening, result=result)
    with pytest.raises(PermanentError, match="Predicting"):
        evaluate(contest(reviewed_world(), **{role: broken}))


def test_a_first_model_without_any_row_to_score_is_an_error():
    with pytest.raises(PermanentError, match="no row of the dataset was kept out"):
        evaluate(contest(build(filling=()), mode="holdout"))


def test_a_file_that_is_worse_than_its_recipe_is_found_out():
    """Folds judge the recipe; what is deployed is a file."""
    fallen = Oracle(answer=lambda text: NORMAL)
    (problem,) = evaluate(contest(reviewed_world(), candidate=fallen)).evidence.final_model_problems
    assert "the file is not what the recipe makes" in problem
    dataset = reviewed_world()
    texts, labels = training_rows(dataset)
    sound = train_linear(texts, labels, labels=LABELS, seed=1)
    assert evaluate(contest(dataset, candidate=sound)).evidence.final_model_problems == ()


def test_two_models_that_agree_everywhere_have_no_gain():
    # A holdout asks the candidate itself.
    dataset = build(*everyday(200), *FILLING_CORRECTIONS, holdout_share=0.4, replay_max=5000)
    same = Oracle(answer=by_opening)
    found = evaluate(contest(dataset, deployed=same, candidate=same, mode="holdout"))
    assert found.evidence.estimate is not None
    assert found.evidence.estimate.gain == 0
    assert found.evidence.interval is not None
    assert found.evidence.interval.lower_05 <= 0 <= found.evidence.interval.upper_95


FILLING_CORRECTIONS = tuple(
    correction(3000 + n, ordinary(3000 + n, n % 2 + 1), LABELS[n % 2 + 1]) for n in range(60)
)


def test_only_a_transformer_has_a_rival_and_it_never_saw_the_rows():
    dataset = build(*everyday(200), *FILLING_CORRECTIONS, holdout_share=0.4, replay_max=5000)
    deep = Oracle(answer=by_opening, family="transformer")
    deployed = Oracle(answer=lambda text: NORMAL)
    found = evaluate(contest(dataset, candidate=deep, deployed=deployed, mode="holdout"))
    assert found.evidence.rival_interval is not None
    assert found.rival_window is not None
    assert found.rival_window.n == len(found.rows)
    linear = evaluate(contest(dataset, deployed=deployed, mode="holdout"))
    assert linear.evidence.rival_interval is None
    assert linear.rival_window is None


def test_near_duplicates_are_drawn_as_one_in_the_bootstrap():
    rows = [unflagged_row(1000 + n, text, NORMAL) for n, text in enumerate(twins(6))]
    dataset = build(*everyday(), *rows, replay_max=5000)
    window = select_window(dataset, mode="crossfit", after_id=None)
    of_twins = window.groups[np.array(["zqxv" in text for text in window.texts])]
    assert len(of_twins) == 6
    assert len(set(of_twins.tolist())) == 1
    assert len(set(window.groups.tolist())) == len(window) - 5
