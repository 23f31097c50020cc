"""Runs every way of the closed loop in one world, and collects runs over worlds and seeds."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.loop_ways import (
    AUDITS_PER_CYCLE,
    LABELS_PER_SHEET,
    Step,
    all_true_labels,
    ours,
    published,
)
from benchmarks.loop_worlds import Apart, draw_world, read_complaints
from sambodhan_assets.label_tasks import LABEL_TASKS

OURS, CORRECTIONS_ONLY, PUBLISHED = "ours", "corrections only", "f1_delta"
FLOOR, CEILING = "never retraining", "all true labels"
GATED = (OURS, CORRECTIONS_ONLY, PUBLISHED)
# Each process holds one core.
PROCESSES = 2


@dataclass(frozen=True, kw_only=True)
class Order:
    """One run, as a fresh process gets it."""

    data: str
    label: str
    apart: Apart
    cycles: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Run:
    """All ways in one world.

    Attributes:
        order: Which world.
        curves: True macro-F1 per way: of the first model, then at the end of each cycle. Of the
            ceiling the first entry is that of the first model too.
        steps: What happened in each cycle, for the ways that promote.
    """

    order: Order
    curves: dict[str, list[float]]
    steps: dict[str, list[Step]]


def run(order: Order) -> Run:
    """Run all ways; the third without near-duplicates is not asked what corrections alone do."""
    task = next(task for task in LABEL_TASKS if task.name == order.label)
    complaints = read_complaints(Path(order.data), task)
    world = draw_world(complaints, task, apart=order.apart, cycles=order.cycles, seed=order.seed)
    ways: dict[str, Callable[[], Iterator[Step]]] = {
        OURS: lambda: ours(world, seed=order.seed, audits=AUDITS_PER_CYCLE, sheet=LABELS_PER_SHEET),
        CORRECTIONS_ONLY: lambda: ours(world, seed=order.seed, audits=0, sheet=0),
        PUBLISHED: lambda: published(world, seed=order.seed),
    }
    if order.apart != "text":
        del ways[CORRECTIONS_ONLY]
    steps = {way: list(steps()) for way, steps in ways.items()}
    first = steps[OURS][0].before
    curves = {way: [first, *(step.after for step in taken)] for way, taken in steps.items()}
    curves[FLOOR] = [first] * (order.cycles + 1)
    curves[CEILING] = [first, *all_true_labels(world)]
    return Run(order=order, curves=curves, steps=steps)


def run_all(orders: list[Order], on_run: Callable[[int], None]) -> list[Run]:
    """Run them in PROCESSES processes; the result has the order of `orders`.

    Args:
        orders: What to run.
        on_run: Receives the number of finished runs after each.
    """
    # Spawned, so that a run has nothing of this process and two runs nothing of each other.
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(run, order) for order in orders]
        for done, _ in enumerate(as_completed(futures), start=1):
            on_run(done)
        return [future.result() for future in futures]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The runs of one label and one kind of held-out third, one per seed."""

    label: str
    apart: Apart
    runs: tuple[Run, ...]

    @property
    def ways(self) -> tuple[str, ...]:
        """Ways with a curve."""
        return tuple(self.runs[0].curves)

    def mean(self, way: str) -> list[float]:
        """Mean over seeds, per cycle from 0."""
        return np.mean([run.curves[way] for run in self.runs], axis=0).tolist()

    def error(self, way: str) -> list[float] | None:
        """Standard error of that mean; None for one seed."""
        if len(self.runs) == 1:
            return None
        curves = np.array([run.curves[way] for run in self.runs])
        return (curves.std(axis=0, ddof=1) / np.sqrt(len(curves))).tolist()

    def end(self, way: str) -> float:
        """Mean after the last cycle."""
        return self.mean(way)[-1]

    def gain(self, way: str) -> float:
        """Mean after the last cycle, minus that of never retraining."""
        return self.end(way) - self.end(FLOOR)

    def gain_shown(self, way: str) -> str:
        """The same in words; its error is smaller than that of either, for seeds are paired."""
        gains = [run.curves[way][-1] - run.curves[FLOOR][-1] for run in self.runs]
        if len(gains) == 1:
            return f"{self.gain(way):+.4f}"
        return f"{self.gain(way):+.4f} ±{np.std(gains, ddof=1) / np.sqrt(len(gains)):.4f}"

    def closed(self, way: str) -> float | None:
        """Share of floor to ceiling that the way closes; None where there is nothing to close."""
        reachable = self.end(CEILING) - self.end(FLOOR)
        return self.gain(way) / reachable if reachable > 0 else None

    def promotions(self, way: str) -> list[Step]:
        """Steps that deployed a candidate."""
        return [step for run in self.runs for step in run.steps[way] if step.promoted]

    def worst_step(self, way: str) -> float | None:
        """Smallest gain of a promotion; None without one."""
        return min((step.after - step.before for step in self.promotions(way)), default=None)


def scenes_of(runs: list[Run]) -> list[Scene]:
    """Group runs by label and kind of third, in the order in which they come."""
    grouped: dict[tuple[str, Apart], list[Run]] = {}
    for finished in runs:
        order = finished.order
        grouped.setdefault((order.label, order.apart), []).append(finished)
    return [
        Scene(label=label, apart=apart, runs=tuple(found))
        for (label, apart), found in grouped.items()
    ]
