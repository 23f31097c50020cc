"""The deployed model that a candidate has to beat, wherever it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from resources.lane_settings import LaneSettings
from resources.registry.base import Deployment, Registry, Version
from resources.remote_model import RemoteModels
from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.files import read_dataset
from sambodhan_assets.domain.evaluation.answers import Answering
from sambodhan_assets.domain.evaluation.asked_rows import texts_to_ask
from sambodhan_assets.domain.evaluation.given_answers import GivenAnswers
from sambodhan_assets.domain.evaluation.record import VersionName
from sambodhan_assets.domain.evaluation.window_rows import EvaluationMode
from sambodhan_assets.domain.models.classifier import load_classifier
from sambodhan_assets.label_tasks import LabelTask


@dataclass(frozen=True, kw_only=True, eq=False)
class Incumbent:
    """What the candidate has to beat.

    Attributes:
        model: Its answers.
        name: How the record names it.
        identity: Tells two deployed models apart; sheets of disagreements belong to one.
        trained_before: Text keys that it trained on; none where nobody knows. The candidate is then
            judged more strictly: it never profits from rows that only the other may have seen.
        not_compared: Why it cannot be compared, as a sentence; None if it can.
    """

    model: Answering
    name: VersionName
    identity: str
    trained_before: frozenset[str] = frozenset()
    not_compared: str | None = None


def deployed_here(
    task: LabelTask, settings: LaneSettings, registry: Registry, deployment: Deployment
) -> Incumbent | None:
    """The model that the registry's pointer names.

    A model of another label set cannot be compared: the line starts anew, as if nothing served.
    """
    version = registry.version(settings.model_repository(task), deployment.tag)
    with registry.fetched(version) as folder:
        # An adopted model whose labels are others is refused, not passed over: a name that somebody
        # wrote otherwise must not look like a new line of versions.
        model = load_classifier(folder, labels=task.labels if version.adopted else None)
    if version.adopted:
        return Incumbent(model=model, name=version_name(version), identity=version.tag)
    if model.labels != task.labels:
        return None
    _, origin = dataset_of(version, task, settings, registry)
    assignments = origin.assignments.to_pylist()
    keys = frozenset(row["text_key"] for row in assignments if row["split"] == "train")
    return Incumbent(
        model=model, name=version_name(version), identity=version.tag, trained_before=keys
    )


def deployed_elsewhere(
    task: LabelTask,
    settings: LaneSettings,
    remote: RemoteModels,
    dataset: BalancedDataset,
    *,
    seed: int,
    on_progress: Callable[[str], None],
) -> Incumbent | None:
    """The model behind the address that an admin set, asked for the rows that it is judged on.

    One answer that is missing spoils the comparison: a model that fails on some complaints would
    be scored on those that suit it.

    Returns:
        None if no address is set.
    """
    if not remote.has(task):
        return None
    mode = cast(EvaluationMode, settings.evaluation)
    texts = texts_to_ask(dataset, mode=mode, size=settings.deployed_sample_size, seed=seed)
    on_progress(f"{len(texts)} complaints are sent to the deployed model at {remote.host(task)}.")
    asked = remote.ask(task, texts)
    said = remote.version(task)
    reason = asked.why_incomplete
    given = {} if reason else asked.label_ids
    model = GivenAnswers(labels=task.labels, label_ids=given)
    return Incumbent(
        model=model,
        name=VersionName(tag=said.tag, content_hash=said.content_hash),
        # A service may serve another model under the same name.
        identity=f"{said.tag} elsewhere, answers {model.digest}",
        not_compared=reason,
    )


def dataset_of(
    model: Version, task: LabelTask, settings: LaneSettings, registry: Registry
) -> tuple[Version, BalancedDataset]:
    """The dataset version that a model was trained on."""
    tag = model.manifest.details["dataset_tag"]
    version = registry.version(settings.dataset_repository(task), tag)
    with registry.fetched(version) as folder:
        return version, read_dataset(folder)


def version_name(version: Version) -> VersionName:
    """How the record names a version."""
    return VersionName(tag=version.tag, content_hash=version.content_hash)
