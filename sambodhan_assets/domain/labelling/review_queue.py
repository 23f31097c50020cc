"""The review queue: complaints whose labels teach most, because the deployed model is least sure.

They are chosen and not drawn, so their labels stand for themselves only. They never enter the
random audits, whose labels stand for all complaints.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from sambodhan_assets.domain.evaluation.text_groups import group_keys
from sambodhan_assets.domain.labelling.audit_rows import AuditRow
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.sheet import Question, Sheet, SheetRow, shown_text


def margins(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the answer is ahead of the second, per row of [n, K]; 0 is a draw, 1 is certainty."""
    highest = np.sort(probabilities, axis=1)[:, -2:]
    return highest[:, 1] - highest[:, 0]


def least_sure(
    complaint_ids: Sequence[int],
    texts: Sequence[str],
    probabilities: NDArray[np.float64],
    *,
    size: int,
    left_out: Collection[int],
) -> list[int]:
    """Positions of the complaints with the smallest margins, the smallest first.

    Of near-duplicates only the least sure is taken: the label of one tells that of the others. Of
    equal margins the lower id comes first, so the order of the rows does not matter.

    Args:
        complaint_ids: Ids, all different.
        texts: Cleaned texts.
        probabilities: [n, K], calibrated.
        size: Most complaints to take.
        left_out: Ids that must not be taken.
    """
    order = np.lexsort((np.array(complaint_ids), margins(probabilities)))
    groups, taken = group_keys(texts), set[str]()
    chosen: list[int] = []
    for position in order.tolist():
        if len(chosen) == size:
            break
        if complaint_ids[position] not in left_out and groups[position] not in taken:
            taken.add(groups[position])
            chosen.append(position)
    return chosen


def not_to_queue(rows: Iterable[AuditRow], column: str) -> set[int]:
    """Complaints that a queue must not hold.

    Those of random audits, filled in or not: an audit has to stay a random draw that nobody looked
    at beforehand. And those that another sheet asks about the same label.
    """
    return {row.complaint_id for row in rows if row.purpose == Purpose.AUDIT or column in row.asked}


def queue_name(task: str, now: datetime, taken: Collection[str]) -> str:
    """Name of a queue that is chosen now; a taken second is moved one further."""
    moment = now
    while (name := f"{Purpose.REVIEW.value}-{task}-{moment:%Y%m%d-%H%M%S}") in taken:
        moment += timedelta(seconds=1)
    return name


def queue_sheet(
    batch: str, drawn_at: datetime, question: Question, complaints: Sequence[tuple[int, str]]
) -> Sheet:
    """The sheet of a queue; the least sure complaint stands first.

    Args:
        batch: Its name.
        drawn_at: When it was chosen, with a zone.
        question: The label that is asked for.
        complaints: Ids and messages in the order of the queue.
    """
    rows = [
        SheetRow(
            complaint_id=complaint_id,
            stratum=Purpose.REVIEW.value,
            # Chosen, so there is none.
            inclusion_probability=None,
            text=shown_text(message),
        )
        for complaint_id, message in complaints
    ]
    return Sheet(
        batch=batch,
        purpose=Purpose.REVIEW,
        drawn_at=drawn_at,
        questions=(question,),
        rows=tuple(rows),
    )
