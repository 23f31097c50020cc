"""What the closed loop has to show, and whether it did."""

from dataclasses import dataclass

import numpy as np

from benchmarks.loop_runs import (
    CEILING,
    CORRECTIONS_ONLY,
    OURS,
    PUBLISHED,
    Scene,
)

LARGEST_LOSS = 0.02
LEAST_CLOSED = 0.7
TOLERANCE = 0.001
# A fall that nobody would call noise: twenty times the error of a mean here.
VISIBLE_FALL = 0.05


@dataclass(frozen=True, kw_only=True)
class Demand:
    """One demand and what was found."""

    demand: str
    found: str
    held: bool


def judge(scenes: list[Scene]) -> list[Demand]:
    """Hold the runs to every demand.

    Args:
        scenes: One or more labels; of each the text third, and the one without near-duplicates.
    """
    text = [scene for scene in scenes if scene.apart == "text"]
    apart = [scene for scene in scenes if scene.apart == "near-duplicate"]
    return [
        _no_loss(text),
        *(_above_floor(scene) for scene in text),
        _closed(text),
        *(_not_below_floor(scene) for scene in text),
        _above_floor_apart(apart),
        *(_published_falls(scene) for scene in text),
    ]


def _no_loss(scenes: list[Scene]) -> Demand:
    steps = [scene.worst_step(way) for scene in scenes for way in (OURS, CORRECTIONS_ONLY)]
    worst = min((step for step in steps if step is not None), default=None)
    return Demand(
        demand=f"no promotion of ours lowers true macro-F1 by more than {LARGEST_LOSS}",
        found="no promotion" if worst is None else f"the worst one changes it by {worst:+.4f}",
        held=worst is None or _rounded(worst) >= -LARGEST_LOSS,
    )


def _above_floor(scene: Scene) -> Demand:
    return Demand(
        demand=f"{scene.label}: ours ends above never retraining",
        found=scene.gain_shown(OURS),
        held=scene.gain(OURS) > 0,
    )


def _closed(scenes: list[Scene]) -> Demand:
    demand = f"ours closes {LEAST_CLOSED} of the way from never retraining to all true labels"
    shares = [scene.closed(OURS) for scene in scenes]
    measured = [share for share in shares if share is not None]
    if not measured:
        return Demand(demand=demand, found="true labels gain nothing here", held=True)
    mean = float(np.mean(measured))
    return Demand(demand=demand, found=f"{mean:.2f}", held=_rounded(mean) >= LEAST_CLOSED)


def _not_below_floor(scene: Scene) -> Demand:
    return Demand(
        demand=f"{scene.label}: with corrections only not below never retraining",
        found=scene.gain_shown(CORRECTIONS_ONLY),
        held=_rounded(scene.gain(CORRECTIONS_ONLY)) >= -TOLERANCE,
    )


def _above_floor_apart(scenes: list[Scene]) -> Demand:
    gain = float(np.mean([scene.gain(OURS) for scene in scenes]))
    each = ", ".join(f"{scene.label} {scene.gain_shown(OURS)}" for scene in scenes)
    return Demand(
        demand="without near-duplicates, in the mean of the labels, above never retraining",
        found=f"{gain:+.4f} ({each})",
        held=gain > 0,
    )


def _published_falls(scene: Scene) -> Demand:
    curve = scene.mean(PUBLISHED)
    return Demand(
        demand=f"{scene.label}: the rule f1_delta falls visibly",
        found=f"from {curve[0]:.3f} to {min(curve):.3f}; all true labels {scene.end(CEILING):.3f}",
        held=curve[0] - min(curve) >= VISIBLE_FALL,
    )


def _rounded(value: float) -> float:
    """Nine digits: 0.92 - 0.90 is a little more than 0.02."""
    return round(value, 9)
