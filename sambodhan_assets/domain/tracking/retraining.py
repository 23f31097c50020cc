"""What is tracked of training, evaluation and deployment."""

from collections.abc import Mapping, Sequence
from typing import Any

from sambodhan_assets.domain.gate.decision_record import DecisionRecord
from sambodhan_assets.domain.gate.figures import shown_cards
from sambodhan_assets.domain.gate.policies import VerdictName
from sambodhan_assets.domain.gate.verdict import Verdict
from sambodhan_assets.domain.scores import ScoreCard
from sambodhan_assets.domain.tracking.preparation import dataset_metadata
from sambodhan_assets.domain.tracking.tracked import (
    Alert,
    AlertLevel,
    Scalar,
    Table,
    Tracked,
    TrackedVersion,
)

STEP = "train/global_step"
# What an evaluation during training is called where it is charted.
_CHARTED = {
    "training_loss": "train/loss",
    "loss": "eval/loss",
    "macro_f1": "eval/f1_macro",
    "accuracy_at_1": "eval/accuracy_at_1",
    "mrr_at_10": "eval/mrr_at_10",
}
_BEST = {"best_macro_f1": "eval/best_f1_macro", "best_accuracy_at_1": "eval/best_accuracy_at_1"}
_FAILURES = {
    "trained_model": "Training failed",
    "evaluation": "Evaluation failed",
    "deployed_tag": "Deployment or restart failed",
}
# Stages of a lane that retrain; those before them prepare.
RETRAINING = tuple(_FAILURES)


def trained(
    dataset: TrackedVersion,
    details: Mapping[str, Any],
    *,
    candidate: str,
    record: Mapping[str, Any],
) -> Tracked:
    """A candidate was trained on a dataset version.

    Args:
        dataset: The version.
        details: Of its manifest.
        candidate: Tag of the candidate.
        record: `family`, `training_rows`, `hyperparameters` and `outcome` of the training record.
    """
    outcome = dict(record["outcome"])
    evaluations: Sequence[Mapping[str, float | None]] = outcome.pop("evaluations", ())
    values: dict[str, Scalar] = {"candidate": candidate}
    if record["training_rows"] is not None:
        values["train/rows"] = record["training_rows"]
    values |= {name: outcome[key] for key, name in _BEST.items() if key in outcome}
    return Tracked(
        config={
            "model_family": record["family"],
            "training_args": dict(record["hyperparameters"]),
            "training_outcome": outcome,
            "dataset_metadata": dataset_metadata(dataset, details),
        },
        values=values,
        series=tuple(_step(evaluation) for evaluation in evaluations),
        inputs=(dataset,),
    )


def decided(record: DecisionRecord) -> Tracked:
    """Candidate and deployed version were compared."""
    rows, cards = shown_cards(record)
    verdict = record.verdict
    values: dict[str, Scalar | None] = {
        "decision": verdict.name.value,
        "decision_reason": verdict.reason,
        "scored_on": rows,
        "candidate": record.candidate.tag,
        "deployed_version": None if record.deployed is None else record.deployed.tag,
        **_scores("new", dict(cards).get("candidate")),
        **_scores("deployed", dict(cards).get("deployed version")),
        "gain": None if record.comparison is None else record.comparison.gain,
        "test/f1_macro": None
        if record.candidate.test_split is None
        else record.candidate.test_split.card.macro_f1,
    }
    interval = None if record.comparison is None else record.comparison.interval
    if interval is not None:
        values |= {"gain_lower_05": interval.lower_05, "gain_upper_95": interval.upper_95}
    return Tracked(
        config={"decision_settings": {"policy": record.settings.policy.value}},
        values={name: value for name, value in values.items() if value is not None},
        tables={"classification_report": _report(cards, record.labels)} if cards else {},
        confusion={
            f"confusion_matrix_{name.replace(' ', '_')}": _confusion(card, record.labels)
            for name, card in cards
        },
        alerts=verdict_alerts(record.task, record.candidate.tag, record.verdict),
    )


def deployed(
    task: str, model: TrackedVersion, dataset: TrackedVersion | None, *, replaced: str, reason: str
) -> Tracked:
    """A model version serves now; a foreign one that was adopted names no dataset version."""
    text = f"{task}: {model.tag} serves now and replaced {replaced}. {reason}"
    return Tracked(
        values={"served_version": model.tag, "deployment_status": "success"},
        alerts=(Alert(title="Model deployed", text=text, level=AlertLevel.INFO),),
        inputs=() if dataset is None else (dataset,),
        outputs=(model,),
    )


def brought_up_again(task: str, tag: str, found: str) -> Tracked:
    """Nothing was deployed, but the Space was started anew with what was deployed before."""
    text = f"{task}: {found} It serves {tag} again; nothing was deployed."
    return Tracked(
        values={"served_version": tag},
        alerts=(Alert(title="Space brought up again", text=text, level=AlertLevel.WARN),),
    )


def retraining_failed(task: str, stage: str, reason: str) -> Tracked:
    """A stage after the dataset version failed; the previous version still serves."""
    alert = Alert(title=_FAILURES[stage], text=f"{task}: {reason}", level=AlertLevel.ERROR)
    status: dict[str, Scalar] = {"deployment_status": "failed"} if stage == "deployed_tag" else {}
    return Tracked(values=status, alerts=(alert,))


def _step(evaluation: Mapping[str, float | None]) -> Mapping[str, float]:
    found = {name: evaluation.get(key) for key, name in _CHARTED.items()}
    measured = {name: value for name, value in found.items() if value is not None}
    return {STEP: float(evaluation["step"] or 0), **measured}


def _scores(which: str, card: ScoreCard | None) -> dict[str, Scalar | None]:
    if card is None:
        return {}
    return {f"{which}_f1_macro": card.macro_f1, f"{which}_accuracy": card.accuracy}


def _report(cards: Sequence[tuple[str, ScoreCard]], labels: Sequence[str]) -> Table:
    """The classification report of every model, one row per label."""
    rows = [
        (name, label, card.precision[k], card.recall[k], card.f1[k], card.support[k])
        for name, card in cards
        for k, label in enumerate(labels)
    ]
    return Table(
        columns=("model", "label", "precision", "recall", "f1-score", "support"), rows=tuple(rows)
    )


def _confusion(card: ScoreCard, labels: Sequence[str]) -> Table:
    rows = [
        (actual, predicted, card.confusion[i][j])
        for i, actual in enumerate(labels)
        for j, predicted in enumerate(labels)
    ]
    return Table(columns=("Actual", "Predicted", "nPredictions"), rows=tuple(rows))


def verdict_alerts(task: str, candidate: str, verdict: Verdict) -> tuple[Alert, ...]:
    """Says that a candidate is not deployed; nothing where it is."""
    titles = {VerdictName.REJECT: "Candidate rejected", VerdictName.HOLD: "Candidate on hold"}
    title = titles.get(verdict.name)
    if title is None:
        return ()
    text = f"{task}: {candidate}. {verdict.reason}"
    return (Alert(title=title, text=text, level=AlertLevel.WARN),)
