"""What is tracked of the embedding lane where its words are not those of label tasks."""

from collections.abc import Iterator, Mapping
from typing import Any

from sambodhan_assets.domain.gate.policies import VerdictName
from sambodhan_assets.domain.gate.verdict import Verdict
from sambodhan_assets.domain.tracking.retraining import verdict_alerts
from sambodhan_assets.domain.tracking.tracked import Alert, AlertLevel, Scalar, Table, Tracked

NAME = "embedding"
_FAILURES = {
    "training_pairs": "Training pairs failed",
    "dataset_version": "Dataset of pairs failed",
    "trained_model": "Training of the embedding model failed",
    "evaluation": "Evaluation of the embedding model failed",
    "deployed_tag": "Deployment of the embedding model failed",
}
# What a failed stage leaves undone.
_STATUS = {
    "training_pairs": "embedding_push_status",
    "dataset_version": "embedding_push_status",
    "trained_model": "training_status",
    "deployed_tag": "deployment_status",
}
_MEASURES = ("accuracy_at_1", "mrr_at_10", "over_merging")


def paired(pairs: int) -> Tracked:
    """So many pairs can teach a model."""
    return Tracked(values={"embedding_pairs": pairs})


def not_trained(reason: str) -> Tracked:
    """There is no base model to start from; the run is green."""
    alert = Alert(title="Training skipped", text=f"{NAME}: {reason}", level=AlertLevel.WARN)
    return Tracked(values={"training_status": "skipped_no_base_model"}, alerts=(alert,))


def decided(record: Mapping[str, Any]) -> Tracked:
    """Candidate, deployed version, base model and rivals answered the same typos.

    Args:
        record: The fields of a decision record, as `read_scores` reads them.
    """
    both = record["comparison"]["both"]
    verdict = Verdict(
        name=VerdictName(record["verdict"]["name"]), reason=record["verdict"]["reason"]
    )
    values: dict[str, Scalar] = {
        "decision": verdict.name.value,
        "decision_reason": verdict.reason,
        "candidate": record["candidate"],
        "compared_with": record["deployed"] or record["base"],
        "gain": both["gain"],
        "gain_lower_05": both["interval"]["lower_05"],
        "gain_upper_95": both["interval"]["upper_95"],
    }
    found = list(_scores(record))
    for name, words, score in found:
        key = f"{name.replace(' ', '_')}/{words}"
        values |= {f"{key}_{at}": score[at] for at in _MEASURES if score[at] is not None}
    return Tracked(
        config={"decision_settings": {"policy": record["settings"]["policy"]}},
        values=values,
        tables={"retrieval_scores": _table(found)},
        alerts=verdict_alerts(NAME, record["candidate"], verdict),
    )


def failed(stage: str, reason: str) -> Tracked:
    """A stage failed; what was deployed before still serves."""
    alert = Alert(title=_FAILURES[stage], text=f"{NAME}: {reason}", level=AlertLevel.ERROR)
    values: dict[str, Scalar] = {_STATUS[stage]: "failed"} if stage in _STATUS else {}
    return Tracked(values=values, alerts=(alert,))


def _scores(record: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Competitor, seen or unseen, and what was measured; what was not is left out."""
    for row in record["scores"]:
        for words in ("seen", "unseen"):
            if row[words] is not None:
                yield row["name"], words, row[words]


def _table(found: list[tuple[str, str, Mapping[str, Any]]]) -> Table:
    rows = [
        (name, words, score["queries"], *(_cell(score[at]) for at in _MEASURES))
        for name, words, score in found
    ]
    columns = ("model", "words", "typos", "accuracy@1", "MRR@10", "over-merging")
    return Table(columns=columns, rows=tuple(rows))


def _cell(value: float | None) -> Scalar:
    return "not measured" if value is None else value
