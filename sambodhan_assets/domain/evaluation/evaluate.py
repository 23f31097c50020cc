"""Scores a candidate against the deployed version on the same rows, and collects the evidence."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.evaluation.contest import Contest, Evaluation, ModelCards
from sambodhan_assets.domain.evaluation.cross_fit import cross_predict_window
from sambodhan_assets.domain.evaluation.window_rows import WindowRows, select_window
from sambodhan_assets.domain.gate.estimator import Estimate, estimate
from sambodhan_assets.domain.gate.evidence import Evidence, F1DeltaScores, FirstModelScores
from sambodhan_assets.domain.gate.interval import GainInterval, gain_interval
from sambodhan_assets.domain.gate.split_score import SplitScore, score_split
from sambodhan_assets.domain.gate.window import GateWindow
from sambodhan_assets.domain.models.classifier import TextClassifier
from sambodhan_assets.domain.models.latency import predict_latency
from sambodhan_assets.domain.models.linear import FAMILY as LINEAR
from sambodhan_assets.domain.models.linear import train_linear
from sambodhan_assets.domain.models.training import training_rows
from sambodhan_assets.domain.scores import ScoreCard, score, score_card

LATENCY_TEXTS = 100

Answers = NDArray[np.int64]


def evaluate(contest: Contest) -> Evaluation:
    """Scores both models on the same rows; a row without an answer is an error, never a zero.

    Raises:
        PermanentError: A model's answers are not finite, or nothing can be scored although nothing
            is deployed.
    """
    rows, deployed_answers, other_versions = _answered_rows(contest)
    answers = _candidate_answers(contest, rows)
    rival_answers = _rival_answers(contest, rows)
    compared = None if deployed_answers is None else _gate_window(rows, answers, deployed_answers)
    result = estimate(compared, len(contest.labels)) if compared else None
    candidate, deployed = _model_cards(contest, rows, answers, result)
    majority = _majority_card(contest, rows)
    evidence = Evidence(
        something_deployed=contest.deployed is not None,
        estimate=result,
        interval=_interval(contest, compared),
        first_model=None if contest.deployed else _first_model(candidate.window, majority),
        rival_interval=None
        if rival_answers is None
        else _interval(contest, _gate_window(rows, answers, rival_answers)),
        candidate_latency_ms=None if candidate.latency is None else candidate.latency.p99_ms,
        final_model_problems=_final_model_problems(contest, rows, answers),
        f1_delta=_f1_delta(contest, candidate.test),
    )
    return Evaluation(
        evidence=evidence,
        rows=rows,
        compared=compared,
        other_versions=other_versions,
        candidate=candidate,
        deployed=deployed,
        rival_window=None if rival_answers is None else _window_card(contest, rows, rival_answers),
        majority_window=majority,
    )


def predict(model: TextClassifier, texts: Sequence[str]) -> Answers:
    """Label ids [n] of a model.

    Raises:
        PermanentError: A text or a label has no probability, or one is not finite.
    """
    if not texts:
        return np.zeros(0, dtype=np.int64)
    probabilities = model.predict_proba(texts)
    expected = (len(texts), len(model.labels))
    if probabilities.shape != expected or not np.isfinite(probabilities).all():
        raise PermanentError(
            tried=f"Predicting {len(texts)} texts with the {model.family} model",
            found=f"it gave {probabilities.shape} probabilities for {expected} texts and labels."
            if probabilities.shape != expected
            else "some probabilities are not finite.",
            todo="Train the model again; nothing was deployed.",
        )
    return probabilities.argmax(axis=1)


def _answered_rows(contest: Contest) -> tuple[WindowRows, Answers | None, int]:
    """Window rows, the deployed version's answers, and how many rows another version answered."""
    rows = select_window(contest.dataset, mode=contest.mode, after_id=contest.window_after_id)
    if contest.deployed is None:
        return rows, None, 0
    answers = predict(contest.deployed, rows.texts)
    # Silence about an answer says nothing about another one: such rows presume nothing.
    kept = rows.certain | (rows.answers == answers)
    return rows.where(kept), answers[kept], int((~kept).sum())


def _candidate_answers(contest: Contest, rows: WindowRows) -> Answers:
    if contest.mode == "holdout" or not len(rows):
        return predict(contest.candidate, rows.texts)
    return cross_predict_window(
        contest.dataset,
        rows,
        trained_before=contest.trained_before,
        n_labels=len(contest.labels),
        seed=contest.seed,
        on_progress=contest.on_progress,
    )


