"""The program of the closed loop: runs it over labels, worlds and seeds, prints and plots."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from benchmarks.loop_demands import Demand, judge
from benchmarks.loop_plot import plot
from benchmarks.loop_runs import (
    CORRECTIONS_ONLY,
    FLOOR,
    GATED,
    OURS,
    Order,
    Run,
    Scene,
    run_all,
    scenes_of,
)
from benchmarks.loop_ways import AUDITS_PER_CYCLE, LABELS_PER_SHEET
from sambodhan_assets.domain.gate.verdict import VerdictName
from sambodhan_assets.label_tasks import LABEL_TASKS

NAMES = {"text": "third held out by text", "near-duplicate": "third without near-duplicates"}


def main(
    data: Annotated[Path, typer.Argument(help="CSV of complaints with true labels.")],
    label: Annotated[str | None, typer.Option(help="One label task; both if not given.")] = None,
    cycles: Annotated[int, typer.Option(min=1, help="Rounds of feedback.")] = 6,
    seeds: Annotated[int, typer.Option(min=1, help="Repetitions with other draws.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    picture: Annotated[Path, typer.Option(help="Where the plot goes.")] = Path("closed_loop.png"),
) -> None:
    """Run, print, plot, and end with status 1 if a demand did not hold."""
    labels = [task.name for task in LABEL_TASKS if label in (None, task.name)]
    if not labels:
        known = ", ".join(task.name for task in LABEL_TASKS)
        raise typer.BadParameter(f"there is no label task {label!r}; known are {known}")
    orders = [
        Order(data=str(data), label=name, apart=apart, cycles=cycles, seed=seed)
        for name in labels
        for apart in ("text", "near-duplicate")
        for seed in range(seeds)
    ]
    start = time.monotonic()
    runs = run_all(orders, lambda done: typer.echo(f"run {done} of {len(orders)}", err=True))
    seconds = time.monotonic() - start
    scenes = scenes_of(runs)
    demands = judge(scenes)
    plot(scenes, picture)
    if as_json:
        print(json.dumps(_as_json(runs, demands, seconds), indent=2))
    else:
        print(_as_text(scenes, demands, seconds))
    if not all(demand.held for demand in demands):
        raise typer.Exit(1)


def _as_json(runs: list[Run], demands: list[Demand], seconds: float) -> dict[str, Any]:
    return {
        "seconds": seconds,
        "cores": psutil.cpu_count(),
        "audits_per_cycle": AUDITS_PER_CYCLE,
        "labels_per_sheet": LABELS_PER_SHEET,
        "runs": [_without_path(asdict(run)) for run in runs],
        "demands": [asdict(demand) for demand in demands],
    }


def _without_path(run: dict[str, Any]) -> dict[str, Any]:
    """Where the data lie on this machine says nothing to others."""
    return run | {"order": {key: run["order"][key] for key in ("label", "apart", "cycles", "seed")}}


def _as_text(scenes: list[Scene], demands: list[Demand], seconds: float) -> str:
    parts = [table(scene) for scene in scenes]
    parts.append(
        "\n".join(
            f"{demand.demand}: {demand.found}: {'held' if demand.held else 'MISSED'}"
            for demand in demands
        )
    )
    parts.append(f"{seconds:.0f} s on {psutil.cpu_count()} cores.")
    return "\n\n".join(parts)


def table(scene: Scene) -> str:
    """True macro-F1 per cycle with its standard error, and what each way deployed."""
    width = max(map(len, scene.ways)) + 3
    lines = [f"{scene.label}, {NAMES[scene.apart]}, {len(scene.runs)} seeds: true macro-F1"]
    lines.append("cycle" + "".join(f"{way:>{width}}" for way in scene.ways))
    for cycle in range(len(scene.mean(FLOOR))):
        cells = (_cell(scene, way, cycle) for way in scene.ways)
        lines.append(f"{cycle:5}" + "".join(f"{cell:>{width}}" for cell in cells))
    for way in GATED:
        if way in scene.ways:
            lines += [_outcome(scene, way), _by_cycle(scene, way)]
    return "\n".join(lines)


def _cell(scene: Scene, way: str, cycle: int) -> str:
    error = scene.error(way)
    mean = f"{scene.mean(way)[cycle]:.3f}"
    return mean if error is None else f"{mean} ±{error[cycle]:.3f}"


def _by_cycle(scene: Scene, way: str) -> str:
    """Promotions of all seeds, cycle after cycle, and how many of each were truly worse."""
    cycles = zip(*(run.steps[way] for run in scene.runs), strict=True)
    cells = (
        f"{sum(step.promoted for step in steps)} ({sum(step.truly_worse for step in steps)})"
        for steps in cycles
    )
    return f"  promoted (truly worse) by cycle: {', '.join(cells)}"


def _outcome(scene: Scene, way: str) -> str:
    promotions = scene.promotions(way)
    steps = [step for run in scene.runs for step in run.steps[way]]
    false = sum(step.truly_worse for step in steps)
    held = sum(step.verdict == VerdictName.HOLD for step in steps)
    sheets = sum(step.sheet for step in steps) / len(scene.runs)
    worst, closed = scene.worst_step(way), scene.closed(way)
    line = f"{way}: {len(promotions)} of {len(steps)} promoted, {false} of them truly worse"
    if worst is not None:
        line += f" (worst step {worst:+.4f})"
    if way in (OURS, CORRECTIONS_ONLY):
        line += f", {held} held, {sheets:.0f} disagreements labelled a run"
    return line + ("." if closed is None else f"; {closed:.2f} of the gap closed.")
