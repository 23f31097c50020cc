"""deployed_tag: the version that serves, moved only by an explicit verdict."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.deployment import deploy_candidate, find_deployable
from resources.feedback_store import FeedbackStore
from resources.lane_settings import LaneSettings
from resources.registry.base import Registry
from resources.rollout import finish_rollout, roll_out
from resources.spaces import Spaces
from resources.task_lease import TaskLeases
from sambodhan_assets.assets.deployment_events import brought_up_again, deployed
from sambodhan_assets.assets.stage import OWNERS, running_stage, stage_key
from sambodhan_assets.assets.tracking import tracking_hook
from sambodhan_assets.label_tasks import LabelTask


def build_deployed_tag(task: LabelTask) -> dg.AssetsDefinition:
    """The last stage of a task's lane."""

    @dg.asset(
        key=stage_key(task, "deployed_tag"),
        group_name=task.name,
        kinds={"registry"},
        tags={"task": task.name},
        owners=OWNERS,
        hooks={tracking_hook(task, "deployed_tag")},
        deps=[stage_key(task, "evaluation")],
        output_required=False,
        description=(
            f"The {task.name} version that serves now. Moves only on PROMOTE or BOOTSTRAP, and "
            "reads the verdict itself, so that materializing it alone deploys nothing else. The "
            "Space that serves is restarted and asked; if it does not answer as the model does, "
            "the version before serves again."
        ),
    )
    def deployed_tag(
        context: dg.AssetExecutionContext,
        artifacts: ArtifactStore,
        registry: Registry,
        feedback: FeedbackStore,
        settings: LaneSettings,
        leases: TaskLeases,
        spaces: Spaces,
    ) -> Iterator[dg.MaterializeResult]:
        with running_stage(context, leases, task):
            decision = find_deployable(task, settings, artifacts, registry, context.run.run_id)
            if decision.refusal is not None:
                context.log.warning(decision.refusal)
                brought_up = finish_rollout(task, settings, registry, spaces)
                if brought_up is not None:
                    yield brought_up_again(brought_up)
                return
            deployment = deploy_candidate(
                decision,
                task,
                settings,
                artifacts,
                registry,
                traffic_after_id=feedback.newest_complaint_id() or 0,
                run_id=context.run.run_id,
                now=datetime.now(UTC),
            )
            roll_out(task, deployment, settings, registry, spaces)
            yield deployed(task, deployment)

    return deployed_tag
