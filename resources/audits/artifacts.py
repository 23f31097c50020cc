"""The audit store in the artifact store, for a database that this role may only read.

Every change is a version that holds the changed rows as they are then; together, in the order of
their tags, they are the table. So two programs that write at once lose nothing of each other.
"""

import json
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from resources.artifact_store import ArtifactStore
from resources.audits.base import AuditStore, changed_rows, is_registered
from resources.registry.base import Publication, Repository
from sambodhan_assets.domain.labelling.audit_rows import AuditRow, Labelling
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.label_tasks import LabelTask

REPOSITORY = Repository(kind="audit", name="complaint_audits")
FILE = "rows.parquet"
SCHEMA = pa.schema(
    [
        pa.field("batch", pa.string(), nullable=False),
        pa.field("complaint_id", pa.int64(), nullable=False),
        pa.field("purpose", pa.string(), nullable=False),
        pa.field("drawn_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("stratum", pa.string(), nullable=False),
        pa.field("inclusion_probability", pa.float64()),
        pa.field("asked", pa.list_(pa.string()), nullable=False),
        # JSON by column of `complaints`: the columns differ from version to version.
        pa.field("labels", pa.string(), nullable=False),
        pa.field("verifier", pa.string()),
        pa.field("verified_at", pa.timestamp("us", tz="UTC")),
    ]
)


class ArtifactAudits(AuditStore):
    """Rows as versions; meant for thousands of them, not for millions."""

    url: str = Field(description="Folder or fsspec URL of the artifact store.")

    def place(self) -> str:
        """See `AuditStore.place`."""
        return f"the artifact store {self.url}"

    def initialise(self, tasks: Sequence[LabelTask]) -> list[str]:
        """See `AuditStore.initialise`; nothing has to exist beforehand."""
        return []

    def rows(self, batches: Sequence[str] | None = None) -> list[AuditRow]:
        """See `AuditStore.rows`."""
        store = self._store()
        found: dict[tuple[str, int], AuditRow] = {}
        for tag in store.tags(REPOSITORY):
            with store.fetched(store.version(REPOSITORY, tag)) as folder:
                found |= {row.key: row for row in _read(folder / FILE)}
        wanted = [row for row in found.values() if batches is None or row.batch in batches]
        # Stable: rows of one batch stay in the order of its registration.
        return sorted(wanted, key=lambda row: (row.drawn_at, row.batch))

    def add(self, rows: Sequence[AuditRow]) -> bool:
        """See `AuditStore.add`."""
        if is_registered(rows, self.rows([rows[0].batch])):
            return False
        self._append(rows, about=f"registered {rows[0].batch}")
        return True

    def write_labels(self, given: Sequence[Labelling], *, now: datetime) -> int:
        """See `AuditStore.write_labels`."""
        registered = {row.key: row for row in self.rows(sorted({item.batch for item in given}))}
        changed = changed_rows(given, registered, now=now)
        if changed:
            self._append(changed, about=f"labelled {len(changed)} complaints")
        return len(changed)

    def _append(self, rows: Sequence[AuditRow], *, about: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            pq.write_table(_as_table(rows), Path(folder) / FILE, compression="zstd")
            publication = Publication(run_id="audits", details={"change": about})
            self._store().publish(REPOSITORY, Path(folder), publication)

    def _store(self) -> ArtifactStore:
        return ArtifactStore(url=self.url)


def _as_table(rows: Sequence[AuditRow]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                **{name: getattr(row, name) for name in SCHEMA.names},
                "purpose": row.purpose.value,
                "asked": list(row.asked),
                "labels": json.dumps(dict(row.labels), sort_keys=True, ensure_ascii=False),
            }
            for row in rows
        ],
        schema=SCHEMA,
    )


def _read(file: Path) -> list[AuditRow]:
    return [
        AuditRow(
            **values
            | {
                "purpose": Purpose(values["purpose"]),
                "asked": tuple(values["asked"]),
                "labels": json.loads(values["labels"]),
            }
        )
        for values in pq.read_table(file, schema=SCHEMA).to_pylist()
    ]
