"""A lease per label task: two runs of one task never work at the same time."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout
from pydantic import Field, PrivateAttr

from sambodhan_assets.domain.errors import TransientError


class TaskLeases(dg.ConfigurableResource):
    """Leases held by this process from its first stage until its run ends.

    The operating system frees a lease when the process dies, so a killed run blocks nobody.
    """

    home: str = Field(description="Folder of all local state; leases are shared by its users.")
    _locks: dict[str, FileLock] = PrivateAttr(default_factory=dict)

    def hold(self, task_name: str, *, run_id: str) -> None:
        """Takes the lease of a task, or keeps it if this run holds it.

        Raises:
            TransientError: Another run holds it; the error says which.
        """
        if task_name in self._locks:
            return
        folder = Path(self.home) / "leases"
        folder.mkdir(parents=True, exist_ok=True)
        holder = folder / f"{task_name}.json"
        lock = FileLock(folder / f"{task_name}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise TransientError(
                tried=f"Starting a stage of {task_name} in run {run_id}",
                found=f"another run works on {task_name}: {_describe(holder)}.",
                todo="Wait until it ends, then run again.",
            ) from error
        self._locks[task_name] = lock
        record = {"run": run_id, "process": os.getpid(), "since": _now()}
        holder.write_text(json.dumps(record), encoding="utf-8")

    def release(self) -> None:
        """Gives back all leases of this process."""
        for lock in self._locks.values():
            lock.release()
        self._locks.clear()

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Called by Dagster when the run, or the step's process, ends in whatever way."""
        self.release()


def _describe(holder: Path) -> str:
    # The holder writes this file just after it took the lock: it may not be there yet.
    try:
        record = json.loads(holder.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return "it has just started"
    return f"run {record['run']}, process {record['process']}, since {record['since']}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
