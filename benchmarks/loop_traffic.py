"""Traffic of the closed loop: what the deployed model answered, and what officials said to it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from benchmarks.loop_worlds import Labelled, World
from sambodhan_assets.domain.dataset.snapshot import (
    ANCHOR,
    AUDIT,
    CORRECTION,
    SNAPSHOT_SCHEMA,
    UNFLAGGED,
    FeedbackSnapshot,
    SnapshotReport,
)
from sambodhan_assets.domain.labelling.purposes import Purpose

CORRECTED_SHARE = 0.6
CORRECT_RATIO = 0.5
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
# Larger than any traffic here: nothing is sampled.
WINDOW_MAX = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """One answered complaint.

    Attributes:
        id: Ascending in the order of arrival, from 1.
        text: What the citizen wrote.
        truth: The true label.
        answer: What the deployed model answered.
        label: What an official said; None while nobody looked.
        source: CORRECTION, AUDIT or UNFLAGGED.
        stratum: The source, or for what purpose an audit was asked for.
        labelled_in: Cycle of the label.
    """

    id: int
    text: str
    truth: int
    answer: int
    label: int | None = None
    source: str = UNFLAGGED
    stratum: str = UNFLAGGED
    labelled_in: int = 0


class Traffic:
    """All complaints so far. What chance decides is decided per complaint, not per way.

    So two ways that answer a complaint alike get the same feedback on it.
    """

    def __init__(self, world: World, *, seed: int) -> None:
        """Start before the first cycle."""
        self._world = world
        self._seed = seed
        size = sum(map(len, world.cycles)) + 1
        generator = np.random.default_rng([seed, 2])
        self._noticed, self._audit_order, self._sheet_order = generator.random((3, size)).tolist()
        self._complaints: dict[int, Complaint] = {}
        self._cycle = 0

    @property
    def newest_id(self) -> int:
        """Highest complaint id; 0 before the first complaint."""
        return len(self._complaints)

    def arrive(self, arrivals: Iterable[Labelled], answers: Iterable[int]) -> list[int]:
        """Take the complaints of the next cycle in; officials correct a share of the errors.

        Returns:
            Ids of the complaints of this cycle that nobody flagged.
        """
        self._cycle += 1
        unflagged = list[int]()
        for arrival, answer in zip(arrivals, answers, strict=True):
            number = self.newest_id + 1
            complaint = Complaint(
                id=number, text=arrival.text, truth=arrival.label, answer=int(answer)
            )
            self._complaints[number] = complaint
            if answer != arrival.label and self._noticed[number] < CORRECTED_SHARE:
                self._label(number, source=CORRECTION, stratum=CORRECTION)
            else:
                unflagged.append(number)
        return unflagged

    def audit(self, ids: Iterable[int], quota: int) -> None:
        """Label a random quota of unflagged complaints."""
        for number in sorted(ids, key=self._audit_order.__getitem__)[:quota]:
            self._label(number, source=AUDIT, stratum=Purpose.AUDIT.value)

    def sheet(self, ids: Iterable[int], size: int) -> dict[int, int]:
        """Answer a random sheet of these complaints truthfully: label by complaint id."""
        drawn = sorted(ids, key=self._sheet_order.__getitem__)[:size]
        return {number: self._complaints[number].truth for number in drawn}

    def keep(self, sheet: Iterable[int]) -> None:
        """Labels of a decided sheet are feedback for later candidates, and no longer random."""
        for number in sheet:
            self._label(number, source=AUDIT, stratum=Purpose.DISAGREEMENT.value)

    def snapshot(self, *, after_id: int, with_corpus: bool = True) -> FeedbackSnapshot:
        """What the feedback store would return now."""
        complaints = list(self._complaints.values())
        ranks = np.random.default_rng([self._seed, 3]).permutation(len(complaints)).tolist()
        rank = {complaint.id: place for complaint, place in zip(complaints, ranks, strict=True)}
        labelled = [complaint for complaint in complaints if complaint.source != UNFLAGGED]
        sample = [complaint for complaint in complaints if complaint.source == UNFLAGGED]
        sample.sort(key=lambda complaint: rank[complaint.id])
        rows = [self._row(complaint, after_id) for complaint in labelled]
        rows += [
            self._row(complaint, after_id) | {"sample_rank": place}
            for place, complaint in enumerate(sample)
        ]
        if with_corpus:
            rows += [self._corpus_row(labelled) for labelled in self._world.corpus]
        return FeedbackSnapshot(
            rows=pa.Table.from_pylist(rows, schema=SNAPSHOT_SCHEMA),
            report=_report(complaints, after_id),
            seed=self._seed,
            correct_ratio=CORRECT_RATIO,
            window_after_id=after_id,
            window_max=WINDOW_MAX,
        )

    def _label(self, number: int, *, source: str, stratum: str) -> None:
        complaint = self._complaints[number]
        self._complaints[number] = replace(
            complaint,
            label=complaint.truth,
            source=source,
            stratum=stratum,
            labelled_in=self._cycle,
        )

    def _row(self, complaint: Complaint, after_id: int) -> dict[str, object]:
        labels = self._world.labels
        looked_at = complaint.label is not None
        return {
            "complaint_id": complaint.id,
            "review_id": complaint.id if complaint.source == CORRECTION else None,
            "message": complaint.text,
            "label": labels[complaint.label if complaint.label is not None else complaint.answer],
            "answer": labels[complaint.answer],
            "source": complaint.source,
            "stratum": complaint.stratum,
            "reviewed_at": FIRST_DAY + timedelta(days=complaint.labelled_in) if looked_at else None,
            "in_window": complaint.id > after_id,
        }

    def _corpus_row(self, labelled: Labelled) -> dict[str, object]:
        return {
            "message": labelled.text,
            "label": self._world.labels[labelled.label],
            "source": ANCHOR,
            "stratum": ANCHOR,
            "in_window": False,
        }


def _report(complaints: list[Complaint], after_id: int) -> SnapshotReport:
    unreviewed = [complaint.id for complaint in complaints if complaint.source != CORRECTION]
    corrected = [complaint.id for complaint in complaints if complaint.source == CORRECTION]
    return SnapshotReport(
        correction_count=len(corrected),
        unflagged_count=len(unreviewed),
        window_unflagged_count=sum(number > after_id for number in unreviewed),
        window_correction_count=sum(number > after_id for number in corrected),
        superseded_reviews=0,
        newest_complaint_id=len(complaints) or None,
        newest_reviewed_at=None,
        sampler="numpy/1",
        stratum_sizes={CORRECTION: len(corrected), UNFLAGGED: len(unreviewed)},
    )
