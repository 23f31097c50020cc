"""Draws the curves of the closed loop."""

from pathlib import Path

from benchmarks.loop_runs import CEILING, CORRECTIONS_ONLY, FLOOR, OURS, PUBLISHED, Scene

COLOURS = {
    OURS: "tab:blue",
    CORRECTIONS_ONLY: "tab:cyan",
    PUBLISHED: "tab:red",
    FLOOR: "tab:grey",
    CEILING: "black",
}


def plot(scenes: list[Scene], path: Path) -> None:
    """One panel per scene: mean true macro-F1 with its standard error over cycles."""
    from matplotlib.figure import Figure

    # Labels as rows, kinds of held-out thirds as columns.
    labels = list(dict.fromkeys(scene.label for scene in scenes))
    kinds = list(dict.fromkeys(scene.apart for scene in scenes))
    figure = Figure(figsize=(6 * len(kinds), 4 * len(labels)), layout="constrained")
    panels = figure.subplots(len(labels), len(kinds), squeeze=False)
    for scene in scenes:
        panel = panels[labels.index(scene.label)][kinds.index(scene.apart)]
        for way in scene.ways:
            cycles = range(len(scene.mean(way)))
            panel.errorbar(
                cycles,
                scene.mean(way),
                yerr=scene.error(way),
                label=way,
                color=COLOURS[way],
                linestyle="--" if way in (FLOOR, CEILING) else "-",
                capsize=2,
            )
        panel.set_title(
            f"{scene.label}, {'text' if scene.apart == 'text' else 'no near-duplicates'}"
        )
        panel.set_xlabel("cycle")
        panel.set_ylabel("true macro-F1")
        panel.set_ylim(0, 1)
        panel.grid(alpha=0.3)
    panels[0][0].legend(loc="lower left")
    figure.savefig(path, dpi=120)
