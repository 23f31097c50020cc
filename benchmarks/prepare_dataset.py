"""Measures how a dataset is prepared: `python -m benchmarks.prepare_dataset --rows 1000000`.

It builds a database, prepares one dataset in the platform's way and in the plain way, each run in a
fresh process, and says for every demand whether it held.
"""

import json
import platform
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from benchmarks.cleaner import ADVERSARIAL_TEXTS, differences
from benchmarks.complaint_database import CORRECTED_ONE_IN, database_of
from benchmarks.measure import Measurement, measure, middle

# In this order within each round; `ours_fetch` comes first because COPY needs the ids it leaves.
WAYS = {
    "ours_fetch": "fetching, ours",
    "plain_fetch": "fetching, plain",
    "copy_by_id": "COPY of our rows by id",
    "ours": "whole way, ours",
    "plain": "whole way, plain",
}
RUNS_FOR_HASH = 3


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is demanded at a size of the table.

    Attributes:
        whole: How many times faster than the plain way, from the database to the written version.
        fetch: The same for fetching alone.
        peak_mib: Most memory of our process.
    """

    whole: float
    fetch: float
    peak_mib: float


LIMITS = {
    1_000_000: Limits(whole=3, fetch=5, peak_mib=400),
    5_000_000: Limits(whole=5, fetch=8, peak_mib=800),
}


@dataclass(frozen=True, kw_only=True)
class Demand:
    """One demand and what was found.

    Attributes:
        demand: In words.
        found: In words.
        held: None if nothing is demanded at this size.
    """

    demand: str
    found: str
    held: bool | None


def main(
    rows: Annotated[int, typer.Option(help="Complaints in the database.")] = 100_000,
    runs: Annotated[int, typer.Option(help="Runs of each way; medians are shown.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure, print, and end with status 1 if a demand did not hold."""
    measured, hashes = run_all(rows, runs)
    demands = judge(rows, measured, hashes, differences())
    if as_json:
        print(json.dumps(_as_json(rows, runs, measured, demands), indent=2))
    else:
        print(_as_text(rows, runs, measured, demands))
    if any(demand.held is False for demand in demands):
        raise typer.Exit(1)


def run_all(rows: int, runs: int) -> tuple[dict[str, Measurement], list[str]]:
    """Build the database and run all ways in turn.

    Returns:
        The medians per way, and the content hash of each of our datasets.
    """
    taken: dict[str, list[Measurement]] = {way: [] for way in WAYS}
    with database_of(rows) as (url, server), tempfile.TemporaryDirectory() as folder:
        ids = Path(folder) / "ids.parquet"
        for _ in range(runs):
            for way in WAYS:
                taken[way].append(measure(way, url, server, ids=ids))
        repeated = [
            measure("ours", url, server, ids=ids) for _ in range(RUNS_FOR_HASH - len(taken["ours"]))
        ]
    hashes = [run.facts["content_hash"] for run in [*taken["ours"], *repeated]]
    return {way: middle(runs) for way, runs in taken.items()}, hashes


def judge(
    rows: int, measured: dict[str, Measurement], hashes: list[str], cleaner_differences: int
) -> list[Demand]:
    """Compare what was measured with what is demanded at this size."""
    limits = LIMITS.get(rows)
    whole, fetch = _ratio(measured, "plain", "ours"), _ratio(measured, "plain_fetch", "ours_fetch")
    peak = measured["ours"].peak_mib
    return [
        Demand(
            demand=_at_least("whole way", limits and limits.whole),
            found=f"{whole:.1f} times faster",
            held=limits and whole >= limits.whole,
        ),
        Demand(
            demand=_at_least("fetching alone", limits and limits.fetch),
            found=f"{fetch:.1f} times faster",
            held=limits and fetch >= limits.fetch,
        ),
        Demand(
            demand=f"peak memory at most {limits.peak_mib:.0f} MiB" if limits else "peak memory",
            found=f"{peak:.0f} MiB, the plain way {measured['plain'].peak_mib:.0f} MiB",
            held=limits and peak <= limits.peak_mib,
        ),
        Demand(
            demand="every preparation of one state has one content hash",
            found=f"{len(set(hashes))} hash in {len(hashes)} runs",
            held=len(set(hashes)) == 1,
        ),
        Demand(
            demand=f"cleaner and substitutions agree on {ADVERSARIAL_TEXTS:,} adversarial strings",
            found=f"{cleaner_differences} differences",
            held=cleaner_differences == 0,
        ),
    ]


def _ratio(measured: dict[str, Measurement], slow: str, fast: str) -> float:
    return measured[slow].job_seconds / measured[fast].job_seconds


def _at_least(what: str, times: float | None) -> str:
    return what if times is None else f"{what} at least {times:.0f} times faster"


def _as_json(
    rows: int, runs: int, measured: dict[str, Measurement], demands: list[Demand]
) -> dict[str, Any]:
    return {
        "rows": rows,
        "corrected_one_in": CORRECTED_ONE_IN,
        "runs": runs,
        "machine": _machine(),
        "measured": {way: asdict(measurement) for way, measurement in measured.items()},
        "demands": [asdict(demand) for demand in demands],
    }


def _as_text(rows: int, runs: int, measured: dict[str, Measurement], demands: list[Demand]) -> str:
    columns = ("job s", "process s", "client CPU", "server CPU", "peak MiB")
    lines = [
        f"{rows:,} complaints, one in {CORRECTED_ONE_IN} corrected. {_machine()}.",
        f"Medians of {runs} runs.",
        "",
        " " * 24 + "".join(f"{column:>12}" for column in columns),
    ]
    for way, name in WAYS.items():
        m = measured[way]
        lines.append(
            f"{name:24}{m.job_seconds:12.2f}{m.process_seconds:12.2f}{m.job_cpu_seconds:12.2f}"
            f"{m.server_cpu_seconds:12.2f}{m.peak_mib:12.0f}"
        )
    work = measured["plain"].cpu_seconds / measured["ours"].cpu_seconds
    floor = _ratio(measured, "ours_fetch", "copy_by_id")
    facts = measured["ours"].facts
    stages = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in facts["stages"].items())
    lines += [
        "",
        f"The plain way takes {work:.1f} times our processor time, client and server together.",
        f"Our fetching takes {floor:.1f} times as long as COPY of the same rows by known ids.",
        f"One of our runs: {facts['rows_read']:,} rows read, {stages}.",
        "",
    ]
    words = {True: "held", False: "MISSED", None: "no demand at this size"}
    lines += [f"{d.demand}: {d.found}: {words[d.held]}" for d in demands]
    return "\n".join(lines)


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


if __name__ == "__main__":
    typer.run(main)
