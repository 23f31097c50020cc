"""The command line: `sambodhan --help` lists the commands."""

import json
import shlex
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import stamina
import stamina.instrumentation
import typer
from rich.console import Console
from rich.markup import escape

from resources.artifact_store import ArtifactStore
from resources.assembly import build_lane_settings, open_feedback_store
from resources.deployment import roll_back
from resources.profiles import Settings, load_settings, read_environment_file
from resources.registry.folder import FolderRegistry
from sambodhan_assets.domain.errors import PermanentError, PlatformError
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask
from sambodhan_assets.status import TaskStatus, status_lines, task_status

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # Typer's tracebacks show local variables, and those may hold a secret.
    pretty_exceptions_enable=False,
    # Markup would swallow [brackets] in help texts.
    rich_markup_mode=None,
    help="Turns officials' corrections of grievance labels into better deployed models.",
    epilog=(
        "Settings are environment variables, or lines of .env in the current folder; README.md "
        "lists them. Exit codes: 0 done, 1 failed with the reason on stderr, 2 wrong usage."
    ),
)
load_app = typer.Typer(no_args_is_help=True, help="Loads CSV files into the database.")
db_app = typer.Typer(no_args_is_help=True, help="Looks after the database.")
app.add_typer(load_app, name="load")
app.add_typer(db_app, name="db")

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)

CsvFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file in UTF-8.")]
TaskName = Annotated[str, typer.Argument(help="Label task, such as department or urgency.")]


def main() -> None:
    """Runs the command line; a known failure is one sentence and exit code 1."""
    read_environment_file()
    stamina.instrumentation.set_on_retry_hooks([_say_retry])
    try:
        app()
    except PlatformError as error:
        err.print(f"[red]Error[/red] {escape(str(error))}", highlight=False)
        sys.exit(1)


def _examples(*commands: str) -> str:
    """An epilog that is printed line by line."""
    return "\n".join(["\b", "Examples:", *(f"  sambodhan {command}" for command in commands)])


@app.command(epilog=_examples("demo", "demo --data grievances.csv"))
def demo(
    data: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="CSV: id, grievance, department, urgency."),
    ] = None,
) -> None:
    """Runs the whole loop twice with simulated citizens and officials.

    Everything it writes stands under SAMBODHAN_HOME. It replaces an earlier demo, never other data.
    """
    from sambodhan_assets.demo import run_demo

    with out.status("Working"):
        settings = run_demo(data, lambda line: _print_lines([line]))
    _print_lines(["", *status_lines(_all_status(settings)), "", *_next_steps(settings)])


@load_app.command("complaints", epilog=_examples("load complaints complaints.csv"))
def load_complaints(file: CsvFile) -> None:
    """Inserts or updates complaints: id, message, one column per task, [created_at].

    A file is loaded whole, or not at all if a row is wrong.
    """
    from resources.feedback import files as feedback_files

    count = feedback_files.load_complaints(file, open_feedback_store(load_settings()))
    out.print(f"Loaded {count} complaints.")


@load_app.command("corrections", epilog=_examples("load corrections corrections.csv"))
def load_corrections(file: CsvFile) -> None:
    """Inserts or updates reviews: complaint_id, correct_<task>..., [id, reviewed, reviewed_at].

    Without an id every row is a new review, also when the file is loaded twice. A file is loaded
    whole, or not at all if a row is wrong.
    """
    from resources.feedback import files as feedback_files

    count = feedback_files.load_corrections(file, open_feedback_store(load_settings()))
    out.print(f"Loaded {count} corrections.")


@db_app.command("init")
def db_init() -> None:
    """Creates missing tables, columns and indexes."""
    done = open_feedback_store(load_settings()).initialise()
    for line in done or ["Nothing was missing."]:
        out.print(line)


