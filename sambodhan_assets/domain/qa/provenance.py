"""The provenance section: which rows an export holds, and which it left out."""

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa

from sambodhan_assets.domain.export.exclusions import MALFORMED, UNREADABLE, Exclusions
from sambodhan_assets.domain.qa.metric import Metric, Section

_COLUMNS = ("source", "origin", "split", "label")


class Provenance:
    """Counts rows by where they came from."""

    def __init__(self, exclusions: Exclusions) -> None:
        self._exclusions = exclusions
        self._rows = 0
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in _COLUMNS}

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts rows of EXPORT_SCHEMA."""
        self._rows += batch.num_rows
        for name in ("source", "origin", "split"):
            self._counts[name].update(batch[name].to_pylist())
        tasks, labels = batch["task"].to_pylist(), batch["label"].to_pylist()
        pairs = zip(tasks, labels, strict=True)
        self._counts["label"].update(f"{task}: {label}" for task, label in pairs)

    def result(self) -> Section:
        """Tables of rows and of what was left out, and the share that was malformed."""
        excluded = self._exclusions.by_reason()
        malformed = excluded.get(MALFORMED, 0) + excluded.get(UNREADABLE, 0)
        left_out = sum(excluded.values())
        read = self._rows + left_out
        metrics = (
            _metric("rows_exported", self._rows, "Rows of the export.", read),
            _metric("rows_excluded", left_out, "Rows that were read and not exported.", read),
            _metric(
                "malformed_share",
                malformed / read if read else None,
                "Share of the rows that were read that could not be understood, 0 to 1.",
                read,
            ),
        )
        tables: dict[str, Mapping[str, float | int | None]] = {
            f"rows by {name}": dict(sorted(counts.items())) for name, counts in self._counts.items()
        }
        tables["rows left out by reason"] = excluded
        return Section(name="provenance", metrics=metrics, tables=tables, listed=())


def _metric(name: str, value: float | None, definition: str, rows: int) -> Metric:
    reason = "no row was read" if value is None else None
    return Metric(
        name=name, value=value, definition=definition, rows=rows, sampled=False, reason=reason
    )
