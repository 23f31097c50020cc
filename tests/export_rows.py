"""Builds batches of an export for tests of what is measured on them."""

from collections.abc import Sequence

import pyarrow as pa

from sambodhan_assets.domain.export.rows import EXPORT_SCHEMA
from sambodhan_assets.domain.qa.metric import Metric, Section


def batch_of(
    texts: Sequence[str],
    *,
    first: int = 0,
    labels: Sequence[int] | None = None,
    task: str = "department",
    names: Sequence[str] = ("Water", "Roads"),
    split: str = "train",
    source: str = "unflagged",
) -> pa.RecordBatch:
    """Rows with the ids row<first>, row<first+1>, ..., all of one task, split and source."""
    ids = list(labels or [0] * len(texts))
    columns = {
        "id": [f"row{first + position}" for position in range(len(texts))],
        "task": [task] * len(texts),
        "grievance": list(texts),
        "label": [names[label] for label in ids],
        "label_id": ids,
        "split": [split] * len(texts),
        "source": [source] * len(texts),
        "origin": [f"{task}@v1"] * len(texts),
    }
    return pa.RecordBatch.from_pydict(columns, schema=EXPORT_SCHEMA)


def metrics_of(section: Section) -> dict[str, Metric]:
    """Metrics by name; every name stands once and every definition is a sentence."""
    metrics = {metric.name: metric for metric in section.metrics}
    assert len(metrics) == len(section.metrics)
    assert all(metric.definition.endswith(".") for metric in section.metrics)
    assert all((metric.value is None) == bool(metric.reason) for metric in section.metrics)
    return metrics
