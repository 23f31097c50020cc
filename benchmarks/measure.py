"""Runs one way in a fresh process and measures time, processor and memory of client and server."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measured_way import Order
from resources.postgres.process import live_postmaster

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One run of one way.

    Attributes:
        job_seconds: Wall time of the job, without the interpreter's start and imports.
        process_seconds: Wall time of the whole process.
        job_cpu_seconds: Processor time of the job in the client.
        server_cpu_seconds: Processor time of PostgreSQL meanwhile.
        peak_mib: Most memory that the process held at once, imports included.
        facts: What the way tells of its result.
    """

    job_seconds: float
    process_seconds: float
    job_cpu_seconds: float
    server_cpu_seconds: float
    peak_mib: float
    facts: dict[str, Any]

    @property
    def cpu_seconds(self) -> float:
        """Processor time of client and server together."""
        return self.job_cpu_seconds + self.server_cpu_seconds


def measure(way: str, url: str, server: Path, *, ids: Path) -> Measurement:
    """Run a way once.

    Args:
        way: A key of `measured_way.WAYS`.
        url: Address of the database.
        server: Data folder of its server.
        ids: File in which `ours_fetch` leaves ids for `copy_by_id`.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        out.mkdir()
        order = Order(way=way, url=url, folder=str(out), ids=str(ids))
        file = Path(folder) / "order.json"
        file.write_text(json.dumps(asdict(order)))
        cpu, start = _server_cpu(server), time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.measured_way", str(file)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        seconds = time.perf_counter() - start
        return Measurement(
            process_seconds=seconds,
            server_cpu_seconds=_server_cpu(server) - cpu,
            **json.loads(done.stdout.splitlines()[-1]),
        )


def middle(runs: list[Measurement]) -> Measurement:
    """The median of each number; the facts are those of the first run."""
    names = [name for name in Measurement.__dataclass_fields__ if name != "facts"]
    medians = {name: median(getattr(run, name) for run in runs) for name in names}
    return Measurement(**medians, facts=runs[0].facts)


def _server_cpu(folder: Path) -> float:
    """Seconds of the server's main process, and of its children that have ended or still run."""
    postmaster = live_postmaster(folder)
    if postmaster is None:
        raise RuntimeError(f"no server runs in {folder}")
    own = postmaster.cpu_times()
    running = [child.cpu_times() for child in postmaster.children()]
    ended = own.children_user + own.children_system
    return own.user + own.system + ended + sum(times.user + times.system for times in running)
