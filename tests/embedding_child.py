"""Runs the embedding lane in a process that kills itself: in training, or after a publication.

python -m tests.embedding_child training
"""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from tests import lane_child
from tests.lane_world import ROOT, World, child_environment
from tests.typo_worlds import JOB, LONG, run_config


def start(world: World, *, after: str) -> subprocess.Popen[str]:
    """Starts the job; it dies at a point of it."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.embedding_child", after],
        cwd=ROOT,
        env={**child_environment(world), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _die_at_the_first_evaluation() -> None:
    from sambodhan_assets.domain.embedding import training

    build = training.build_evaluator

    def build_and_die(dataset: Any, evaluations: Any, on_log: Callable[[str], None]) -> Any:
        return build(dataset, evaluations, lambda _: lane_child.die())

    training.build_evaluator = build_and_die


def main(after: str) -> int:
    if after == "training":
        _die_at_the_first_evaluation()
    return lane_child.main(JOB, after, "die", run_config(LONG))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
