"""Names and seeds of batches: everything random about a batch follows from its name."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.sheet import Question, Sheet, SheetRow, shown_text


def seed_of(batch: str) -> int:
    """A seed of 64 bits, signed, that no other batch has."""
    return int.from_bytes(hashlib.sha256(batch.encode()).digest()[:8], signed=True)


def audit_batch_name(now: datetime, taken: Collection[str]) -> str:
    """Name of a batch that is drawn now; a taken second is moved one further."""
    moment = now
    while (name := f"{Purpose.AUDIT.value}-{moment:%Y%m%d-%H%M%S}") in taken:
        moment += timedelta(seconds=1)
    return name


def audit_sheet(
    batch: str,
    *,
    drawn_at: datetime,
    messages: Mapping[int, str],
    frame_size: int,
    after_id: int | None,
    questions: Sequence[Question],
) -> Sheet:
    """The sheet of a random audit, in the order of the draw.

    Args:
        batch: Its name.
        drawn_at: When it was drawn.
        messages: Message by complaint, in the order of the draw.
        frame_size: Complaints that could have been drawn.
        after_id: All of them have a higher id; None if they may have any.
        questions: What is asked.
    """
    stratum = "unflagged" if after_id is None else f"unflagged after complaint {after_id}"
    return Sheet(
        batch=batch,
        purpose=Purpose.AUDIT,
        drawn_at=drawn_at,
        questions=tuple(questions),
        rows=tuple(
            SheetRow(
                complaint_id=number,
                stratum=stratum,
                inclusion_probability=len(messages) / frame_size,
                text=shown_text(message),
            )
            for number, message in messages.items()
        ),
    )
