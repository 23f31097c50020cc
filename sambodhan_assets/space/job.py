"""The job of a Space's container: checks the settings, runs one job, tells people, and rests."""

import sys
from dataclasses import dataclass
from importlib.util import find_spec

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError, DagsterHomeNotSetError
from dagster._core.utils import make_new_run_id

from resources.assembly import build_lane_settings, open_notifier, open_registry, open_spaces
from resources.masking import mask, masked_traceback
from resources.profiles import Settings
from sambodhan_assets.definitions import build_definitions
from sambodhan_assets.domain.errors import PermanentError, PlatformError
from sambodhan_assets.domain.run_summary import RunEnd, RunSummary
from sambodhan_assets.label_tasks import LABEL_TASKS
from sambodhan_assets.space.follow_up import restart_retraining, track_rest
from sambodhan_assets.space.own_space import OwnSpace, Rest, Say
from sambodhan_assets.space.stop_signals import let_nothing_end, listening
from sensors.run_outcome import summarise
from sensors.run_registry import with_registry

PREPARE_JOB = "prepare_datasets"


@dataclass(frozen=True, kw_only=True)
class SpaceJob:
    """What a container has to do.

    Attributes:
        job: Name of the job.
        needs: Settings that must be set, with what they are for.
        own: The Space that it runs in.
    """

    job: str
    needs: dict[str, str]
    own: OwnSpace


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the job of a container ended.

    Attributes:
        exit_code: 0 if the run was green and what follows from it worked.
        run_id: The run; None if there was none.
        rest: The last step; None if somebody else decides what becomes of the Space.
    """

    exit_code: int
    run_id: str | None
    rest: Rest | None


def preparing(settings: Settings, say: Say) -> SpaceJob:
    """New dataset versions of all tasks."""
    needs = _common_needs(settings)
    if settings.auto_retrain and not any(map(settings.retrain_space, LABEL_TASKS)):
        needs["{TASK}_RETRAIN_SPACE, or RETRAIN_SPACE_ID with LABEL"] = "AUTO_RETRAIN=1"
    own = settings.prepare_dataset_space_id or settings.space_id
    return SpaceJob(job=PREPARE_JOB, needs=needs, own=_own_space(own, None, settings, say))


def retraining(settings: Settings, say: Say) -> SpaceJob:
    """Training, decision and deployment of LABEL's task, from its newest dataset version."""
    task = next((task for task in LABEL_TASKS if task.name == settings.label), None)
    needs = _common_needs(settings)
    if settings.family == "transformer" and find_spec("torch") is None:
        needs["VARIANT=gpu"] = "MODEL_CHECKPOINT needs PyTorch; the image was built without it"
    if task is None:
        needs["LABEL"] = " or ".join(task.name for task in LABEL_TASKS)
    own = (settings.retrain_space(task) if task else None) or settings.space_id
    return SpaceJob(
        job=f"retrain_{settings.label}",
        needs=needs,
        own=_own_space(own, settings.space_hardware, settings, say),
    )


def run_space_job(work: SpaceJob, settings: Settings, say: Say) -> Ending:
    """Does the job of a container, up to the last step, whatever happens to the job.

    A container that waits for its hardware ends without it, because the Hub starts another one. So
    does one that was stopped from outside: a pause would stop the one that a restart has started.

    Returns:
        The ending. Nothing is raised but what ends every process.
    """
    run_id = make_new_run_id()
    rest: Rest | None = None
    code: int | None = 1
    restarts: list[str] = []
    with listening() as stopped:
        try:
            code = _guarded(work, run_id, settings, say, restarts)
        finally:
            let_nothing_end()
            if code is not None and stopped():
                say("The container was stopped; whoever did that decides whether its Space rests.")
            elif code is not None:
                rest = work.own.rest()
    if code is None:
        return Ending(exit_code=0, run_id=None, rest=None)
    if rest is not None:
        track_rest(settings, work.job, run_id, rest, tuple(restarts), say, failed=code != 0)
    return Ending(exit_code=code, run_id=run_id, rest=rest)


