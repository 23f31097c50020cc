"""What the stages of the embedding lane tell the experiment tracker."""

import dagster as dg

from resources.lane_settings import decision_repository
from sambodhan_assets.assets.tracking import Shelf, Step, Teller, tell_training, tracking_hook
from sambodhan_assets.domain.embedding.record import read_scores
from sambodhan_assets.domain.tracking import embedding, preparation
from sambodhan_assets.domain.tracking.tracked import Tracked
from sambodhan_assets.label_tasks import EMBEDDING

# Name of the observation of a stage that had no base model; a mail joins it with the reason.
NOT_TRAINED = "not trained because"


def embedding_hook(stage: str) -> dg.HookDefinition:
    """Tells the tracker about every end of a stage of the embedding lane."""
    return tracking_hook(EMBEDDING, stage, _TELLERS.get(stage), _failed)


def _failed(_: str, stage: str, step: Step) -> Tracked:
    return embedding.failed(stage, str(step.failure))


def _training_pairs(_: Shelf, step: Step) -> Tracked:
    if step.made is not None:
        return embedding.paired(step.made["dagster/row_count"])
    (sentence,) = step.unpassed.values()
    return preparation.too_few_rows(EMBEDDING.name, sentence)


def _trained_model(shelf: Shelf, step: Step) -> Tracked:
    if step.made is None:
        return embedding.not_trained(f"{NOT_TRAINED} {step.observed[NOT_TRAINED]}")
    return tell_training(shelf, step)


def _evaluation(shelf: Shelf, step: Step) -> Tracked:
    assert step.made is not None
    version = shelf.artifacts.version(decision_repository(EMBEDDING), step.made["decision record"])
    with shelf.artifacts.fetched(version) as folder:
        return embedding.decided(read_scores(folder))


# The other stages say what those of label tasks say.
_TELLERS: dict[str, Teller] = {
    "training_pairs": _training_pairs,
    "trained_model": _trained_model,
    "evaluation": _evaluation,
}
