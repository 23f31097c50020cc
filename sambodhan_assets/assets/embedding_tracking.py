"""What the stages of the embedding lane tell the experiment tracker."""

from typing import Any

import dagster as dg

from resources.lane_settings import decision_repository
from sambodhan_assets.assets.tracking import Shelf, Step, Teller, tracked, tracking_hook
from sambodhan_assets.domain.embedding.contest import BASE, CANDIDATE, DEPLOYED
from sambodhan_assets.domain.embedding.record import read_scores
from sambodhan_assets.domain.tracking.tracked import Scalar, Tracked
from sambodhan_assets.label_tasks import EMBEDDING


def embedding_hook(stage: str) -> dg.HookDefinition:
    """Tells the tracker about every end of a stage of the embedding lane."""
    return tracking_hook(EMBEDDING, stage, _TELLERS[stage])


def _dataset_version(shelf: Shelf, step: Step) -> Tracked:
    if step.made is None:
        return Tracked()
    version = tracked(shelf.dataset(step.made["tag"]))
    return Tracked(values={"pairs": step.made["dagster/row_count"]}, outputs=(version,))


def _trained_model(shelf: Shelf, step: Step) -> Tracked:
    if step.made is None:
        return Tracked()
    outcome: dict[str, Any] = dict(step.made["training"])
    series = tuple(
        {
            "train/global_step": entry["step"],
            "eval/accuracy_at_1": entry["accuracy_at_1"],
            "eval/mrr_at_10": entry["mrr_at_10"],
        }
        for entry in outcome.pop("evaluations")
    )
    return Tracked(
        config={"training_args": step.made["hyperparameters"], "training_outcome": outcome},
        values={"candidate": step.made["candidate"], "train/rows": step.made["training rows"]},
        series=series,
        inputs=(tracked(shelf.dataset(step.made["dataset version"])),),
    )


def _evaluation(shelf: Shelf, step: Step) -> Tracked:
    assert step.made is not None
    version = shelf.artifacts.version(decision_repository(EMBEDDING), step.made["decision record"])
    with shelf.artifacts.fetched(version) as folder:
        record = read_scores(folder)
    values: dict[str, Scalar] = {
        "decision": record["verdict"]["name"],
        "decision_reason": record["verdict"]["reason"],
        "gain": record["comparison"]["both"]["gain"],
    }
    for scores in record["scores"]:
        if scores["name"] not in (CANDIDATE, DEPLOYED, BASE):
            continue
        for words in ("seen", "unseen"):
            if scores[words] is not None:
                values[f"{scores['name']}/{words}_accuracy_at_1"] = scores[words]["accuracy_at_1"]
    return Tracked(values=values)


def _deployed_tag(shelf: Shelf, step: Step) -> Tracked:
    if step.made is None:
        return Tracked()
    model = shelf.model(step.made["deployed"])
    return Tracked(values={"deployed": model.tag}, outputs=(tracked(model),))


_TELLERS: dict[str, Teller] = {
    "dataset_version": _dataset_version,
    "trained_model": _trained_model,
    "evaluation": _evaluation,
    "deployed_tag": _deployed_tag,
}