def _rival_answers(contest: Contest, rows: WindowRows) -> Answers | None:
    """The linear model on the same rows; a linear candidate is its own rival."""
    if contest.candidate.family == LINEAR or not len(rows):
        return None
    texts, label_ids = training_rows(contest.dataset)
    rival = train_linear(texts, label_ids, labels=contest.labels, seed=contest.seed)
    return predict(rival, rows.texts)


def _gate_window(rows: WindowRows, candidate: Answers, deployed: Answers) -> GateWindow | None:
    if not len(rows):
        return None
    return GateWindow(
        candidate=candidate,
        deployed=deployed,
        truth=rows.truth,
        certain=rows.certain,
        group=rows.groups,
        weight=rows.weight,
    )


def _interval(contest: Contest, window: GateWindow | None) -> GainInterval | None:
    if window is None:
        return None
    return gain_interval(
        window, len(contest.labels), replicates=contest.replicates, seed=contest.seed
    )


def _model_cards(
    contest: Contest, rows: WindowRows, answers: Answers, result: Estimate | None
) -> tuple[ModelCards, ModelCards | None]:
    if contest.deployed is None:
        window = _window_card(contest, rows, answers)
        return _cards(contest, contest.candidate, window), None
    if result is None:
        return _cards(contest, contest.candidate, None), _cards(contest, contest.deployed, None)
    estimated = (result.candidate_confusion, result.deployed_confusion)
    candidate, deployed = (score_card(confusion, n=len(rows)) for confusion in estimated)
    return (
        _cards(contest, contest.candidate, candidate),
        _cards(contest, contest.deployed, deployed),
    )


def _cards(contest: Contest, model: TextClassifier, window: ScoreCard | None) -> ModelCards:
    test = contest.dataset.splits["test"]
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
        latency=predict_latency(model, texts[:LATENCY_TEXTS], repeats=1),
    )


def _near_duplicate_groups(contest: Contest, texts: Sequence[str]) -> Answers:
    """Int [n]: near-duplicate group of each text of this version."""
    assignments = contest.dataset.assignments
    keys = assignments["text_key"].to_pylist()
    group_of = dict(zip(keys, assignments["group_key"].to_pylist(), strict=True))
    return np.unique([group_of[text_key(text)] for text in texts], return_inverse=True)[1]


def _window_card(contest: Contest, rows: WindowRows, answers: Answers) -> ScoreCard | None:
    """Scores where an unflagged row presumes the answer that was given."""
    if not len(rows):
        return None
    return score(rows.presumed, answers, len(contest.labels), rows.weight)


def _majority_card(contest: Contest, rows: WindowRows) -> ScoreCard | None:
    if not len(rows):
        return None
    by_label = np.bincount(rows.presumed, weights=rows.weight, minlength=len(contest.labels))
    return _window_card(contest, rows, np.full(len(rows), by_label.argmax()))


def _first_model(candidate: ScoreCard | None, majority: ScoreCard | None) -> FirstModelScores:
    if candidate is None or majority is None:
        raise PermanentError(
            tried="Scoring the first model",
            found="no row of the dataset was kept out of its training.",
            todo="Add corrections, or set EVALUATION=crossfit for the linear family.",
        )
    return FirstModelScores(candidate_f1=candidate.macro_f1, majority_f1=majority.macro_f1)


def _final_model_problems(
    contest: Contest, rows: WindowRows, fold_answers: Answers
) -> tuple[str, ...]:
    """The folds judge the recipe; this judges the file that would be deployed."""
    if contest.mode == "holdout" or not rows.certain.any():
        return ()
    corrections = rows.where(rows.certain)
    right = int((predict(contest.candidate, corrections.texts) == corrections.truth).sum())
    in_folds = int((fold_answers[rows.certain] == corrections.truth).sum())
    if right >= in_folds:
        return ()
    return (
        f"The trained file is right on {right} of {len(corrections)} corrections, models trained "
        f"without them on {in_folds}: the file is not what the recipe makes.",
    )


def _f1_delta(contest: Contest, candidate: SplitScore | None) -> F1DeltaScores:
    """The published rule: the candidate on all test rows, the deployed version on a sample."""
    test = contest.dataset.splits["test"]
    deployed = None
    if contest.deployed is not None and test.num_rows:
        generator = np.random.default_rng(contest.seed)
        size = min(contest.deployed_sample_size, test.num_rows)
        sample = test.take(np.sort(generator.permutation(test.num_rows)[:size]))
        answers = predict(contest.deployed, sample["grievance"].to_pylist())
        deployed = score(sample["label"].to_pylist(), answers, len(contest.labels)).macro_f1
    return F1DeltaScores(
        candidate_f1=None if candidate is None else candidate.card.macro_f1, deployed_f1=deployed
    )
