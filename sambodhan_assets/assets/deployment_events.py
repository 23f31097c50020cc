"""How a move of the pointer appears in the UI, in any lane."""

import dagster as dg

from resources.registry.base import Deployment
from resources.rollout import BroughtUp
from sambodhan_assets.assets.stage import stage_key
from sambodhan_assets.label_tasks import Lane


def deployed(task: Lane, deployment: Deployment) -> dg.MaterializeResult:
    """A candidate serves now."""
    return dg.MaterializeResult(
        data_version=dg.DataVersion(deployment.tag),
        metadata={
            **_versions(deployment),
            "why": deployment.reason,
            "go back": f"sambodhan rollback {task.name}",
        },
    )


def brought_up_again(brought_up: BroughtUp) -> dg.MaterializeResult:
    """Nothing was deployed, but the Space serves what the pointer named already."""
    tag = brought_up.deployment.tag
    return dg.MaterializeResult(
        data_version=dg.DataVersion(tag),
        metadata={"deployed": tag, "brought up again": brought_up.found},
    )


def rolled_back(task: Lane, deployment: Deployment) -> dg.AssetMaterialization:
    """An earlier version serves again."""
    return dg.AssetMaterialization(
        asset_key=stage_key(task, "deployed_tag"),
        description=deployment.reason,
        metadata=_versions(deployment),
    )


def _versions(deployment: Deployment) -> dict[str, str]:
    return {"deployed": deployment.tag, "replaced": deployment.replaced or "nothing"}