def _guarded(
    work: SpaceJob, run_id: str, settings: Settings, say: Say, restarts: list[str]
) -> int | None:
    """The exit code; None if another container does the job. Restarts that fail are added."""
    try:
        _require(work)
        if not work.own.has_hardware():
            say("The Hub starts another container for the job; this one ends.")
            return None
        return _run(work, run_id, settings, say, restarts)
    except KeyboardInterrupt:
        say(f"{work.job} was stopped before it began.")
        return 1
    except PlatformError as error:
        reason = mask(str(error))
    except Exception as error:  # noqa: BLE001  (the Space must rest, whatever happened)
        sys.stderr.write(masked_traceback(error))
        reason = f"{type(error).__name__}, which nobody expected here; the Space's log tells more."
    say(f"Error: {reason}")
    failed = RunSummary(run_id=run_id, job=work.job, end=RunEnd.FAILED, reasons=(reason,))
    open_notifier(settings).send(failed)
    return 1


def _require(work: SpaceJob) -> None:
    if work.needs:
        named = "; ".join(f"{name} ({reason})" for name, reason in work.needs.items())
        raise PermanentError(
            tried=f"Starting {work.job} in a Space",
            found=f"these settings are missing: {named}.",
            todo="Add them to the Space on the Hub, under Settings, Variables and secrets.",
        )


def _run(work: SpaceJob, run_id: str, settings: Settings, say: Say, restarts: list[str]) -> int:
    with _open_instance() as instance:
        stopped = _execute(work.job, run_id, settings, instance)
        run = instance.get_run_by_id(run_id)
        if run is None:
            raise KeyboardInterrupt  # stopped before Dagster knew of it
        if not run.is_finished:
            instance.report_run_canceled(run, "The container was stopped.")
            run = instance.get_run_by_id(run_id) or run
        lanes, registry = build_lane_settings(settings, LABEL_TASKS), open_registry(settings)
        summary = summarise(instance, run)
        summary = with_registry(summary, run, LABEL_TASKS, registry, lanes)
        open_notifier(settings).send(summary)
        say(f"{summary.subject}.")
        if stopped:
            return 1
        restarts += restart_retraining(instance, run_id, settings, work.own.spaces, say)
        return 0 if run.is_success and not restarts else 1


def _execute(job: str, run_id: str, settings: Settings, instance: dg.DagsterInstance) -> bool:
    """Whether the run was stopped from outside; how it ended else stands in the instance."""
    try:
        definition = build_definitions(LABEL_TASKS, settings).resolve_job_def(job)
        definition.execute_in_process(instance=instance, run_id=run_id, raise_on_error=False)
    except (KeyboardInterrupt, DagsterExecutionInterruptedError):
        return True
    finally:
        # What follows is told and done to the end.
        let_nothing_end()
    return False


def _open_instance() -> dg.DagsterInstance:
    """The instance of DAGSTER_HOME; without one, runs are kept as long as the container lives."""
    try:
        return dg.DagsterInstance.get()
    except DagsterHomeNotSetError:
        return dg.DagsterInstance.ephemeral()


def _common_needs(settings: Settings) -> dict[str, str]:
    needs: dict[str, str] = {}
    if settings.hf_token is None:
        needs["HF_TOKEN"] = "to publish, and to pause the Space"  # noqa: S105  (a reason)
    if settings.postgres_url is None:
        needs["POSTGRES_URL"] = "complaints and the labels that people gave"
    if settings.registry == "folder" and settings.registry_url is None:
        needs["REGISTRY=hub"] = "what is published would be lost with the disk of the Space"
    return needs


def _own_space(name: str | None, hardware: str | None, settings: Settings, say: Say) -> OwnSpace:
    return OwnSpace(
        name=name,
        hardware=hardware,
        spaces=open_spaces(settings, LABEL_TASKS),
        wait_seconds=settings.space_wait_seconds,
        say=say,
    )
