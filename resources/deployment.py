"""Deploying an accepted candidate; resources/rollback.py goes back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from resources.artifact_store import ArtifactStore
from resources.lane_settings import LaneSettings, candidate_repository, decision_repository
from resources.model_files import ModelStory, describing
from resources.registry.base import ADOPTION, Deployment, Publication, Registry, Version
from sambodhan_assets.domain.card_text import CARD_FILE
from sambodhan_assets.domain.evaluation.model_card import DatasetSource
from sambodhan_assets.domain.gate.record_files import read_record
from sambodhan_assets.domain.manifest import content_hash
from sambodhan_assets.domain.models.card import METADATA_FILES
from sambodhan_assets.label_tasks import Lane

# Writes the files of a version that name it, in its folder under its tag.
Finish = Callable[[Path, str], None]
DEPLOYING_VERDICTS = ("PROMOTE", "BOOTSTRAP")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The newest decision record of a task, as far as deploying needs it.

    Attributes:
        version: The record in the artifact store.
        refusal: Why its candidate is not deployed, as a sentence; None if it may be.
    """

    version: Version
    refusal: str | None

    @property
    def candidate_tag(self) -> str:
        """Tag of the candidate that was decided on."""
        return self.version.manifest.details["candidate_tag"]

    @property
    def reason(self) -> str:
        """The verdict in one sentence."""
        details = self.version.manifest.details
        return f"{details['verdict']}: {details['reason']}"


def find_deployable(
    task: Lane,
    settings: LaneSettings,
    artifacts: ArtifactStore,
    registry: Registry,
    run_id: str,
) -> Decision:
    """The decision to act on: this run's own, else the newest.

    Raises:
        PermanentError: Nothing was ever decided.
    """
    version = artifacts.written_by(
        decision_repository(task), run_id=run_id, todo=f"Run the job {task.training_job} first."
    )
    details = version.manifest.details
    current = registry.deployed(settings.model_repository(task))
    if details["verdict"] not in DEPLOYING_VERDICTS:
        refusal = (
            f"The verdict on candidate {details['candidate_tag']} is {details['verdict']}: "
            f"{details['reason']} Nothing was deployed."
        )
    elif is_settled(version, current):
        refusal = (
            f"Candidate {details['candidate_tag']} was compared with "
            f"{details['deployed_tag'] or 'nothing'}; the pointer has moved since, and "
            f"{current.tag if current else 'nothing'} serves now. "
            f"Nothing was deployed; run decide_{task.name} to compare again."
        )
    else:
        refusal = None
    return Decision(version=version, refusal=refusal)


def is_settled(decision: Version, current: Deployment | None) -> bool:
    """Whether nothing is left to do about a decision.

    It deploys nothing, or the pointer has moved since it was taken. Moves are counted, because
    after a rollback the same tag serves again, and what was rolled back must not return by itself.
    An adopted model is told by its tag: another program replaces it without a move.

    Args:
        decision: Record in the artifact store.
        current: The pointer as it stands; None if nothing is deployed.
    """
    details = decision.manifest.details
    if details["verdict"] not in DEPLOYING_VERDICTS:
        return True
    if current is None:
        return details["deployed_move"] != 0
    replaced = current.action == ADOPTION and details["deployed_tag"] != current.tag
    return replaced or details["deployed_move"] != current.sequence


def deploy_candidate(
    decision: Decision,
    task: Lane,
    settings: LaneSettings,
    artifacts: ArtifactStore,
    registry: Registry,
    *,
    traffic_after_id: int,
    run_id: str,
    now: datetime,
    finish: Finish | None = None,
) -> Deployment:
    """Publishes the candidate as a model version and lets it serve.

    A run that was killed between the two is finished by the next one with the same version.
    `finish` writes card and metadata of the version; None for those of a classifier.
    """
    finish = finish or describing(_story(decision, task, settings, artifacts, registry, now))
    model = _published(decision, task, settings, artifacts, registry, run_id=run_id, finish=finish)
    repository = settings.model_repository(task)
    history = registry.deployments(repository)
    deployment = Deployment(
        sequence=len(history) + 1,
        tag=model.tag,
        action="deploy",
        replaced=history[-1].tag if history else None,
        deployed_at=now.isoformat(timespec="seconds"),
        run_id=run_id,
        reason=decision.reason,
        traffic_after_id=traffic_after_id,
    )
    registry.move_pointer(repository, deployment)
    return deployment


def _published(
    decision: Decision,
    task: Lane,
    settings: LaneSettings,
    artifacts: ArtifactStore,
    registry: Registry,
    *,
    run_id: str,
    finish: Finish,
) -> Version:
    repository = settings.model_repository(task)
    candidate = artifacts.version(candidate_repository(task), decision.candidate_tag)
    files = [name for name in candidate.manifest.files if name not in (*METADATA_FILES, CARD_FILE)]
    wanted = content_hash(candidate.manifest.files, files)
    newest = registry.newest(repository)
    if newest is not None and newest.content_hash == wanted:
        return newest
    details = {**candidate.manifest.details, **decision.version.manifest.details}
    with artifacts.fetched(candidate) as folder:
        publication = Publication(
            run_id=run_id,
            content_files=files,
            details={**details, "decision_tag": decision.version.tag},
            finish=finish,
        )
        return registry.publish(repository, folder, publication)


def _story(
    decision: Decision,
    task: Lane,
    settings: LaneSettings,
    artifacts: ArtifactStore,
    registry: Registry,
    now: datetime,
) -> ModelStory:
    """What the card of the version tells; all scores come from the decision record."""
    details = decision.version.manifest.details
    datasets, tag = settings.dataset_repository(task), details["dataset_tag"]
    with artifacts.fetched(decision.version) as folder:
        record = read_record(folder)
    return ModelStory(
        name=registry.full_name(settings.model_repository(task)),
        reason=decision.reason,
        decision=record,
        eval_metrics=details["eval_metrics"],
        dataset=DatasetSource(
            name=registry.full_name(datasets), tag=tag, commit=registry.commit_of(datasets, tag)
        ),
        license=settings.model_license,
        on_hub=registry.on_hub,
        now=now,
    )
