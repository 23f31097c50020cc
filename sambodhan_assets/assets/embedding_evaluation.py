"""evaluation of the embedding lane: candidate, deployed, base and rivals on the same typos."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.code_environment import code_environment
from resources.embedding.base_model import first_model, version_model
from resources.embedding.options import EmbeddingOptions
from resources.lane_settings import LaneSettings, candidate_repository, decision_repository
from resources.masking import mask
from resources.registry.base import Deployment, Publication, Registry, Version
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.embedding_tracking import embedding_hook
from sambodhan_assets.assets.stage import OWNERS, running_stage, stage_key, work_folder
from sambodhan_assets.domain.embedding.contest import BASE, CANDIDATE, DEPLOYED, hold_contest
from sambodhan_assets.domain.embedding.dataset import EmbeddingDataset, read_embedding_dataset
from sambodhan_assets.domain.embedding.model import EmbeddingScorer, load_sentence_model
from sambodhan_assets.domain.embedding.record import (
    EmbeddingRecord,
    mean_accuracy,
    report_markdown,
    rival_sentence,
    score_table,
    write_embedding_record,
)
from sambodhan_assets.domain.embedding.verdict import decide_embedding, next_step
from sambodhan_assets.domain.errors import PlatformError
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings
from sambodhan_assets.label_tasks import EMBEDDING

RETRIEVAL_GATE = "RETRIEVAL_GATE"
KEY = stage_key(EMBEDDING, "evaluation")


def build_embedding_evaluation() -> dg.AssetsDefinition:
    """The fourth stage of the embedding lane."""

    @dg.asset(
        key=KEY,
        group_name=EMBEDDING.name,
        kinds={"python"},
        owners=OWNERS,
        hooks={embedding_hook("evaluation")},
        deps=[stage_key(EMBEDDING, "trained_model")],
        check_specs=[
            dg.AssetCheckSpec(
                RETRIEVAL_GATE,
                asset=KEY,
                blocking=True,
                description="The candidate puts more typos right than what serves now.",
            )
        ],
        description=(
            "Candidate, deployed version, base model and two rivals without training on the test "
            "split, and the verdict: PROMOTE, HOLD, REJECT or BOOTSTRAP. Read by deployed_tag."
        ),
    )
    def evaluation(
        context: dg.AssetExecutionContext,
        embedding: EmbeddingOptions,
        artifacts: ArtifactStore,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> Iterator[dg.MaterializeResult]:
        with running_stage(context, leases, EMBEDDING), work_folder(leases, EMBEDDING) as folder:
            run_id, todo = context.run.run_id, f"Run the job {EMBEDDING.training_job} first."
            candidates = candidate_repository(EMBEDDING)
            candidate = artifacts.written_by(candidates, run_id=run_id, todo=todo)
            deployment = registry.deployed(settings.model_repository(EMBEDDING))
            record = judge(
                candidate, deployment, embedding, settings, artifacts, registry, context.log.warning
            )
            write_embedding_record(record, folder)
            decision = Publication(run_id=run_id, details=_details(record, candidate, deployment))
            version = artifacts.publish(decision_repository(EMBEDDING), folder, decision)
            yield dg.MaterializeResult(
                data_version=dg.DataVersion(version.content_hash),
                metadata={"decision record": version.tag, **_metadata(record)},
                check_results=[check_gate(record)],
            )

    return evaluation


def judge(
    candidate: Version,
    deployment: Deployment | None,
    embedding: EmbeddingOptions,
    settings: LaneSettings,
    artifacts: ArtifactStore,
    registry: Registry,
    on_warning: Callable[[str], None],
) -> EmbeddingRecord:
    """Lets all competitors answer the candidate's test split, and decides."""
    tag = candidate.manifest.details["dataset_tag"]
    dataset = _dataset(tag, settings, registry)
    with ExitStack() as stack:
        folder = stack.enter_context(artifacts.fetched(candidate))
        scorers = {CANDIDATE: _scorer(folder, dataset.templates)}
        if deployment is not None:
            serving = registry.version(settings.model_repository(EMBEDDING), deployment.tag)
            model = stack.enter_context(version_model(registry, serving))
            # It is asked as it was taught; a foreign model, or a new domain, knows no other way.
            own = serving.manifest.details.get("templates", {})
            scorers[DEPLOYED] = _scorer(model.folder, {**dataset.templates, **own})
        # Where something serves, the base model is only shown.
        base, missing = _base(stack, embedding, dataset, on_warning if deployment else None)
        result = hold_contest(dataset, {**scorers, **base}, missing)
    policy = PolicySettings(
        policy=Policy(settings.policy), decision_threshold=settings.decision_threshold
    )
    return EmbeddingRecord(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        settings=policy,
        verdict=decide_embedding(result.comparison, policy),
        candidate=candidate.tag,
        deployed=deployment.tag if deployment else None,
        base=candidate.manifest.details["base"],
        dataset=tag,
        scores=result.scores,
        comparison=result.comparison,
        library_versions=code_environment()["libraries"],
    )


