"""The command `sambodhan demo`."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from resources.profiles import Settings
from sambodhan_assets.console import out, print_lines
from sambodhan_assets.status import all_status, status_lines


def demo(
    data: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="CSV: id, grievance, department, urgency."),
    ] = None,
    typos: Annotated[
        bool, typer.Option("--typos", help="Also trains the model that corrects typos, in minutes.")
    ] = False,
) -> None:
    """Runs the whole loop twice with simulated citizens and officials.

    Everything it writes stands under SAMBODHAN_HOME. It replaces an earlier demo, never other data.
    """
    from sambodhan_assets.demo import run_demo

    with out.status("Working"):
        settings = run_demo(data, typos=typos, say=lambda line: print_lines([line]))
    # The embedding lane has a part in it only with --typos.
    states = {name: state for name, state in all_status(settings).items() if state.dataset_version}
    print_lines(["", *status_lines(states), "", *_next_steps(settings)])


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
