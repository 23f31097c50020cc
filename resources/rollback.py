"""Going back to an earlier version, also while the database gives no answer."""

from collections.abc import Callable
from datetime import UTC, datetime

from resources.feedback_store import FeedbackStore
from resources.lane_settings import LaneSettings
from resources.registry.base import Deployment, Registry
from resources.rollout import roll_out
from resources.spaces import Spaces
from sambodhan_assets.domain.errors import PermanentError, PlatformError
from sambodhan_assets.label_tasks import LabelTask, Lane


def newest_if_known(feedback: FeedbackStore, on_failure: Callable[[str], None]) -> int | None:
    """Highest complaint id, 0 for an empty table; None if the database gives no answer.

    A bad version must be replaced also while the database is down, so its failure is told and does
    not stop the way back.
    """
    try:
        return feedback.newest_complaint_id() or 0
    except PlatformError as error:
        on_failure(str(error))
        return None


def roll_back(
    task: LabelTask,
    settings: LaneSettings,
    registry: Registry,
    spaces: Spaces,
    *,
    to: str | None,
    traffic_after_id: int | None,
    run_id: str,
) -> Deployment:
    """Lets an earlier version serve again.

    Args:
        task: Whose pointer to move.
        settings: Names of the repositories.
        registry: Where the versions are.
        spaces: Where the task's Space is, which is restarted and asked.
        to: Tag to go back to; None for the version that the current one replaced.
        traffic_after_id: Highest complaint id by now. None if nobody could tell: then the window
            begins where the newest one of the history does. It holds complaints that the version
            which is left answered; the evaluation leaves out those of them whose stored answer is
            not that of the version which serves, and keeps corrections, which are true of both.
        run_id: Run or command that asks for it.

    Raises:
        PermanentError: Nothing is deployed, there is nothing to go back to, or the tag is unknown
            or damaged; the pointer has not moved. Or the Space cannot serve that version; the
            pointer was moved back, and the error says what serves now.
    """
    deployment = move_back(
        task, settings, registry, to=to, traffic_after_id=traffic_after_id, run_id=run_id
    )
    roll_out(task, deployment, settings, registry, spaces)
    return deployment


def move_back(
    task: Lane,
    settings: LaneSettings,
    registry: Registry,
    *,
    to: str | None,
    traffic_after_id: int | None,
    run_id: str,
) -> Deployment:
    """Moves the pointer alone; see `roll_back`.

    Raises:
        PermanentError: Nothing is deployed, there is nothing to go back to, or the tag is unknown
            or damaged; the pointer has not moved.
    """
    repository = settings.model_repository(task)
    history = registry.deployments(repository)
    target = to or _predecessor(task, history)
    if history and history[-1].tag == target:
        raise _refused(task, f"{target} serves already.", "Name another tag with --to.")
    with registry.fetched(registry.version(repository, target)):
        pass  # every byte of it is right, so it can serve
    reason = f"rolled back from {history[-1].tag if history else 'nothing'}"
    known = max((move.traffic_after_id for move in history), default=0)
    if traffic_after_id is None:
        reason += f" while the database was down; its window begins after complaint {known}"
    deployment = Deployment(
        sequence=len(history) + 1,
        tag=target,
        action="rollback",
        replaced=history[-1].tag if history else None,
        deployed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        run_id=run_id,
        reason=reason,
        traffic_after_id=known if traffic_after_id is None else traffic_after_id,
    )
    registry.move_pointer(repository, deployment)
    return deployment


def _predecessor(task: Lane, history: list[Deployment]) -> str:
    if not history:
        raise _refused(task, "nothing is deployed.", f"Run the job {task.pipeline_job} first.")
    # What the serving version replaced when it was first deployed: going back twice goes back two
    # versions, instead of to and fro.
    first = next(move for move in history if move.tag == history[-1].tag)
    if first.replaced is None:
        raise _refused(
            task, f"{first.tag} was the first version.", "Name a tag with --to to serve it."
        )
    return first.replaced


def _refused(task: Lane, found: str, todo: str) -> PermanentError:
    return PermanentError(tried=f"Rolling back {task.name}", found=found, todo=todo)
