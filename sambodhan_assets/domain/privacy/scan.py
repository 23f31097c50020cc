"""Measures personal data in an export: in what was read, and in what is published."""

from collections import Counter

import pyarrow as pa

from sambodhan_assets.domain.privacy.export_policy import FoundRow, PolicyCounts
from sambodhan_assets.domain.privacy.findings import KINDS
from sambodhan_assets.domain.privacy.recognition import find_personal_data
from sambodhan_assets.domain.qa.metric import ListedRow, Metric, Section

# More rows than this nobody goes through one by one; the metrics tell how many there are.
LISTED_AT_MOST = 1_000
_NO_ROWS = "no row was scanned"
_NOT_TOLD = "what was read was not scanned"


class _Tally:
    """Counts over rows."""

    def __init__(self) -> None:
        self.rows = 0
        self.rows_with_any = 0
        self.by_kind = Counter[str]()

    def add(self, rows: int, rows_with_any: int, by_kind: Counter[str]) -> None:
        self.rows += rows
        self.rows_with_any += rows_with_any
        self.by_kind.update(by_kind)

    def metrics(self, prefix: str, of: str, reason: str) -> tuple[Metric, ...]:
        """Rows with any, their share, and the places found by kind."""
        places = "Places in {of} where a recogniser of {kind} found personal data."
        share = self.rows_with_any / self.rows if self.rows else None
        values: list[tuple[str, float | None, str]] = [
            ("rows", float(self.rows_with_any), f"Rows of {of} with personal data of any kind."),
            ("share", share, f"Share of the rows of {of} with personal data, 0 to 1."),
            ("count", float(self.by_kind.total()), places.format(of=of, kind="any kind")),
        ]
        for kind in KINDS:
            name = kind.replace("_", " ")
            values.append((kind, float(self.by_kind[kind]), places.format(of=of, kind=name)))
        return tuple(
            Metric(
                name=f"{prefix}_{name}",
                value=value if self.rows else None,
                definition=definition,
                rows=self.rows,
                sampled=False,
                reason=None if self.rows else reason,
            )
            for name, value, definition in values
        )

    def table(self) -> dict[str, float | int | None]:
        """Places by kind; None if no row was looked at."""
        return {kind: self.by_kind[kind] if self.rows else None for kind in KINDS}


class PersonalDataScan:
    """The privacy section: `note` what was done to rows that were read, `add` those published.

    Names of people are outside of what it can find.
    """

    def __init__(self, *, listed_at_most: int = LISTED_AT_MOST) -> None:
        self._read, self._published = _Tally(), _Tally()
        self._dropped = 0
        self._listed: list[ListedRow] = []
        self._listed_at_most = listed_at_most

    def note(self, counts: PolicyCounts) -> None:
        """Counts what the policy found in a batch of rows before they are published."""
        self._read.add(counts.rows, counts.rows_with_any, counts.by_kind)
        self._dropped += counts.dropped
        self._list(counts.found, f"personal data was read, policy {counts.policy.value}")

    def add(self, batch: pa.RecordBatch) -> None:
        """Scans rows of EXPORT_SCHEMA as they are published."""
        found: list[FoundRow] = []
        texts: list[str] = batch["grievance"].to_pylist()
        for position, text in enumerate(texts):
            if findings := find_personal_data(text):
                kinds = Counter(finding.kind for finding in findings)
                found.append(FoundRow(id=batch["id"][position].as_py(), by_kind=kinds))
        by_kind = sum((row.by_kind for row in found), Counter[str]())
        self._published.add(batch.num_rows, len(found), by_kind)
        self._list(found, "personal data is published")

    def result(self) -> Section:
        """Metrics `personal_data_*` of what is published and `source_personal_data_*`."""
        dropped = Metric(
            name="personal_data_rows_dropped",
            value=float(self._dropped) if self._read.rows else None,
            definition="Rows left out because they hold personal data.",
            rows=self._read.rows,
            sampled=False,
            reason=None if self._read.rows else _NOT_TOLD,
        )
        return Section(
            name="privacy",
            metrics=(
                *self._published.metrics("personal_data", "what is published", _NO_ROWS),
                *self._read.metrics("source_personal_data", "what was read", _NOT_TOLD),
                dropped,
            ),
            tables={
                "personal data published, by kind": self._published.table(),
                "personal data read, by kind": self._read.table(),
            },
            listed=tuple(self._listed),
        )

    def _list(self, found: list[FoundRow], reason: str) -> None:
        room = self._listed_at_most - len(self._listed)
        self._listed += [
            ListedRow(
                id=row.id,
                reason=reason,
                detail=", ".join(f"{kind} {row.by_kind[kind]}" for kind in sorted(row.by_kind)),
            )
            for row in found[:room]
        ]
