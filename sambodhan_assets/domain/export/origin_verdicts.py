"""What the thresholds say about the rows of each origin."""

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from sambodhan_assets.domain.export.exclusions import MALFORMED, UNREADABLE, Exclusions
from sambodhan_assets.domain.privacy.scan import PersonalDataScan
from sambodhan_assets.domain.qa.metric import Metric, Section
from sambodhan_assets.domain.qa.verdicts import Threshold, judge

_PERSONAL = "personal_data_rows"
_MALFORMED = "malformed_share"


class PrivacyByOrigin:
    """The privacy section, and beside it the rows with personal data of each origin."""

    def __init__(self, scan: PersonalDataScan) -> None:
        self._scan = scan
        self._found: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._total = 0.0

    def add(self, batch: pa.RecordBatch) -> None:
        """Scans rows of EXPORT_SCHEMA."""
        self._scan.add(batch)
        origins = batch["origin"].to_pylist()
        self._rows.update(origins)
        total = _rows_found(self._scan)
        # Only where something was found, which is never after a redaction, origins are told apart.
        if total > self._total:
            for origin in set(origins):
                one = PersonalDataScan()
                one.add(batch.filter(pa.array([other == origin for other in origins])))
                self._found[origin] += int(_rows_found(one))
        self._total = total

    def result(self) -> Section:
        """The section over all origins."""
        return self._scan.result()

    def verdicts(
        self, origin: str, exclusions: Exclusions, thresholds: Sequence[Threshold]
    ) -> dict[str, str]:
        """passed, failed or not_measured by metric, for the metrics that are known by origin."""
        rows, excluded = self._rows[origin], exclusions.of(origin)
        read = rows + sum(excluded.values())
        malformed = excluded.get(MALFORMED, 0) + excluded.get(UNREADABLE, 0)
        section = Section(
            name=origin,
            metrics=(
                _metric(_PERSONAL, self._found[origin] if rows else None, rows),
                _metric(_MALFORMED, malformed / read if read else None, read),
            ),
            tables={},
            listed=(),
        )
        mine = [t for t in thresholds if t.metric in (_PERSONAL, _MALFORMED)]
        return {v.threshold.metric: v.status.value for v in judge([section], mine)}


def _rows_found(scan: PersonalDataScan) -> float:
    (value,) = (m.value for m in scan.result().metrics if m.name == _PERSONAL)
    return value or 0.0


def _metric(name: str, value: float | None, rows: int) -> Metric:
    reason = None if value is not None else "it has no rows"
    return Metric(name=name, value=value, definition="", rows=rows, sampled=False, reason=reason)
