"""Which live processes use a shared server, kept in a small file beside it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class ServerUsers:
    """The processes that use one server; call every method with the server's lock held.

    A process id alone is not enough: a killed process never leaves, and its id comes back. Its
    start time tells the two apart.

    Attributes:
        path: JSON file, a list of [process id, start time in seconds since the epoch].
    """

    path: Path

    def join(self) -> None:
        """Adds this process."""
        self._write({*self.others(), _identity(psutil.Process())})

    def leave(self) -> None:
        """Removes this process."""
        self._write(self.others())

    def others(self) -> set[tuple[int, float]]:
        """Every other process that joined and still lives."""
        if not self.path.exists():
            return set()
        entries = {(int(pid), float(start)) for pid, start in json.loads(self.path.read_text())}
        return {entry for entry in entries if entry[0] != os.getpid() and _lives(*entry)}

    def _write(self, entries: set[tuple[int, float]]) -> None:
        # A rename, so that a process killed here leaves a whole file behind.
        draft = self.path.with_name(f"{self.path.name}.draft")
        draft.write_text(json.dumps(sorted(entries)))
        draft.replace(self.path)


def _identity(process: psutil.Process) -> tuple[int, float]:
    return process.pid, round(process.create_time(), 2)


def _lives(pid: int, start: float) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - start) < 1
    except psutil.NoSuchProcess:
        return False
