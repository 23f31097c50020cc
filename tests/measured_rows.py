"""Small exports of invented complaints, for tests of what measures them.

batch = export_batch(200)
section = measured(PersonalDataScan(), batch)
"""

import random
from collections.abc import Sequence

import pyarrow as pa

from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.export.rows import EXPORT_SCHEMA, row_ids
from sambodhan_assets.domain.sample.grievances import generate_grievances
from sambodhan_assets.label_tasks import LABEL_TASKS

SOURCES = ("correction", "audit", "unflagged", "helpdesk-2025")


def export_batch(complaints: int, *, seed: int = 5) -> pa.RecordBatch:
    """A row per complaint and task, some from a further source."""
    letters = generate_grievances(complaints, seed=seed)
    rng = random.Random(seed)
    rows = [
        {
            "task": task.name,
            "grievance": letter.grievance,
            "label": getattr(letter, task.name),
            "label_id": task.labels.index(getattr(letter, task.name)),
            "split": rng.choice(("train", "train", "train", "eval", "test")),
            **_origin(rng.choice(SOURCES), task.name),
        }
        for task in LABEL_TASKS
        for letter in letters
    ]
    return with_ids(rows)


def with_ids(rows: Sequence[dict[str, object]]) -> pa.RecordBatch:
    """Rows of EXPORT_SCHEMA; of equal texts the last stays."""
    ids = row_ids(
        [str(row["task"]) for row in rows], [text_key(str(row["grievance"])) for row in rows]
    )
    known = {id: {"id": id, **row} for id, row in zip(ids, rows, strict=True)}
    ordered = [known[id] for id in sorted(known)]
    return pa.RecordBatch.from_pylist(ordered, schema=EXPORT_SCHEMA)


def _origin(source: str, task: str) -> dict[str, str]:
    further = source == "helpdesk-2025"
    return {"source": source, "origin": source if further else f"{task}-dataset@v3"}
