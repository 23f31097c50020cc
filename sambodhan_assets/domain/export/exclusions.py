"""Rows that were read and not exported, counted by where they came from and why."""

from collections import Counter
from dataclasses import dataclass, field

MALFORMED = "malformed"
UNREADABLE = "file unreadable from here on"
EMPTY = "empty after cleaning"
TOO_LONG = "too long"
OTHER_TASK = "of a task that is not exported"
DUPLICATE = "duplicate"
CONFLICTING = "duplicate with another label"
NOT_SAMPLED = "not in the sample"
PERSONAL_DATA = "holds personal data"


@dataclass
class Exclusions:
    """Counts that every pass adds to."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def add(self, origin: str, reason: str, rows: int = 1) -> None:
        """Counts rows of an origin that are left out for a reason."""
        if rows:
            self.counts[origin, reason] += rows

    def of(self, origin: str) -> dict[str, int]:
        """Counts of one origin by reason."""
        return {why: n for (name, why), n in sorted(self.counts.items()) if name == origin}

    def by_reason(self) -> dict[str, int]:
        """Counts of all origins by reason."""
        total: Counter[str] = Counter()
        for (_, reason), rows in sorted(self.counts.items()):
            total[reason] += rows
        return dict(total)
