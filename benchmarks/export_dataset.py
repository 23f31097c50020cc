"""Measures an export: `python -m benchmarks.export_dataset --rows 1000000`.

It publishes a dataset version of generated texts, then runs the job export_dataset in a fresh
process, with personal data looked for and redacted, and says for every demand whether it held.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.generated_texts import generate_texts
from resources.registry.base import Publication, Repository
from resources.registry.folder import FolderRegistry
from sambodhan_assets.domain.dataset.cleaning import clean_text, text_key
from sambodhan_assets.domain.dataset.files import LABEL_MAP_FILE, LINEAGE_FILE, SPLIT_FILES
from sambodhan_assets.domain.dataset.tables import LABELLED_SCHEMA, LINEAGE_SCHEMA
from sambodhan_assets.label_tasks import LABEL_TASKS

TASK = LABEL_TASKS[1]
SEED = 42
PEAK_MIB = 500
# One text in twenty holds a phone number; more than citizens write.
WITH_NUMBER = 0.05
_BATCH = 10_000


def main(
    rows: Annotated[int, typer.Option(help="Rows of the dataset version.")] = 100_000,
    child: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Measure, print, and end with status 1 if a demand did not hold."""
    if child:
        print(json.dumps(run_job()))
        return
    with tempfile.TemporaryDirectory(prefix="export-benchmark-") as home:
        publish(Path(home), rows)
        found = measured(Path(home))
        files = sorted((Path(home) / "exports/v0.1.0").iterdir())
        sizes = {file.name: file.stat().st_size for file in files}
    held = found["peak_mib"] < PEAK_MIB
    print(f"{rows:,} rows read, {found['rows']:,} exported in {found['seconds']:.1f} s,")
    print(f"{rows / found['seconds']:,.0f} rows a second, processor {found['cpu_seconds']:.1f} s")
    print(f"in JSON Lines, Parquet and CSV: {sum(sizes.values()) / 2**20:,.0f} MiB of files")
    print(
        f"peak memory below {PEAK_MIB} MiB: {found['peak_mib']:.0f} MiB, "
        f"{found['imports_mib']:.0f} MiB of them before the run: {'held' if held else 'MISSED'}"
    )
    if not held:
        raise typer.Exit(1)


def publish(home: Path, rows: int) -> None:
    """Publish a dataset version of generated texts, a batch at a time."""
    with tempfile.TemporaryDirectory(dir=home) as name:
        folder = Path(name)
        (folder / "data").mkdir()
        writers = {
            split: pq.ParquetWriter(folder / path, LABELLED_SCHEMA)
            for split, path in SPLIT_FILES.items()
        }
        with pq.ParquetWriter(folder / LINEAGE_FILE, LINEAGE_SCHEMA) as lineage:
            for number, texts in enumerate(_batches(rows)):
                split = "train" if number % 10 else "test"
                labels = [position % len(TASK.labels) for position in range(len(texts))]
                writers[split].write_table(pa.table([texts, labels], schema=LABELLED_SCHEMA))
                lineage.write_table(_lineage(texts, split))
        for writer in writers.values():
            writer.close()
        names = {str(position): label for position, label in enumerate(TASK.labels)}
        (folder / LABEL_MAP_FILE).write_text(json.dumps({"id2label": names}))
        repository = Repository(kind="dataset", name=f"sambodhan-{TASK.name}-dataset")
        publication = Publication(run_id="benchmark", details={"labels": list(TASK.labels)})
        FolderRegistry(url=str(home / "registry")).publish(repository, folder, publication)


def measured(home: Path) -> dict[str, Any]:
    """Run the job in a fresh process."""
    variables = {"SAMBODHAN_HOME": str(home), "ALLOW_DIRTY": "true"}
    command = [sys.executable, "-m", "benchmarks.export_dataset", "--child"]
    environment = {**os.environ, **variables}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def run_job() -> dict[str, Any]:
    """The job in this process: seconds, processor time, and the most memory it held."""
    import dagster as dg

    from sambodhan_assets.definitions import defs

    config = {"formats": ["jsonl", "parquet", "csv"]}
    job = defs.resolve_job_def("export_dataset")
    imports_mib = _peak_mib()
    with dg.DagsterInstance.ephemeral() as instance:
        start, cpu = time.perf_counter(), time.process_time()
        result = job.execute_in_process(
            instance=instance, run_config={"ops": {"dataset_export": {"config": config}}}
        )
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    (event,) = result.get_asset_materialization_events()
    rows = event.materialization.metadata["dagster/row_count"].value
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "imports_mib": imports_mib,
        "peak_mib": _peak_mib(),
        "rows": rows,
    }


def _batches(rows: int) -> Iterator[list[str]]:
    """Cleaned texts, all different: a version holds a text once."""
    rng, texts = random.Random(SEED), list[str]()
    for number, text in enumerate(generate_texts(rows, seed=SEED)):
        phone = f" Phone {9_840_000_000 + number}." if rng.random() < WITH_NUMBER else ""
        texts.append(f"{clean_text(text)} {_word(number)}{phone}")
        if len(texts) == _BATCH:
            yield texts
            texts = []
    if texts:
        yield texts


def _word(number: int) -> str:
    """A word of its own for every number, without a digit: most letters of citizens have none."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def _lineage(texts: list[str], split: str) -> pa.Table:
    rows = [
        {"source": "correction", "text_key": text_key(text), "disposition": split} for text in texts
    ]
    return pa.Table.from_pylist(rows, schema=LINEAGE_SCHEMA)


def _peak_mib() -> float:
    """Most memory of this process; not that of the process that started it."""
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    typer.run(main)
