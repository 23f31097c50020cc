"""What follows from a job in a Space: retraining on what is new, and a word to the tracker."""

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.assembly import build_lane_settings, open_registry, open_tracker
from resources.profiles import Settings
from resources.spaces import FAILED_STAGES, RESTING_STAGES, Spaces
from sambodhan_assets.assets.dataset_version import is_done
from sambodhan_assets.domain.errors import PlatformError
from sambodhan_assets.domain.tracking.preparation import space_paused
from sambodhan_assets.domain.tracking.tracked import Alert, AlertLevel, RunPlace, Tracked
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask
from sambodhan_assets.space.own_space import Rest, Say


def restart_retraining(
    instance: dg.DagsterInstance, run_id: str, settings: Settings, spaces: Spaces, say: Say
) -> tuple[str, ...]:
    """Restarts the retrain Space of each task whose newest dataset version waits for it.

    Nothing happens without AUTO_RETRAIN=1. What counts is what the decisions and the deployed model
    say, so a restart that was missed is made up for, unless the Space is at work already. Without
    ARTIFACT_STORE nobody sees here what was decided in another Space, and only a version that this
    very run published is retrained: every run would restart what was put on hold.

    Returns:
        What failed, one sentence each.
    """
    if not settings.auto_retrain:
        return ()
    problems: list[str] = []
    published = _published(instance, run_id)
    for task in LABEL_TASKS:
        try:
            _restart(task, settings, spaces, say, new=task.name in published)
        except PlatformError as error:
            say(f"Error: {error}")
            problems.append(str(error))
    return tuple(problems)


def _restart(task: LabelTask, settings: Settings, spaces: Spaces, say: Say, *, new: bool) -> None:
    tag, space = _untrained(task, settings), settings.retrain_space(task)
    if tag is None:
        return
    if space is None:
        say(f"{task.name} has a new dataset version, but no retrain Space is set.")
    elif not new and settings.artifact_store is None:
        say(
            f"Without ARTIFACT_STORE nobody can tell here what was decided about {tag} of "
            f"{task.name}. If it was not retrained, run `sambodhan trigger {task.name}`."
        )
    elif not new and spaces.state(space).stage not in (*RESTING_STAGES, *FAILED_STAGES):
        # It may train on this very version for hours; a restart would begin again each time.
        say(f"{tag} of {task.name} is not decided about yet; {space} is at work and left alone.")
    else:
        spaces.restart(space)
        say(f"{task.name} has a new dataset version; {space} is restarted.")


def _untrained(task: LabelTask, settings: Settings) -> str | None:
    """Newest dataset version, if neither a settled decision nor the deployed model names it."""
    lanes, registry = build_lane_settings(settings, LABEL_TASKS), open_registry(settings)
    newest = registry.newest(lanes.dataset_repository(task))
    artifacts = ArtifactStore(url=settings.artifact_url)
    if newest is None or is_done(task, lanes, artifacts, registry, newest):
        return None
    models = lanes.model_repository(task)
    deployed = registry.deployed(models)
    if deployed is not None:
        details = registry.version(models, deployed.tag).manifest.details
        if details.get("dataset_tag") == newest.tag:
            return None
    return newest.tag


def _published(instance: dg.DagsterInstance, run_id: str) -> set[str]:
    """Names of the tasks of which a run published a dataset version."""
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    found: set[str] = set()
    for entry in instance.all_logs(run_id, of_type=kind):
        made = entry.asset_materialization
        if made is None or made.asset_key.path[-1] != "dataset_version":
            continue
        if "nothing changed since" not in made.metadata:
            found.add(made.asset_key.path[0])
    return found


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
