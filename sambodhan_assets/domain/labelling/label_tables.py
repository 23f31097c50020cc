"""The labels that people gave on request, as Arrow tables of one task."""

from collections.abc import Iterable

import pyarrow as pa

from sambodhan_assets.domain.labelling.audit_rows import AuditRow
from sambodhan_assets.domain.labelling.purposes import Purpose

# What a task learns from the labels that people gave on request.
VERIFIED_SCHEMA = pa.schema(
    [
        pa.field("batch", pa.string(), nullable=False),
        pa.field("complaint_id", pa.int64(), nullable=False),
        pa.field("purpose", pa.string(), nullable=False),
        pa.field("stratum", pa.string(), nullable=False),
        # Null where the complaint was chosen and not drawn.
        pa.field("inclusion_probability", pa.float64()),
        pa.field("label", pa.string(), nullable=False),
        pa.field("verifier", pa.string()),
        pa.field("verified_at", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)

COUNTING_SCHEMA = pa.schema(
    [
        pa.field("complaint_id", pa.int64(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("stratum", pa.string(), nullable=False),
        pa.field("reviewed_at", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)


def verified_table(rows: Iterable[AuditRow], column: str) -> pa.Table:
    """The labels of one task as VERIFIED_SCHEMA, by complaint and then from old to new."""
    # A label that somebody wrote into the table by hand may have no time.
    dated = [(row.verified_at or row.drawn_at, row) for row in rows if column in row.labels]
    dated.sort(key=lambda item: (item[1].complaint_id, item[0], item[1].batch))
    return pa.Table.from_pylist(
        [
            {
                "batch": row.batch,
                "complaint_id": row.complaint_id,
                "purpose": row.purpose.value,
                "stratum": row.stratum,
                "inclusion_probability": row.inclusion_probability,
                "label": row.labels[column],
                "verifier": row.verifier,
                "verified_at": verified_at,
            }
            for verified_at, row in dated
        ],
        schema=VERIFIED_SCHEMA,
    )


def counting_labels(labels: pa.Table) -> pa.Table:
    """One row per complaint: complaint_id, label, stratum (a purpose), reviewed_at, by complaint.

    The newest label counts. A complaint that was once chosen for a reason speaks for itself only,
    also if a random audit drew it too; so its stratum is that reason.

    Args:
        labels: VERIFIED_SCHEMA, by complaint and then from old to new.
    """
    newest: dict[int, dict[str, object]] = {}
    for row in labels.to_pylist():
        earlier = newest.get(row["complaint_id"])
        newest[row["complaint_id"]] = {
            "complaint_id": row["complaint_id"],
            "label": row["label"],
            "stratum": row["purpose"]
            if earlier is None or row["purpose"] != Purpose.AUDIT.value
            else earlier["stratum"],
            "reviewed_at": row["verified_at"],
        }
    return pa.Table.from_pylist(list(newest.values()), schema=COUNTING_SCHEMA)
