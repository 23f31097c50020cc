"""deployed_tag of the embedding lane: the version that serves, moved only by a verdict."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.deployment import Decision, Finish, deploy_candidate, find_deployable
from resources.embedding.options import EmbeddingOptions
from resources.embedding.publishing import EmbeddingStory, describing_embedding, earlier_files
from resources.lane_settings import LaneSettings, candidate_repository
from resources.registry.base import Registry
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.deployment_events import deployed
from sambodhan_assets.assets.embedding_tracking import embedding_hook
from sambodhan_assets.assets.stage import OWNERS, running_stage, stage_key
from sambodhan_assets.domain.gate.record_files import REPORT_FILE
from sambodhan_assets.label_tasks import EMBEDDING


def build_embedding_deployed() -> dg.AssetsDefinition:
    """The last stage of the embedding lane."""

    @dg.asset(
        key=stage_key(EMBEDDING, "deployed_tag"),
        group_name=EMBEDDING.name,
        kinds={"registry"},
        owners=OWNERS,
        hooks={embedding_hook("deployed_tag")},
        deps=[stage_key(EMBEDDING, "evaluation")],
        output_required=False,
        description=(
            "The embedding model that serves now. Moves only on PROMOTE or BOOTSTRAP, and reads "
            "the verdict itself, so that materializing it alone deploys nothing else."
        ),
    )
    def deployed_tag(
        context: dg.AssetExecutionContext,
        embedding: EmbeddingOptions,
        artifacts: ArtifactStore,
        registry: Registry,
        settings: LaneSettings,
        leases: TaskLeases,
    ) -> Iterator[dg.MaterializeResult]:
        with running_stage(context, leases, EMBEDDING):
            run_id, now = context.run.run_id, datetime.now(UTC)
            decision = find_deployable(EMBEDDING, settings, artifacts, registry, run_id)
            if decision.refusal is not None:
                context.log.warning(decision.refusal)
                return
            deployment = deploy_candidate(
                decision,
                EMBEDDING,
                settings,
                artifacts,
                registry,
                traffic_after_id=0,  # it answers no complaints
                run_id=run_id,
                now=now,
                finish=_finish(decision, embedding, settings, artifacts, registry, now),
            )
            yield deployed(EMBEDDING, deployment)

    return deployed_tag


def _finish(
    decision: Decision,
    embedding: EmbeddingOptions,
    settings: LaneSettings,
    artifacts: ArtifactStore,
    registry: Registry,
    now: datetime,
) -> Finish:
    details = decision.version.manifest.details
    repository = settings.model_repository(EMBEDDING)
    with artifacts.fetched(decision.version) as folder:
        report = (folder / REPORT_FILE).read_text(encoding="utf-8")
    earlier: list[str] | None = None
    if embedding.as_zip:
        candidate = artifacts.version(candidate_repository(EMBEDDING), decision.candidate_tag)
        base_zip = candidate.manifest.details["base_zip"]
        earlier = [*earlier_files(registry, repository), *([base_zip] if base_zip else [])]
    story = EmbeddingStory(
        name=registry.full_name(repository),
        reason=decision.reason,
        report=report,
        eval_metrics=details["eval_metrics"],
        dataset={
            "tag": details["dataset_tag"],
            "repository": registry.full_name(settings.dataset_repository(EMBEDDING)),
        },
        license=settings.model_license,
        now=now,
        earlier_files=earlier,
    )
    return describing_embedding(story)
