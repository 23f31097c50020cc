"""The command line: `sambodhan --help` lists the commands."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import stamina
import stamina.instrumentation
import typer
from rich.markup import escape

from resources.assembly import (
    build_lane_settings,
    open_audit_store,
    open_feedback_store,
    open_registry,
    open_sheets,
    open_spaces,
)
from resources.masking import mask, mask_logs, masked_traceback
from resources.profiles import load_settings, read_environment_file
from resources.rollback import newest_if_known, roll_back
from sambodhan_assets.console import err, examples, out, print_lines
from sambodhan_assets.demo_command import demo
from sambodhan_assets.domain.errors import PermanentError, PlatformError
from sambodhan_assets.embedding_commands import correct, generate_pairs, roll_back_embedding
from sambodhan_assets.export_commands import export_app
from sambodhan_assets.label_tasks import EMBEDDING, LABEL_TASKS, LabelTask
from sambodhan_assets.load_commands import load_app
from sambodhan_assets.space.commands import space_app, trigger
from sambodhan_assets.status import all_status, status_lines

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
db_app = typer.Typer(no_args_is_help=True, help="Looks after the database.")
app.add_typer(load_app, name="load")
app.add_typer(db_app, name="db")
app.add_typer(space_app, name="space")
app.add_typer(export_app, name="export")
app.command(epilog=examples("demo", "demo --data grievances.csv", "demo --typos"))(demo)
app.command(epilog=examples("correct --domain brand toyotta"))(correct)
app.command("generate-pairs", epilog=examples("generate-pairs typos.csv --count 1000"))(
    generate_pairs
)
app.command(epilog=examples("trigger prepare", "trigger department"))(trigger)

TaskName = Annotated[str, typer.Argument(help="Label task, such as department or urgency.")]


def main() -> None:
    """Runs the command line; a known failure is one sentence and exit code 1."""
    read_environment_file()
    mask_logs()
    stamina.instrumentation.set_on_retry_hooks([_say_retry])
    try:
        app()
    except PlatformError as error:
        # Masked before markup is escaped, which could change a secret.
        err.print(f"[red]Error[/red] {escape(mask(str(error)))}", highlight=False)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  (Python would print it with its secrets)
        sys.stderr.write(masked_traceback(error))
        sys.exit(1)


@db_app.command("init")
def db_init() -> None:
    """Creates missing tables, columns and indexes."""
    settings = load_settings()
    audits = open_audit_store(settings)
    done = [*open_feedback_store(settings).initialise(), *audits.initialise(LABEL_TASKS)]
    print_lines(done or ["Nothing was missing."])


@app.command(epilog=examples("status", "status --json"))
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Prints JSON.")] = False,
) -> None:
    """Shows what is published, what serves, and the last verdict."""
    states = all_status(load_settings())
    if as_json:
        text = json.dumps({name: asdict(state) for name, state in states.items()}, indent=2)
        sys.stdout.write(text + "\n")
    else:
        print_lines(status_lines(states))


@app.command()
def sheets() -> None:
    """Lists the sheets that people have not filled in yet, and where their files are.

    A file that is missing is put there again. `sambodhan load audits` takes a filled sheet.
    """
    from sambodhan_assets.open_sheets import open_sheet_lines

    settings = load_settings()
    print_lines(open_sheet_lines(open_audit_store(settings), open_sheets(settings)))


@app.command(epilog=examples("rollback department", "rollback urgency --to v20260101_020000"))
def rollback(
    task_name: Annotated[str, typer.Argument(help="Such as department, urgency or embedding.")],
    to: Annotated[str | None, typer.Option(help="Tag; default: what was replaced.")] = None,
) -> None:
    """Lets an earlier version serve again."""
    if task_name == EMBEDDING.name:
        roll_back_embedding(to)
        return
    task, settings = _task(task_name, EMBEDDING.name), load_settings()
    newest = newest_if_known(
        open_feedback_store(settings), lambda text: err.print(text, markup=False, highlight=False)
    )
    deployment = roll_back(
        task,
        build_lane_settings(settings, LABEL_TASKS),
        open_registry(settings),
        open_spaces(settings, LABEL_TASKS),
        to=to,
        traffic_after_id=newest,
        run_id="sambodhan rollback",
    )
    out.print(f"{task.name}: {deployment.tag} serves again; it was {deployment.replaced}.")
    if newest is None:
        out.print(f"{task.name}: {deployment.reason}.")


@app.command(epilog=examples("serve department", "serve urgency --host 0.0.0.0 --port 8080"))
def serve(
    task_name: TaskName,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: a free one.")] = 7860,
) -> None:
    """Answers POST /predict with the version that is deployed now, until it is stopped."""
    from sambodhan_assets.serving.served_model import load_served_model
    from sambodhan_assets.serving.server import run_server

    task, settings = _task(task_name), load_settings()
    lanes = build_lane_settings(settings, LABEL_TASKS)
    served = load_served_model(task, lanes, open_registry(settings))
    serves = f"{task.name}: {served.version.tag} answers on"
    run_server(served, host=host, port=port, on_ready=lambda at: print_lines([f"{serves} {at}"]))


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
        out.print(f"{mark} {escape(mask(finding.text))}", highlight=False)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


@app.command(epilog=examples("diff department v20260101_020000 v20260108_020000"))
def diff(
    task_name: TaskName,
    a: Annotated[str, typer.Argument(help="Tag of the earlier dataset version.")],
    b: Annotated[str, typer.Argument(help="Tag of the later dataset version.")],
) -> None:
    """Compares two dataset versions row by row."""
    from sambodhan_assets.domain.dataset.diff import describe_diff, diff_datasets
    from sambodhan_assets.domain.dataset.files import read_dataset

    task, settings = _task(task_name), load_settings()
    registry = open_registry(settings)
    repository = build_lane_settings(settings, LABEL_TASKS).dataset_repository(task)
    with registry.fetched(registry.version(repository, a)) as folder:
        before = read_dataset(folder)
    with registry.fetched(registry.version(repository, b)) as folder:
        after = read_dataset(folder)
    print_lines(describe_diff(diff_datasets(before, after)))


def _say_retry(details: stamina.instrumentation.RetryDetails) -> None:
    err.print(f"No answer yet; trying again in {details.wait_for:.0f} s.", highlight=False)


def _task(name: str, *also: str) -> LabelTask:
    """The label task of a name; `also` are other names that the command takes."""
    for task in LABEL_TASKS:
        if task.name == name:
            return task
    raise PermanentError(
        tried=f"Looking for the label task {name!r}",
        found="there is no such task.",
        todo=f"Name one of {', '.join([*(task.name for task in LABEL_TASKS), *also])}.",
    )
