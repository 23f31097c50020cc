"""Runs a job in a process that stops right after a publication: it dies, or waits for a line.

python -m tests.lane_child department_pipeline dataset die
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Literal

import dagster as dg

from resources.registry.folder import FolderRegistry
from tests.lane_world import ROOT, World, child_environment

Stop = Literal["die", "wait"]


def start(world: World, job: str, *, after: str, stop: Stop) -> subprocess.Popen[str]:
    """Starts the job; it stops after publishing a version of that kind."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.lane_child", job, after, stop],
        cwd=ROOT,
        env=child_environment(world),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def die() -> None:
    """Ends this process as nothing can prevent."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(job: str, after: str, stop: str, run_config: Mapping[str, Any] | None = None) -> int:
    publish = FolderRegistry.publish

    def publish_and_stop(self, repository, folder, publication):
        version = publish(self, repository, folder, publication)
        if repository.kind == after and stop == "die":
            die()
        if repository.kind == after:
            sys.stdout.write(f"{publication.run_id}\n")
            sys.stdout.flush()
            sys.stdin.readline()
        return version

    FolderRegistry.publish = publish_and_stop
    from sambodhan_assets.definitions import defs

    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance, run_config=run_config, raise_on_error=False
        )
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
