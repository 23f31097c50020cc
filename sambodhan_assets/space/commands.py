"""The commands `sambodhan space ...` and `sambodhan trigger`: Spaces that work on demand."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resources.assembly import open_spaces
from resources.profiles import Settings, load_settings
from resources.spaces import RUNNING
from sambodhan_assets.console import examples, print_lines
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import LABEL_TASKS
from sambodhan_assets.space.files import KINDS, write_space_files
from sambodhan_assets.space.own_space import rest_unconfigured

if TYPE_CHECKING:
    from sambodhan_assets.space.job import SpaceJob

PREPARE = "prepare"

space_app = typer.Typer(
    no_args_is_help=True, help="Works as a Space's container, and makes the Space's files."
)

Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Answers here while it works; a Space needs 7860."),
]


@space_app.command("prepare", epilog=examples("space prepare --port 7860"))
def prepare(port: Port = None) -> None:
    """Makes new dataset versions of all tasks, tells people, and pauses its own Space.

    AUTO_RETRAIN=1 restarts the retrain Space of a task that got a new version. Exit code 1 if the
    run is red; a pause that fails is a warning.
    """
    settings = _settings()
    from sambodhan_assets.space.job import preparing

    _work(preparing(settings, _say), settings, port)


@space_app.command("retrain", epilog=examples("space retrain --port 7860"))
def retrain(port: Port = None) -> None:
    """Trains, decides and deploys LABEL's task, tells people, and pauses its own Space.

    SPACE_HARDWARE is requested before and given back after. Exit code 1 if the run is red; a pause
    that fails is a warning.
    """
    settings = _settings()
    from sambodhan_assets.space.job import retraining

    _work(retraining(settings, _say), settings, port)


@space_app.command("files", epilog=examples("space files retrain spaces/retrain"))
def files(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.")],
    folder: Annotated[Path, typer.Argument(file_okay=False, help="A new folder.")],
) -> None:
    """Writes what the repository of a Space holds; `hf upload` puts it there.

    Needs a checkout of the project. Files of an earlier call are replaced.
    """
    written = write_space_files(kind, folder)
    print_lines([f"Wrote {len(written)} files to {folder}."])


def _settings() -> Settings:
    """The settings, before anything is imported that reads them too."""
    try:
        return load_settings()
    except PermanentError:
        rest_unconfigured(_say)
        raise


def _work(work: "SpaceJob", settings: Settings, port: int | None) -> None:
    from sambodhan_assets.space.beacon import answering
    from sambodhan_assets.space.job import run_space_job

    with answering(port, work.job):
        ending = run_space_job(work, settings, _say)
    raise typer.Exit(ending.exit_code)


def trigger(
    which: Annotated[str, typer.Argument(metavar="prepare|TASK", help="What shall start.")],
) -> None:
    """Restarts the Space that prepares the datasets, or the one that retrains a task.

    A Space that is at work is interrupted and begins again.
    """
    settings = load_settings()
    space = _space_of(which, settings)
    spaces = open_spaces(settings, LABEL_TASKS)
    was = spaces.state(space).stage
    spaces.restart(space)
    interrupted = "; what it did is interrupted and begins again" if was == RUNNING else ""
    print_lines([f"{space} starts; it was {was}{interrupted}."])


def _space_of(which: str, settings: Settings) -> str:
    tried = f"Looking for the Space of {which!r}"
    if which == PREPARE:
        if settings.prepare_dataset_space_id is None:
            raise PermanentError(
                tried=tried,
                found="PREPARE_DATASET_SPACE_ID is not set.",
                todo="Set it to owner/name of the Space that prepares the datasets.",
            )
        return settings.prepare_dataset_space_id
    task = next((task for task in LABEL_TASKS if task.name == which), None)
    if task is None:
        names = ", ".join(task.name for task in LABEL_TASKS)
        raise PermanentError(
            tried=tried, found="there is no such task.", todo=f"Name {PREPARE} or one of {names}."
        )
    space = settings.retrain_space(task)
    if space is None:
        variable = f"{which.upper()}_RETRAIN_SPACE"
        raise PermanentError(
            tried=tried,
            found=f"neither {variable} nor RETRAIN_SPACE_ID with LABEL={which} is set.",
            todo=f"Set {variable} to owner/name of the Space that retrains {which}.",
        )
    return space


def _say(line: str) -> None:
    print_lines([line])
