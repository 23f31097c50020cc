"""Candidates of the closed loop: prepared, trained and judged by the domain code of a lane."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from benchmarks.loop_worlds import World
from sambodhan_assets.domain.dataset.balanced import BalancedDataset, build_balanced_dataset
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from sambodhan_assets.domain.dataset.snapshot import FeedbackSnapshot
from sambodhan_assets.domain.evaluation.answers import predict
from sambodhan_assets.domain.evaluation.contest import Contest
from sambodhan_assets.domain.models.classifier import TextClassifier
from sambodhan_assets.domain.models.training import train_classifier
from sambodhan_assets.domain.models.transformer_settings import TransformerSettings
from sambodhan_assets.domain.scores import score

# Rows on which the published rule scores the deployed model.
DEPLOYED_SAMPLE = 300
# A fifth of what a lane draws: the 5 % bound moves by 0.001, and the runs are many.
REPLICATES = 2_000
MODEL_SEED = 42


@dataclass(frozen=True, kw_only=True, eq=False)
class Serving:
    """What is deployed.

    Attributes:
        model: The model.
        f1: Its true macro-F1.
        after_id: It answered the complaints with higher ids.
        trained_before: Text keys that it, or a version before it, trained on.
    """

    model: TextClassifier
    f1: float
    after_id: int
    trained_before: frozenset[str]


def build(snapshot: FeedbackSnapshot, world: World, *, parent: pa.Table | None) -> BalancedDataset:
    """The next version of the dataset, with the settings of a lane."""
    return build_balanced_dataset(
        snapshot, labels=world.labels, settings=PreparationSettings(), parent_assignments=parent
    )


def train(dataset: BalancedDataset, world: World) -> TextClassifier:
    """A linear candidate, as the lane trains it."""
    return train_classifier(
        dataset,
        labels=world.labels,
        family="linear",
        transformer=TransformerSettings(),
        seed=MODEL_SEED,
        work_folder=Path(),
        on_log=_ignore,
    )


def as_served(
    world: World, dataset: BalancedDataset, model: TextClassifier, *, after_id: int
) -> Serving:
    """The model as it would serve from the complaint after `after_id` on."""
    assigned = dataset.assignments.to_pylist()
    return Serving(
        model=model,
        f1=true_f1(world, model),
        after_id=after_id,
        trained_before=frozenset(r["text_key"] for r in assigned if r["split"] == "train"),
    )


def true_f1(world: World, model: TextClassifier) -> float:
    """Macro-F1 on the held-out third."""
    answers = predict(model, [labelled.text for labelled in world.held_out])
    truth = [labelled.label for labelled in world.held_out]
    return score(truth, answers, len(world.labels)).macro_f1


def contest_of(
    world: World, dataset: BalancedDataset, candidate: Serving, serving: Serving
) -> Contest:
    """Candidate against deployed version, by cross-fitting."""
    return Contest(
        labels=world.labels,
        critical_labels=world.critical_labels,
        dataset=dataset,
        candidate=candidate.model,
        deployed=serving.model,
        window_after_id=serving.after_id,
        trained_before=serving.trained_before,
        mode="crossfit",
        deployed_sample_size=DEPLOYED_SAMPLE,
        replicates=REPLICATES,
        seed=MODEL_SEED,
        on_progress=_ignore,
    )


def _ignore(line: str) -> None:
    pass
