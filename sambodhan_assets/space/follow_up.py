"""What follows from a job in a Space: retraining on what is new, and a word to the tracker."""

import dagster as dg

from resources.assembly import open_tracker
from resources.profiles import Settings
from resources.spaces import Spaces
from sambodhan_assets.domain.errors import PlatformError
from sambodhan_assets.domain.tracking.preparation import space_paused
from sambodhan_assets.domain.tracking.tracked import Alert, AlertLevel, RunPlace, Tracked
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask
from sambodhan_assets.space.own_space import Rest, Say


def restart_retraining(
    instance: dg.DagsterInstance, run_id: str, settings: Settings, spaces: Spaces, say: Say
) -> tuple[str, ...]:
    """Restarts the retrain Space of each task that got a new dataset version, if AUTO_RETRAIN=1.

    Returns:
        What failed, one sentence each.
    """
    if not settings.auto_retrain:
        return ()
    problems: list[str] = []
    for task in _tasks_with_new_versions(instance, run_id):
        space = settings.retrain_space(task)
        if space is None:
            say(f"{task.name} has a new dataset version, but no retrain Space is set.")
            continue
        try:
            spaces.restart(space)
            say(f"{task.name} has a new dataset version; {space} is restarted.")
        except PlatformError as error:
            say(f"Error: {error}")
            problems.append(str(error))
    return tuple(problems)


def _tasks_with_new_versions(instance: dg.DagsterInstance, run_id: str) -> list[LabelTask]:
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    found: set[str] = set()
    for entry in instance.all_logs(run_id, of_type=kind):
        made = entry.asset_materialization
        if made is None or made.asset_key.path[-1] != "dataset_version":
            continue
        if "nothing changed since" not in made.metadata:
            found.add(made.asset_key.path[0])
    return [task for task in LABEL_TASKS if task.name in found]


def track_rest(
    settings: Settings,
    job: str,
    run_id: str,
    rest: Rest,
    restarts: tuple[str, ...],
    say: Say,
    *,
    failed: bool,
) -> None:
    """Tells the tracker whether the Space rests and what could not be restarted.

    Args:
        settings: Name the tracker.
        job: The job of the container.
        run_id: Its run, to which the tracker adds this.
        rest: The last step.
        restarts: Restarts of other Spaces that failed, one sentence each.
        say: Receives a warning if nothing can be tracked.
        failed: Whether the job failed; the last word decides how the tracker shows the run.
    """
    tracker = open_tracker(settings, LABEL_TASKS)
    if not tracker.is_on:
        return
    project = tracker.model_projects.get(job.removeprefix("retrain_"), tracker.dataset_project)
    alerts = tuple(
        Alert(title="Space restart failed", text=text, level=AlertLevel.WARN) for text in restarts
    )
    told = space_paused(reason=" ".join(rest.problems) or None) + Tracked(
        alerts=alerts, failed=failed
    )
    tracker.note(RunPlace(project=project, run_id=run_id, job=job), told)
    tracker.hand_over(say)