def _dataset(tag: str, settings: LaneSettings, registry: Registry) -> EmbeddingDataset:
    pairs = registry.version(settings.dataset_repository(EMBEDDING), tag)
    with registry.fetched(pairs) as folder:
        return read_embedding_dataset(folder)


def _base(
    stack: ExitStack,
    embedding: EmbeddingOptions,
    dataset: EmbeddingDataset,
    on_warning: Callable[[str], None] | None,
) -> tuple[dict[str, EmbeddingScorer], dict[str, str]]:
    """The first base model, or why it cannot answer; without `on_warning` that is an error."""
    try:
        base = stack.enter_context(first_model(embedding))
        return ({BASE: _scorer(base.folder, dataset.templates)} if base else {}), {}
    except PlatformError as error:
        if on_warning is None:
            raise
        on_warning(mask(str(error)))
        # The record becomes a public card: no paths and addresses there.
        return {}, {BASE: "it could not be loaded; the log of the run says why"}


def _scorer(folder: Path, templates: Mapping[str, str]) -> EmbeddingScorer:
    return EmbeddingScorer(load_sentence_model(folder), templates)


def check_gate(record: EmbeddingRecord) -> dg.AssetCheckResult:
    """RETRIEVAL_GATE: passed when the verdict deploys; amber with the reason otherwise."""
    both = record.comparison.both
    return dg.AssetCheckResult(
        check_name=RETRIEVAL_GATE,
        passed=record.verdict.deploys,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{record.verdict.name}: {record.verdict.reason}",
        metadata={
            "verdict": record.verdict.name.value,
            "what to do next": next_step(record.verdict.name),
            "gain": both.gain,
            "gain, 5 % bound": both.interval.lower_05,
            "gain, 95 % bound": both.interval.upper_95,
        },
    )


def _details(
    record: EmbeddingRecord, candidate: Version, deployment: Deployment | None
) -> dict[str, Any]:
    """What deploying and rolling back read of a decision, under the names of all lanes."""
    return {
        "verdict": record.verdict.name.value,
        "reason": record.verdict.reason,
        "next_step": next_step(record.verdict.name),
        "candidate_tag": candidate.tag,
        "deployed_tag": record.deployed,
        "deployed_move": deployment.sequence if deployment else 0,
        "dataset_tag": record.dataset,
        "dataset_repository": candidate.manifest.details["dataset_repository"],
        "eval_metrics": {row.name: asdict(row) for row in record.scores},
    }


def _shown(name: str) -> str:
    """A competitor as people call it."""
    known = {CANDIDATE: CANDIDATE, DEPLOYED: "deployed version", BASE: "base model"}
    return known.get(name, f"rival {name}")


def _metadata(record: EmbeddingRecord) -> dict[str, Any]:
    # As numbers too: the UI plots them over all decisions.
    means = {_shown(row.name): mean_accuracy(row) for row in record.scores}
    return {
        "verdict": f"{record.verdict.name}: {record.verdict.reason}",
        "what to do next": next_step(record.verdict.name),
        "rivals": rival_sentence(record.scores),
        **{f"accuracy@1 of the {name}": mean for name, mean in means.items() if mean is not None},
        "scores": dg.MetadataValue.md(score_table(record.scores)),
        "report": dg.MetadataValue.md(report_markdown(record)),
    }
