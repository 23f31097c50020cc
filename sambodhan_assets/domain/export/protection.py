"""Keeps personal data out of exports: the one place where PII_POLICY meets their rows."""

from dataclasses import dataclass, field

import pyarrow as pa

from sambodhan_assets.domain.export.exclusions import PERSONAL_DATA, Exclusions
from sambodhan_assets.domain.privacy.export_policy import apply_policy
from sambodhan_assets.domain.privacy.redaction import PiiPolicy
from sambodhan_assets.domain.privacy.scan import PersonalDataScan


@dataclass(frozen=True, kw_only=True)
class Protection:
    """Applies a policy to rows before they get their ids, and counts what it did.

    Attributes:
        policy: The policy.
        exclusions: Gets the rows that are dropped.
        scan: Gets what was found.
    """

    policy: PiiPolicy
    exclusions: Exclusions
    scan: PersonalDataScan = field(default_factory=PersonalDataScan)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of RAW_SCHEMA that may be published."""
        published, counts = apply_policy(batch, self.policy)
        self.scan.note(counts)
        for origin, rows in counts.dropped_by_origin.items():
            self.exclusions.add(origin, PERSONAL_DATA, rows)
        return published
