"""Draws the curves of the closed loop."""

from pathlib import Path
from typing import Any

from benchmarks.loop_runs import CEILING, CORRECTIONS_ONLY, FLOOR, OURS, PUBLISHED, Scene

COLOURS = {
    OURS: "tab:blue",
    CORRECTIONS_ONLY: "tab:cyan",
    PUBLISHED: "tab:red",
    FLOOR: "tab:grey",
    CEILING: "black",
}


def plot(scenes: list[Scene], path: Path) -> None:
    """Mean true macro-F1 with its standard error: one row per scene, on the right without f1_delta.

    Beside its fall all other curves would be one line.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4 * len(scenes)), layout="constrained")
    panels = figure.subplots(len(scenes), 2, squeeze=False)
    for scene, (whole, close) in zip(scenes, panels, strict=True):
        _draw(whole, scene, scene.ways)
        _draw(close, scene, tuple(way for way in scene.ways if way != PUBLISHED))
        whole.set_ylim(0, 1)
    panels[0][0].legend(loc="lower left")
    figure.savefig(path, dpi=100)


def _draw(panel: Any, scene: Scene, ways: tuple[str, ...]) -> None:
    for way in ways:
        panel.errorbar(
            range(len(scene.mean(way))),
            scene.mean(way),
            yerr=scene.error(way),
            label=way,
            color=COLOURS[way],
            linestyle="--" if way in (FLOOR, CEILING) else "-",
            capsize=2,
        )
    panel.set_title(f"{scene.label}, third held out by {scene.apart}")
    panel.set_xlabel("cycle")
    panel.set_ylabel("true macro-F1")
    panel.grid(alpha=0.3)
