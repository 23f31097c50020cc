"""Decides from counts whether corrections or pairs call for a run; the sensors only feed it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A state of the database whose runs keep failing needs a person, not a fourth attempt.
MAX_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class CorrectionChanges:
    """What differs between the database and the last version that was decided on.

    Attributes:
        added: Corrections that the version does not know.
        relabelled: Corrections whose label has changed since.
        withdrawn: Corrections that are no longer there.
    """

    added: int
    relabelled: int
    withdrawn: int

    @property
    def total(self) -> int:
        """All changes."""
        return self.added + self.relabelled + self.withdrawn


@dataclass(frozen=True, kw_only=True)
class WatchDecision:
    """Whether to start a run.

    Attributes:
        run_key: Key of the run to start; None to skip.
        reason: Why, in one sentence.
    """

    run_key: str | None
    reason: str


def compare_corrections(current: Mapping[Any, str], known: Mapping[Any, str]) -> CorrectionChanges:
    """Compares corrections as {review id: label}, or pairs as {(domain, typo): correct word}."""
    common = current.keys() & known.keys()
    return CorrectionChanges(
        added=len(current.keys() - known.keys()),
        relabelled=sum(current[review] != known[review] for review in common),
        withdrawn=len(known.keys() - current.keys()),
    )


def fingerprint(corrections: Mapping[Any, str]) -> str:
    """Digest of a state of the corrections; one state starts one run."""
    lines = (f"{review}={corrections[review]}\n" for review in sorted(corrections))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def decide_start(
    *,
    task_name: str,
    changes: CorrectionChanges,
    state: str,
    min_new_records: int,
    expected_rows: int,
    min_dataset_len: int,
    failed_attempts: int,
    noun: str = "corrections",
    rows: str = "rows (MIN_DATASET_LEN)",
) -> WatchDecision:
    """Whether a run starts, and under which key.

    Args:
        task_name: Label task.
        changes: Against the last version that was decided on.
        state: Fingerprint of the corrections.
        min_new_records: Changes that are worth a run.
        expected_rows: Rows that a dataset would have before cleaning.
        min_dataset_len: Rows that a version needs.
        failed_attempts: Runs of this state that failed.
        noun: What changes.
        rows: What a version needs, and by which setting.
    """
    if changes.total < min_new_records:
        reason = f"{changes.total} changed {noun}, {min_new_records} start a run."
        return WatchDecision(run_key=None, reason=reason)
    if expected_rows < min_dataset_len:
        reason = f"About {expected_rows} of {min_dataset_len} {rows}."
        return WatchDecision(run_key=None, reason=reason)
    if failed_attempts >= MAX_ATTEMPTS:
        reason = f"{failed_attempts} runs failed on this state; mend the cause and start one."
        return WatchDecision(run_key=None, reason=reason)
    return WatchDecision(
        run_key=f"{task_name}-{state}-{failed_attempts + 1}",
        reason=f"{changes.total} changed {noun} since the last decision.",
    )