@app.command(epilog=_examples("status", "status --json"))
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Prints JSON.")] = False,
) -> None:
    """Shows what is published, what serves, and the last verdict."""
    states = _all_status(load_settings())
    if as_json:
        text = json.dumps({name: asdict(state) for name, state in states.items()}, indent=2)
        sys.stdout.write(text + "\n")
    else:
        _print_lines(status_lines(states))


@app.command(epilog=_examples("rollback department", "rollback urgency --to v20260101_020000"))
def rollback(
    task_name: TaskName,
    to: Annotated[str | None, typer.Option(help="Tag; default: what was replaced.")] = None,
) -> None:
    """Lets an earlier version serve again."""
    task, settings = _task(task_name), load_settings()
    newest = open_feedback_store(settings).newest_complaint_id()
    deployment = roll_back(
        task,
        build_lane_settings(settings, LABEL_TASKS),
        FolderRegistry(url=settings.registry_location),
        to=to,
        traffic_after_id=newest or 0,
        run_id="sambodhan rollback",
    )
    out.print(f"{task.name}: {deployment.tag} serves again; it was {deployment.replaced}.")


@app.command()
def doctor() -> None:
    """Checks that everything works, and says what to do where not.

    Looks at settings, database, indexes, registry, artifact store and Dagster's instance.
    Exit code 1 if something does not work; warnings leave it at 0.
    """
    from sambodhan_assets.doctor import examine

    findings = examine(load_settings())
    colours = {"ok": "green", "warning": "yellow", "error": "red"}
    for finding in findings:
        mark = f"[{colours[finding.level]}]{finding.level:7}[/]"
        out.print(f"{mark} {escape(finding.text)}", highlight=False)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


@app.command(epilog=_examples("diff department v20260101_020000 v20260108_020000"))
def diff(
    task_name: TaskName,
    a: Annotated[str, typer.Argument(help="Tag of the earlier dataset version.")],
    b: Annotated[str, typer.Argument(help="Tag of the later dataset version.")],
) -> None:
    """Compares two dataset versions row by row."""
    from sambodhan_assets.domain.dataset.diff import describe_diff, diff_datasets
    from sambodhan_assets.domain.dataset.files import read_dataset

    task, settings = _task(task_name), load_settings()
    registry = FolderRegistry(url=settings.registry_location)
    repository = build_lane_settings(settings, LABEL_TASKS).dataset_repository(task)
    with registry.fetched(registry.version(repository, a)) as folder:
        before = read_dataset(folder)
    with registry.fetched(registry.version(repository, b)) as folder:
        after = read_dataset(folder)
    _print_lines(describe_diff(diff_datasets(before, after)))


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        out.print(line, markup=False, highlight=False)


def _say_retry(details: stamina.instrumentation.RetryDetails) -> None:
    err.print(f"No answer yet; trying again in {details.wait_for:.0f} s.", highlight=False)


def _next_steps(settings: Settings) -> list[str]:
    """How to go on with the demo's own settings; others would find too few rows."""
    variables = {
        "SAMBODHAN_HOME": settings.home,
        "MIN_DATASET_LEN": settings.min_dataset_len,
        "ANCHOR_DATASET": settings.anchor_dataset,
    }
    assigned = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in variables.items())
    return [
        "Look at runs, checks and lineage on http://127.0.0.1:3000 with",
        f"  {assigned} make ui",
    ]


def _task(name: str) -> LabelTask:
    for task in LABEL_TASKS:
        if task.name == name:
            return task
    raise PermanentError(
        tried=f"Looking for the label task {name!r}",
        found="there is no such task.",
        todo=f"Name one of {', '.join(task.name for task in LABEL_TASKS)}.",
    )


def _all_status(settings: Settings) -> dict[str, TaskStatus]:
    lanes = build_lane_settings(settings, LABEL_TASKS)
    artifacts = ArtifactStore(url=settings.artifact_url)
    registry = FolderRegistry(url=settings.registry_location)
    return {task.name: task_status(task, lanes, artifacts, registry) for task in LABEL_TASKS}
