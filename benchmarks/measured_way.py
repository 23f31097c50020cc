"""One measured way in a process of its own: `python -m benchmarks.measured_way ORDER.json`.

Everything is imported before the clock starts. The last line that it prints is a JSON object.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sambodhan_assets.label_tasks import LABEL_TASKS

TASK = LABEL_TASKS[0]
# What the platform does where nothing is set.
CORRECT_RATIO, REPLAY_MAX, WINDOW_MAX, SEED = 0.5, 20_000, 20_000, 42

# Does the work and returns what is to be known of it.
Job = Callable[[], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a process shall do.

    Attributes:
        way: A key of WAYS.
        url: Address of the database.
        folder: An empty folder for what it writes.
        ids: A Parquet file with the ids that COPY reads.
    """

    way: str
    url: str
    folder: str
    ids: str


def ours(order: Order) -> Job:
    """The platform's way: snapshot, dataset, and its version in a folder registry."""
    from resources.registry.base import Publication, Repository
    from resources.registry.folder import FolderRegistry
    from sambodhan_assets.domain.dataset.balanced import build_balanced_dataset
    from sambodhan_assets.domain.dataset.files import content_files, write_dataset
    from sambodhan_assets.domain.dataset.preparation import PreparationSettings

    take = _snapshot(order)
    registry = FolderRegistry(url=f"{order.folder}/registry")
    repository = Repository(kind="dataset", name="benchmark")
    prepared = Path(order.folder) / "prepared"

    def job() -> dict[str, Any]:
        stages = _Stages()
        snapshot = take()
        stages.end("fetch")
        dataset = build_balanced_dataset(
            snapshot,
            labels=TASK.labels,
            settings=PreparationSettings(replay_max=REPLAY_MAX),
            parent_assignments=None,
        )
        stages.end("build")
        write_dataset(dataset, TASK.labels, prepared)
        named = content_files(prepared)
        publication = Publication(run_id="benchmark", content_files=named, details={})
        version = registry.publish(repository, prepared, publication)
        stages.end("write")
        return {
            "rows_read": snapshot.rows.num_rows,
            "content_hash": version.content_hash,
            "sampler": snapshot.report.sampler,
            "rows_by_split": dataset.report.rows_by_split,
            "near_duplicate_rows": dataset.report.near_duplicate_rows,
            "stages": stages.seconds,
        }

    return job


def ours_fetch(order: Order) -> Job:
    """The platform's snapshot alone; it leaves the ids of its rows for COPY."""
    import pyarrow.parquet as pq

    take = _snapshot(order)

    def job() -> dict[str, Any]:
        rows = take().rows
        if not Path(order.ids).exists():
            pq.write_table(rows.select(["complaint_id"]), order.ids)
        return {"rows_read": rows.num_rows}

    return job


def plain(order: Order) -> Job:
    """The plain way: every row into pandas, and scikit-learn's split."""
    from benchmarks import plain_preparation

    def job() -> dict[str, Any]:
        splits = plain_preparation.prepare(order.url, TASK, Path(order.folder))
        return {"rows_by_split": {name: len(rows) for name, rows in splits.items()}}

    return job


def plain_fetch(order: Order) -> Job:
    """Reading and sampling of the plain way."""
    from benchmarks import plain_preparation

    return lambda: {"rows_read": len(plain_preparation.fetch(order.url, TASK))}


def copy_by_id(order: Order) -> Job:
    """The floor: PostgreSQL's own COPY of the snapshot's rows, whose ids are known, to a file."""
    import psycopg
    import pyarrow.parquet as pq

    address = order.url.replace("postgresql+psycopg:", "postgresql:")
    ids = ",".join(map(str, pq.read_table(order.ids)["complaint_id"].to_pylist()))
    statement = (
        f"COPY (SELECT id, message, {TASK.column} FROM complaints"
        f" WHERE id = ANY('{{{ids}}}')) TO STDOUT"
    )

    def job() -> dict[str, Any]:
        with (
            psycopg.connect(address) as connection,
            (Path(order.folder) / "rows.tsv").open("wb") as file,
            connection.cursor().copy(statement.encode()) as copy,
        ):
            for block in copy:
                file.write(block)
        return {"rows_read": ids.count(",") + 1}

    return job


WAYS: dict[str, Callable[[Order], Job]] = {
    "ours": ours,
    "plain": plain,
    "ours_fetch": ours_fetch,
    "plain_fetch": plain_fetch,
    "copy_by_id": copy_by_id,
}


def _snapshot(order: Order) -> Callable[[], Any]:
    from resources.feedback_store import FeedbackStore

    store = FeedbackStore(url=order.url, home=order.folder)
    return lambda: store.snapshot(
        TASK,
        correct_ratio=CORRECT_RATIO,
        replay_max=REPLAY_MAX,
        window_after_id=None,
        window_max=WINDOW_MAX,
        seed=SEED,
    )


def _import_late_libraries() -> None:
    """Import what SQLAlchemy, pandas and pyarrow import at their first use, for every way."""
    for name in ("pandas", "psycopg", "pyarrow.compute", "pyarrow.parquet"):
        import_module(name)


class _Stages:
    """Seconds of the stages of a job, one after the other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = time.perf_counter()

    def end(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = now - self._start
        self._start = now


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak_mib() -> float:
    # Not ru_maxrss: it begins with the peak of the process that started this one.
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Do what the order file says."""
    order = Order(**json.loads(Path(sys.argv[1]).read_text()))
    _import_late_libraries()
    job = WAYS[order.way](order)
    cpu, start = _cpu_seconds(), time.perf_counter()
    facts = job()
    measured = {
        "job_seconds": time.perf_counter() - start,
        "job_cpu_seconds": _cpu_seconds() - cpu,
        "peak_mib": _peak_mib(),
    }
    print(json.dumps(measured | {"facts": facts}))


if __name__ == "__main__":
    main()
