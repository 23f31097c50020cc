"""The command line: `sambodhan --help` lists the commands."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from resources.artifact_store import ArtifactStore
from resources.deployment import roll_back
from resources.profiles import (
    Settings,
    build_lane_settings,
    load_settings,
    open_feedback_store,
    read_environment_file,
)
from resources.registry.folder import FolderRegistry
from sambodhan_assets.domain.errors import PermanentError, PlatformError
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask
from sambodhan_assets.status import TaskStatus, task_status

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # Typer's tracebacks show local variables, and those may hold a secret.
    pretty_exceptions_enable=False,
    help="Turns officials' corrections of grievance labels into better deployed models.",
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
    try:
        app()
    except PlatformError as error:
        err.print(f"[red]Error[/red] {error}", highlight=False)
        sys.exit(1)


@app.command()
def demo(
    data: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="CSV: id, grievance, department, urgency."),
    ] = None,
) -> None:
    """Runs the whole loop twice with simulated citizens and officials."""
    from sambodhan_assets.demo import run_demo

    settings = run_demo(data, lambda line: out.print(line, highlight=False))
    out.print(_status_table(_all_status(settings)))
    out.print("Look at runs, checks and lineage: [bold]make ui[/bold], then http://127.0.0.1:3000")


@load_app.command("complaints")
def load_complaints(file: CsvFile) -> None:
    """Inserts or updates complaints: id, message, one column per task, [created_at]."""
    from resources.feedback_files import read_complaints

    settings = load_settings()
    rows = read_complaints(file, LABEL_TASKS, timezone=settings.db_timezone)
    count = open_feedback_store(settings).upsert_complaints(rows)
    out.print(f"Loaded {count} complaints.")


@load_app.command("corrections")
def load_corrections(file: CsvFile) -> None:
    """Inserts or updates reviews: complaint_id, correct_<task>..., [id, reviewed, reviewed_at]."""
    from resources.feedback_files import read_corrections

    settings = load_settings()
    rows = read_corrections(file, LABEL_TASKS, timezone=settings.db_timezone)
    count = open_feedback_store(settings).upsert_corrections(rows)
    out.print(f"Loaded {count} corrections.")


@db_app.command("init")
def db_init() -> None:
    """Creates missing tables, columns and indexes."""
    done = open_feedback_store(load_settings()).initialise()
    for line in done or ["Nothing was missing."]:
        out.print(line)


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Prints JSON.")] = False,
) -> None:
    """Shows per task the newest dataset, the deployed version and the last verdict."""
    states = _all_status(load_settings())
    if as_json:
        text = json.dumps({name: asdict(state) for name, state in states.items()}, indent=2)
        sys.stdout.write(text + "\n")
    else:
        out.print(_status_table(states))


@app.command()
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
    """Checks settings, database, indexes, registry and artifact store; says what to do."""
    from sambodhan_assets.doctor import examine

    findings = examine(load_settings())
    for finding in findings:
        mark = {"ok": "[green]ok[/green]", "warning": "[yellow]warning[/yellow]"}
        out.print(f"{mark.get(finding.level, '[red]error[/red]')} {finding.text}", highlight=False)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


@app.command()
def diff(
    task_name: TaskName,
    a: Annotated[str, typer.Argument(help="Tag of the earlier dataset version.")],
    b: Annotated[str, typer.Argument(help="Tag of the later dataset version.")],
) -> None:
    """Shows rows added, removed, relabelled and moved between two dataset versions."""
    from sambodhan_assets.domain.dataset_diff import describe_diff, diff_datasets
    from sambodhan_assets.domain.dataset_files import read_dataset

    task, settings = _task(task_name), load_settings()
    registry = FolderRegistry(url=settings.registry_location)
    repository = build_lane_settings(settings, LABEL_TASKS).dataset_repository(task)
    with registry.fetched(registry.version(repository, a)) as folder:
        before = read_dataset(folder)
    with registry.fetched(registry.version(repository, b)) as folder:
        after = read_dataset(folder)
    for line in describe_diff(diff_datasets(before, after)):
        out.print(line, highlight=False)


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


def _status_table(states: dict[str, TaskStatus]) -> Table:
    table = Table("task", "dataset", "train/eval/test", "deployed", "macro-F1", "last verdict")
    for name, state in states.items():
        rows = state.rows or {}
        table.add_row(
            name,
            state.dataset_version or "none",
            "/".join(str(rows[split]) for split in ("train", "eval", "test")) if rows else "-",
            state.deployed or "nothing",
            "not measured" if state.macro_f1 is None else f"{state.macro_f1:.3f}",
            f"{state.verdict}: {state.reason}" if state.verdict else "none",
        )
    return table
