"""Scores a candidate against the deployed version on the same rows, and collects the evidence."""

from dataclasses import replace

import numpy as np

from sambodhan_assets.domain.evaluation.answers import Answers, known, predict
from sambodhan_assets.domain.evaluation.asked_rows import drawn_positions, drawn_rows
from sambodhan_assets.domain.evaluation.cards import (
    first_model,
    majority_card,
    model_cards,
    window_card,
)
from sambodhan_assets.domain.evaluation.contest import Contest, Evaluation
from sambodhan_assets.domain.evaluation.cross_fit import cross_predict_window
from sambodhan_assets.domain.evaluation.given_answers import GivenAnswers
from sambodhan_assets.domain.evaluation.guards import measure_guards
from sambodhan_assets.domain.evaluation.window_rows import WindowRows, select_window
from sambodhan_assets.domain.gate.estimator import estimate
from sambodhan_assets.domain.gate.evidence import Evidence, F1DeltaScores
from sambodhan_assets.domain.gate.interval import GainInterval, gain_interval
from sambodhan_assets.domain.gate.split_score import SplitScore
from sambodhan_assets.domain.gate.window import GateWindow
from sambodhan_assets.domain.models.linear import FAMILY as LINEAR
from sambodhan_assets.domain.models.linear import train_linear
from sambodhan_assets.domain.models.training import training_rows
from sambodhan_assets.domain.scores import score


def evaluate(contest: Contest) -> Evaluation:
    """Scores both models on the same rows; a row without an answer is an error, never a zero.

    Raises:
        PermanentError: A model's answers are not finite, or nothing can be scored although nothing
            is deployed.
    """
    window, drawn_from = _window_rows(contest)
    rows, deployed_answers, other_versions = _answered_rows(contest, window)
    # The folds do not know the sheet's labels: the answers must be those it was drawn from.
    answers = _candidate_answers(contest, rows)
    rival_answers = _rival_answers(contest, rows)
    rows = rows.with_labels(contest.sheet)
    compared = None if deployed_answers is None else _gate_window(rows, answers, deployed_answers)
    result = estimate(compared, len(contest.labels)) if compared else None
    candidate, deployed = model_cards(contest, rows, answers, result)
    majority = majority_card(contest, rows)
    guards = measure_guards(contest, compared, result) if compared and result else None
    evidence = Evidence(
        something_deployed=contest.deployed is not None,
        estimate=result,
        interval=_interval(contest, compared),
        first_model=None if contest.deployed else first_model(candidate.window, majority),
        rival_interval=None
        if rival_answers is None
        else _interval(contest, rival_window(contest, rows, answers, rival_answers)),
        candidate_latency_ms=None if candidate.latency is None else candidate.latency.p99_ms,
        final_model_problems=_final_model_problems(contest, rows, answers),
        f1_delta=_f1_delta(contest, candidate.test),
        guards=guards.results if guards else (),
        not_compared=contest.not_compared,
    )
    return Evaluation(
        evidence=evidence,
        rows=rows,
        compared=compared,
        other_versions=other_versions,
        candidate=candidate,
        deployed=deployed,
        rival_window=None if rival_answers is None else window_card(contest, rows, rival_answers),
        majority_window=majority,
        classes=guards.classes if guards else (),
        anchor=guards.anchor if guards else None,
        drawn_from=drawn_from,
    )


def _window_rows(contest: Contest) -> tuple[WindowRows, int | None]:
    """The rows to score, and how many they were drawn from, if they were."""
    rows = select_window(contest.dataset, mode=contest.mode, after_id=contest.window_after_id)
    if contest.not_compared is not None:
        return rows.where(np.zeros(len(rows), dtype=bool)), None
    if isinstance(contest.deployed, GivenAnswers):
        drawn = drawn_rows(rows, size=contest.deployed_sample_size, seed=contest.seed)
        return drawn, len(rows)
    return rows, None


def _answered_rows(contest: Contest, rows: WindowRows) -> tuple[WindowRows, Answers | None, int]:
    """Rows to compare, the deployed version's answers, and how many rows another one answered."""
    if contest.deployed is None:
        return rows, None, 0
    answers = predict(contest.deployed, rows.texts)
    # Silence about an answer says nothing about another one: such rows presume nothing.
    kept = rows.labelled | (rows.answers == answers)
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


def rival_window(
    contest: Contest, rows: WindowRows, candidate: Answers, rival: Answers
) -> GateWindow | None:
    """The rival stands as the deployed version.

    A sheet was drawn where candidate and deployed version differ: no chance between these two.
    """
    on_sheet = np.isin(rows.complaint_ids, list(contest.sheet)) & rows.labelled
    return _gate_window(replace(rows, certain=rows.certain | on_sheet), candidate, rival)


def _interval(contest: Contest, window: GateWindow | None) -> GainInterval | None:
    if window is None:
        return None
    return gain_interval(
        window, len(contest.labels), replicates=contest.replicates, seed=contest.seed
    )


def _final_model_problems(
    contest: Contest, rows: WindowRows, fold_answers: Answers
) -> tuple[str, ...]:
    """The folds judge the recipe; this judges the file that would be deployed."""
    if contest.mode == "holdout" or not rows.certain.any():
        return ()
    certain = rows.where(rows.certain)
    right = int((predict(contest.candidate, certain.texts) == certain.truth).sum())
    in_folds = int((fold_answers[rows.certain] == certain.truth).sum())
    if right >= in_folds:
        return ()
    return (
        f"The trained file is right on {right} of {len(certain)} labelled complaints, models "
        f"trained without them on {in_folds}: the file is not what the recipe makes.",
    )


def _f1_delta(contest: Contest, candidate: SplitScore | None) -> F1DeltaScores:
    """The published rule: the candidate on all test rows, the deployed version on a sample."""
    test = contest.dataset.splits["test"]
    deployed = None
    if contest.deployed is not None and test.num_rows:
        size = contest.deployed_sample_size
        sample = test.take(drawn_positions(test.num_rows, size=size, seed=contest.seed))
        texts = sample["grievance"].to_pylist()
        if known(contest.deployed, texts).all():
            answers = predict(contest.deployed, texts)
            deployed = score(sample["label"].to_pylist(), answers, len(contest.labels)).macro_f1
    return F1DeltaScores(
        candidate_f1=None if candidate is None else candidate.card.macro_f1, deployed_f1=deployed
    )
