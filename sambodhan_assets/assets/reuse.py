"""Counts earlier decisions that looked at the same rows."""

from resources.artifact_store import ArtifactStore
from resources.lane_settings import decision_repository
from resources.registry.base import Version
from sambodhan_assets.domain.gate.reuse import Reuse
from sambodhan_assets.label_tasks import LabelTask


def count_reuse(
    task: LabelTask, artifacts: ArtifactStore, *, dataset: Version, move: int | None
) -> Reuse:
    """Reads every decision record of a task; a decision looks at its rows whatever it says.

    All versions of a dataset repository are one line, in which a test row stays a test row. The
    window starts anew with every move of the pointer.

    Args:
        task: Label task.
        artifacts: Where the decisions are.
        dataset: The version that is judged on now.
        move: Number of the pointer's last move, 0 where it never moved and the deployed version
            runs elsewhere; None if nothing is compared.
    """
    decisions = decision_repository(task)
    earlier = [artifacts.version(decisions, tag).manifest for tag in artifacts.tags(decisions)]
    found = [manifest.details for manifest in earlier]
    return Reuse(
        test_split=sum(d["dataset_repository"] == dataset.repository.name for d in found),
        window=None if move is None else sum(d["deployed_move"] == move for d in found),
    )
