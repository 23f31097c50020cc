"""Applies PII_POLICY to rows on their way into an export."""

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa

from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.export.rows import row_ids
from sambodhan_assets.domain.privacy.redaction import PiiPolicy, redacted


@dataclass(frozen=True, kw_only=True)
class FoundRow:
    """A row with personal data.

    Attributes:
        id: Its id in the export, which belongs to the text as it is published; for a dropped row
            the id that it would have had redacted.
        by_kind: Places by kind.
    """

    id: str
    by_kind: Counter[str]


@dataclass(frozen=True, kw_only=True)
class PolicyCounts:
    """What a policy found and did in one batch.

    Attributes:
        policy: The policy.
        rows: Rows read.
        by_kind: Places found, by kind.
        found: Rows with any, in the order of the batch.
        dropped_by_origin: Rows left out, by where they came from.
    """

    policy: PiiPolicy
    rows: int
    by_kind: Counter[str]
    found: list[FoundRow]
    dropped_by_origin: Counter[str]

    @property
    def rows_with_any(self) -> int:
        """Rows with personal data of any kind."""
        return len(self.found)

    @property
    def dropped(self) -> int:
        """Rows left out."""
        return self.dropped_by_origin.total()


def apply_policy(batch: pa.RecordBatch, policy: PiiPolicy) -> tuple[pa.RecordBatch, PolicyCounts]:
    """Redacts texts, leaves rows out, or only counts.

    Args:
        batch: Rows of EXPORT_SCHEMA, or of the same without the id. An id that is there stays what
            it is: give ids after this, so that they belong to published texts.
        policy: What is done.

    Returns:
        The rows that may be published, and what was found.
    """
    texts: list[str] = batch["grievance"].to_pylist()
    results = [redacted(text) for text in texts]
    positions = [at for at, (_, counts) in enumerate(results) if counts]
    published = texts if policy is PiiPolicy.REPORT else [text for text, _ in results]
    tasks = [batch["task"][at].as_py() for at in positions]
    ids = row_ids(tasks, [text_key(published[at]) for at in positions])
    by_kinds = [results[at][1] for at in positions]
    dropped = policy is PiiPolicy.DROP
    counts = PolicyCounts(
        policy=policy,
        rows=batch.num_rows,
        by_kind=sum(by_kinds, Counter[str]()),
        found=[FoundRow(id=id, by_kind=one) for id, one in zip(ids, by_kinds, strict=True)],
        dropped_by_origin=Counter(batch["origin"][at].as_py() for at in positions if dropped),
    )
    if not positions or policy is PiiPolicy.REPORT:
        return batch, counts
    if dropped:
        kept = pa.array([not found for _, found in results], pa.bool_())
        return batch.filter(kept), counts
    column = batch.schema.get_field_index("grievance")
    columns = [*batch.columns]
    columns[column] = pa.array(published, pa.string())
    return pa.record_batch(columns, schema=batch.schema), counts
