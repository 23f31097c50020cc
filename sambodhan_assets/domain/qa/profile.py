"""A small summary of an export, kept in its QA report, that the next export is compared with."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.qa.groups import DIMENSIONS, RowGroups

FORMAT_VERSION = 1
_LABEL = "label_"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How many rows of an export fall where; nothing of a text.

    Attributes:
        rows: All rows.
        counts: Rows by dimension and class: script, length, source, and label_<task>.
    """

    rows: int
    counts: Mapping[str, Mapping[str, int]]

    def to_fields(self) -> dict[str, Any]:
        """The profile as JSON holds it."""
        counts = {name: dict(sorted(classes.items())) for name, classes in self.counts.items()}
        return {"format_version": FORMAT_VERSION, "rows": self.rows, "counts": counts}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any], *, origin: str) -> "Profile":
        """Reads what `to_fields` gave.

        Args:
            fields: As JSON holds them.
            origin: Where they were read, for the error.

        Raises:
            PermanentError: They are damaged, or of a later release of this program.
        """
        try:
            found, rows = fields["format_version"], int(fields["rows"])
            counts = {
                str(name): {str(c): _count(n) for c, n in classes.items()}
                for name, classes in fields["counts"].items()
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _refusal(origin, f"it is damaged ({type(error).__name__}: {error})") from error
        if found != FORMAT_VERSION:
            raise _refusal(origin, f"its format is {found}, known is {FORMAT_VERSION}")
        return cls(rows=rows, counts=counts)


class ProfileCounts:
    """Counts an export's rows into a profile, a batch at a time.

    Args:
        groups: Shared with other measures of the same batches.
    """

    def __init__(self, groups: RowGroups | None = None) -> None:
        self._groups = groups or RowGroups()
        self._rows = 0
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts rows of EXPORT_SCHEMA."""
        self._rows += batch.num_rows
        groups = self._groups.of(batch)
        for dimension in DIMENSIONS:
            self._counts[dimension].update(groups[dimension])
        pairs = zip(batch["task"].to_pylist(), batch["label"].to_pylist(), strict=True)
        for (task, label), count in Counter(pairs).items():
            self._counts[_LABEL + task][label] += count

    def profile(self) -> Profile:
        """The profile of all rows so far."""
        return Profile(rows=self._rows, counts={n: dict(c) for n, c in self._counts.items()})


def _count(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _refusal(origin: str, found: str) -> PermanentError:
    return PermanentError(
        tried=f"Reading the profile of the export {origin}",
        found=f"{found}.",
        todo="Export under another version; the comparison begins again with it.",
    )
