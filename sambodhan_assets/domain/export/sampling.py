"""Chooses some rows of an export by a seeded hash, as many of each task and label as its share."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

# Task and label.
Stratum = tuple[str, str]
Ranks = npt.NDArray[np.uint64]


class StratifiedSample:
    """Sees all rows once, then tells which ones stay: the same ones for a seed on any machine.

    Its memory grows with the sample, never with the rows.
    """

    def __init__(self, target: int, *, seed: int) -> None:
        self._target = target
        self._seed = seed
        self._rows: Counter[Stratum] = Counter()
        self._lowest: dict[Stratum, Ranks] = {}
        self._limits: dict[Stratum, int] | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes rows of EXPORT_SCHEMA with ids that did not come before."""
        ranks = self._ranks(batch)
        strata = _strata(batch)
        for stratum in set(strata):
            mine = ranks[[other == stratum for other in strata]]
            self._rows[stratum] += len(mine)
            known = np.concatenate([self._lowest.get(stratum, ranks[:0]), mine])
            self._lowest[stratum] = np.sort(known)[: self._target]

    def kept(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a batch that belong to the sample."""
        if self._limits is None:
            self._limits = self._highest_ranks()
        limits = [self._limits[stratum] for stratum in _strata(batch)]
        pairs = zip(self._ranks(batch).tolist(), limits, strict=True)
        return batch.filter(pa.array([rank <= limit for rank, limit in pairs], type=pa.bool_()))

    def _highest_ranks(self) -> dict[Stratum, int]:
        quotas = proportional(self._rows, self._target)
        return {
            stratum: int(self._lowest[stratum][quota - 1]) if quota else -1
            for stratum, quota in quotas.items()
        }

    def _ranks(self, batch: pa.RecordBatch) -> Ranks:
        texts = [f"{self._seed}\n{row_id}".encode() for row_id in batch["id"].to_pylist()]
        digests = b"".join(hashlib.sha256(text).digest()[:8] for text in texts)
        return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def proportional(rows: Counter[Stratum], target: int) -> dict[Stratum, int]:
    """Divides a target among strata by their rows, by largest remainder; all rows if too few."""
    total = rows.total()
    if total <= target:
        return dict(rows)
    quotas = {stratum: count * target // total for stratum, count in rows.items()}
    rest = sorted(rows, key=lambda stratum: (-(rows[stratum] * target % total), stratum))
    for stratum in rest[: target - sum(quotas.values())]:
        quotas[stratum] += 1
    return quotas


def _strata(batch: pa.RecordBatch) -> Sequence[Stratum]:
    return list(zip(batch["task"].to_pylist(), batch["label"].to_pylist(), strict=True))
