"""Leases: two runs of one task never work at the same time, and one model trains at a time.

Not a pool of Dagster's: the slot of a killed run would stay taken until a daemon gives the run up
after a day, and a run of the command line would wait for it for ever.
"""

import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout
from pydantic import Field, PrivateAttr

from sambodhan_assets.domain.errors import TransientError

# The lock of training, beside those of the tasks; a task's name is an identifier, so none is equal.
_TRAINING = "-training-"
POLL_SECONDS = 0.5
PROBE_SECONDS = 1.0


class TaskLeases(dg.ConfigurableResource):
    """Leases held by this process from its first stage until its run ends.

    The operating system frees a lease when the process dies, so a killed run blocks nobody.
    """

    home: str = Field(description="Folder of all local state; leases are shared by its users.")
    _locks: dict[str, FileLock] = PrivateAttr(default_factory=dict)
    _markers: dict[str, Path] = PrivateAttr(default_factory=dict)

    def hold(self, task_name: str, *, run_id: str) -> None:
        """Takes the lease of a task, or keeps it if this run holds it.

        Raises:
            TransientError: Another run holds it; the error says which.
        """
        if task_name in self._locks:
            return
        lock, holder = self._files(task_name)
        try:
            # `lost_runs` of another process holds it for a moment.
            lock.acquire(timeout=PROBE_SECONDS)
        except Timeout as error:
            raise TransientError(
                tried=f"Starting a stage of {task_name} in run {run_id}",
                found=f"another run works on {task_name}: {_describe(holder)}.",
                todo="Wait until it ends, then run again.",
            ) from error
        self._locks[task_name] = lock
        _sign(holder, run_id)
        # After the holder: `lost_runs` takes a run for dead whose marker the holder does not name.
        self._markers[task_name] = self._folder / task_name / f"{run_id}.json"
        _sign(self._markers[task_name], run_id)

    def is_held(self, task_name: str) -> bool:
        """Whether a run works on a task now, in this process or in another one."""
        if task_name in self._locks:
            return True
        lock, _ = self._files(task_name)
        try:
            with lock.acquire(timeout=0):
                return False
        except Timeout:
            return True

    def holds(self, task_name: str) -> bool:
        """Whether this process holds the lease of a task."""
        return task_name in self._locks

    @contextmanager
    def training(self, *, run_id: str, on_wait: Callable[[str], None]) -> Generator[None]:
        """Lets one model train at a time: two transformers do not fit into one GPU or memory.

        Args:
            run_id: The run that wants to train.
            on_wait: Told in words which run trains, if this one has to wait for it.
        """
        lock, holder = self._files(_TRAINING)
        try:
            held = lock.acquire(timeout=0)
        except Timeout:
            on_wait(f"Waiting until another model is trained: {_describe(holder)}.")
            held = lock.acquire(poll_interval=POLL_SECONDS)
        with held:
            _sign(holder, run_id)
            yield

    def release(self) -> None:
        """Gives back all leases of this process."""
        for marker in self._markers.values():
            marker.unlink(missing_ok=True)
        for lock in self._locks.values():
            lock.release()
        self._markers.clear()
        self._locks.clear()

    def holder(self, task_name: str) -> str | None:
        """Which run works on a task, in words; None if none does."""
        lock, holder = self._files(task_name)
        try:
            with lock.acquire(timeout=0):
                return None
        except Timeout:
            return _describe(holder)

    def lost_runs(self) -> list[str]:
        """Runs whose process died while it held a lease: it left its marker behind."""
        markers = self._folder.glob("*/*.json")
        return sorted({marker.stem for marker in markers if self._is_orphaned(marker)})

    def forget(self, run_id: str) -> None:
        """Removes the markers of a run that is dealt with."""
        for marker in self._folder.glob(f"*/{run_id}.json"):
            marker.unlink(missing_ok=True)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Called by Dagster when the run, or the step's process, ends in whatever way."""
        self.release()

    @property
    def _folder(self) -> Path:
        return Path(self.home) / "leases"

    def _files(self, name: str) -> tuple[FileLock, Path]:
        self._folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self._folder / f"{name}.lock"), self._folder / f"{name}.json"

    def _is_orphaned(self, marker: Path) -> bool:
        lock, holder = self._files(marker.parent.name)
        try:
            with lock.acquire(timeout=0):
                return marker.exists()
        except Timeout:
            record = _read(holder)
            # A run that ended since then removed its marker before it gave the lease back.
            return record is not None and record["run"] != marker.stem and marker.exists()


def _sign(holder: Path, run_id: str) -> None:
    record = {"run": run_id, "process": os.getpid(), "since": _now()}
    holder.parent.mkdir(exist_ok=True)
    holder.write_text(json.dumps(record), encoding="utf-8")


def _read(holder: Path) -> dict[str, str] | None:
    # The holder writes this file just after it took the lock: it may not be there yet.
    try:
        return json.loads(holder.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _describe(holder: Path) -> str:
    record = _read(holder)
    if record is None:
        return "it has just started"
    return f"run {record['run']}, process {record['process']}, since {record['since']}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
