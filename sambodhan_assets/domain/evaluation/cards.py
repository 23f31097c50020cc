"""The score cards of an evaluation: each model on the window, on the test split, and its speed."""

from collections.abc import Sequence

import numpy as np

from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.evaluation.answers import Answering, Answers, known, predict
from sambodhan_assets.domain.evaluation.contest import Contest, ModelCards
from sambodhan_assets.domain.evaluation.given_answers import GivenAnswers
from sambodhan_assets.domain.evaluation.window_rows import WindowRows
from sambodhan_assets.domain.gate.estimator import Estimate
from sambodhan_assets.domain.gate.evidence import FirstModelScores
from sambodhan_assets.domain.gate.split_score import score_split
from sambodhan_assets.domain.models.latency import predict_latency
from sambodhan_assets.domain.scores import ScoreCard, score, score_card

LATENCY_TEXTS = 100


def model_cards(
    contest: Contest, rows: WindowRows, answers: Answers, result: Estimate | None
) -> tuple[ModelCards, ModelCards | None]:
    """Scores of candidate and deployed version; without a comparison none on the window."""
    if contest.deployed is None:
        window = window_card(contest, rows, answers)
        return _cards(contest, contest.candidate, window), None
    if result is None:
        return _cards(contest, contest.candidate, None), _cards(contest, contest.deployed, None)
    estimated = (result.candidate_confusion, result.deployed_confusion)
    candidate, deployed = (score_card(confusion, n=len(rows)) for confusion in estimated)
    return (
        _cards(contest, contest.candidate, candidate),
        _cards(contest, contest.deployed, deployed),
    )


def _cards(contest: Contest, model: Answering, window: ScoreCard | None) -> ModelCards:
    test = contest.dataset.splits["test"]
    test = test.filter(known(model, test["grievance"].to_pylist()))
    texts: list[str] = test["grievance"].to_pylist()
    if not texts:
        return ModelCards(window=window, test=None, latency=None)
    return ModelCards(
        window=window,
        test=score_split(
            test["label"].to_numpy(),
            predict(model, texts),
            _near_duplicate_groups(contest, texts),
            len(contest.labels),
            seed=contest.seed,
        ),
        # The time of a request elsewhere is mostly that of the network.
        latency=None
        if isinstance(model, GivenAnswers)
        else predict_latency(model, texts[:LATENCY_TEXTS], repeats=1),
    )


def _near_duplicate_groups(contest: Contest, texts: Sequence[str]) -> Answers:
    """Int [n]: near-duplicate group of each text of this version."""
    assignments = contest.dataset.assignments
    keys = assignments["text_key"].to_pylist()
    group_of = dict(zip(keys, assignments["group_key"].to_pylist(), strict=True))
    return np.unique([group_of[text_key(text)] for text in texts], return_inverse=True)[1]


def window_card(contest: Contest, rows: WindowRows, answers: Answers) -> ScoreCard | None:
    """Scores where an unflagged row presumes the answer that was given."""
    if not len(rows):
        return None
    return score(rows.presumed, answers, len(contest.labels), rows.weight)


def majority_card(contest: Contest, rows: WindowRows) -> ScoreCard | None:
    """Scores of always answering the most frequent label."""
    if not len(rows):
        return None
    by_label = np.bincount(rows.presumed, weights=rows.weight, minlength=len(contest.labels))
    return window_card(contest, rows, np.full(len(rows), by_label.argmax()))


def first_model(candidate: ScoreCard | None, majority: ScoreCard | None) -> FirstModelScores:
    """What the first model is judged by.

    Raises:
        PermanentError: No row can be scored.
    """
    if candidate is None or majority is None:
        raise PermanentError(
            tried="Scoring the first model",
            found="no row of the dataset was kept out of its training.",
            todo="Add corrections, or set EVALUATION=crossfit for the linear family.",
        )
    return FirstModelScores(candidate_f1=candidate.macro_f1, majority_f1=majority.macro_f1)
