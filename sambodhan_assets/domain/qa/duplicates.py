"""Exact duplicates within a task, and the balance of its labels, over all rows of an export."""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.dataset.cleaning import normalised
from sambodhan_assets.domain.qa.measured import measured, part, share
from sambodhan_assets.domain.qa.metric import Metric, Section

_ONE_LABEL = "every task has one label only"


class Duplicates:
    """Counts equal texts; it keeps 64 bits of hash and 32 of label per row."""

    def __init__(self) -> None:
        self._hashes: list[np.ndarray] = []
        self._codes: list[np.ndarray] = []
        self._code_of: dict[tuple[str, str], int] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts rows of EXPORT_SCHEMA."""
        tasks, labels = batch["task"].to_pylist(), batch["label"].to_pylist()
        pairs = zip(tasks, batch["grievance"].to_pylist(), strict=True)
        digests = [
            hashlib.blake2b(f"{task}\n{normalised(text)}".encode(), digest_size=8).digest()
            for task, text in pairs
        ]
        self._hashes.append(np.frombuffer(b"".join(digests), dtype=np.uint64))
        codes = [
            self._code_of.setdefault(pair, len(self._code_of))
            for pair in zip(tasks, labels, strict=True)
        ]
        self._codes.append(np.array(codes, dtype=np.int32))

    def result(self) -> Section:
        """Shares of repeated texts, and of texts that have several labels."""
        hashes = np.concatenate([np.empty(0, np.uint64), *self._hashes])
        codes = np.concatenate([np.empty(0, np.int32), *self._codes])
        order = np.argsort(hashes)
        hashes, codes = hashes[order], codes[order]
        rows = len(hashes)
        new = np.concatenate([[True], hashes[1:] != hashes[:-1]])[:rows]
        starts = np.flatnonzero(new)
        contradicting = 0
        if rows:
            several = np.minimum.reduceat(codes, starts) < np.maximum.reduceat(codes, starts)
            contradicting = int(np.diff(np.append(starts, rows))[several].sum())
        metrics = (
            measured(
                "exact_duplicate_share", share(rows - len(starts), rows), _REPEATED, rows=rows
            ),
            measured(
                "same_text_other_label_share", share(contradicting, rows), _CONTRADICTING, rows=rows
            ),
        )
        return part(metrics)


class LabelBalance:
    """Counts rows by task and label."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts rows of EXPORT_SCHEMA."""
        pairs = Counter(zip(batch["task"].to_pylist(), batch["label"].to_pylist(), strict=True))
        for (task, label), count in pairs.items():
            self._counts[task][label] += count

    def result(self) -> Section:
        """The lowest balance of any task, and a table of shares per task."""
        several = [counts for counts in self._counts.values() if len(counts) > 1]
        tables: dict[str, Mapping[str, float | int | None]] = {
            f"label shares of {task}": {
                label: count / counts.total() for label, count in sorted(counts.items())
            }
            for task, counts in sorted(self._counts.items())
        }
        by_task = sorted(self._counts.items())
        tables["label balance by task"] = {task: _ratio(counts) for task, counts in by_task}
        tables["label entropy by task"] = {task: _entropy(counts) for task, counts in by_task}
        return part(self._metrics(several), tables)

    def _metrics(self, several: list[Counter[str]]) -> tuple[Metric, ...]:
        rows = sum(counts.total() for counts in several)
        reason = _ONE_LABEL if self._counts else "no row was measured"
        ratio = min((value for c in several if (value := _ratio(c)) is not None), default=None)
        entropy = min((value for c in several if (value := _entropy(c)) is not None), default=None)
        return (
            measured("label_balance", ratio, _BALANCE, rows=rows, reason=reason),
            measured("label_entropy", entropy, _ENTROPY, rows=rows, reason=reason),
        )


def _ratio(counts: Counter[str]) -> float | None:
    return min(counts.values()) / max(counts.values()) if len(counts) > 1 else None


def _entropy(counts: Counter[str]) -> float | None:
    if len(counts) < 2:
        return None
    shares = [count / counts.total() for count in counts.values()]
    return -sum(value * math.log(value) for value in shares) / math.log(len(counts))


_REPEATED = (
    "Share of rows whose text, normalised, already stands in another row of the task (the first"
    " of each is not counted), 0 to 1."
)
_CONTRADICTING = (
    "Share of rows whose text, normalised, stands in the task with another label too, 0 to 1."
)
_BALANCE = (
    "Rows of the rarest label divided by rows of the most frequent one, 0 to 1, of the task where"
    " it is lowest; a label without rows is not known of."
)
_ENTROPY = (
    "Entropy of the label shares divided by that of equal shares, 0 to 1, of the task where it is"
    " lowest."
)
