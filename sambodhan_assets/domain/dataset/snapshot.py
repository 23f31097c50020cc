"""The snapshot: what the feedback store reads and the dataset builder consumes."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

CORRECTION = "correction"
AUDIT = "audit"
UNFLAGGED = "unflagged"
ANCHOR = "anchor"

# Stratum of audits that were drawn at random, so that each speaks for complaints that nobody looked
# at. Audits of any other stratum were asked for because the complaint looked doubtful.
DRAWN_AT_RANDOM = "audit"

SNAPSHOT_SCHEMA = pa.schema(
    [
        # Null for anchor rows, which come from a file and not from the database.
        pa.field("complaint_id", pa.int64()),
        # Id in misclassified_complaints; null unless the label is a correction.
        pa.field("review_id", pa.int64()),
        # As stored, cut at MAX_MESSAGE_LENGTH + 1 characters so that a longer one can be told.
        pa.field("message", pa.string()),
        # Label text as stored; may be null, empty or unknown. The dataset builder decides.
        pa.field("label", pa.string()),
        # What `complaints` holds for this label: the answer that was given to the citizen. An
        # audit's label is what an official gave on request; its complaint has no review.
        pa.field("answer", pa.string()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("stratum", pa.string(), nullable=False),
        pa.field("reviewed_at", pa.timestamp("us", tz="UTC")),
        # Position in the hash order of all unflagged complaints, from 0; null for other sources and
        # for unflagged rows that only the window sample brought in.
        pa.field("sample_rank", pa.int64()),
        # Answered by the version that is deployed now; see FeedbackSnapshot.window_after_id.
        pa.field("in_window", pa.bool_(), nullable=False),
    ]
)

# Longer texts are no grievances but files pasted by mistake; they are counted and listed.
MAX_MESSAGE_LENGTH = 20_000


@dataclass(frozen=True, kw_only=True)
class SnapshotReport:
    """What the database held when the snapshot was taken.

    Attributes:
        correction_count: Complaints whose newest counting review corrects this label.
        unflagged_count: Complaints without any row in misclassified_complaints and with a label.
        window_unflagged_count: The same, of the window only: all of them when nothing is deployed.
            Audited complaints are among both counts, for nobody flagged them. None if nobody
            counted.
        window_correction_count: Corrections of the window; None if nobody counted.
        superseded_reviews: Older reviews of a complaint that a newer review replaces.
        newest_complaint_id: Highest complaint id; None for an empty table.
        newest_reviewed_at: Newest review time as ISO 8601 UTC; None if nothing is reviewed.
        sampler: Algorithm and version that ordered the unflagged complaints.
        stratum_sizes: Rows in the database per stratum (the value of the column `stratum`).
    """

    correction_count: int
    unflagged_count: int
    window_unflagged_count: int | None
    window_correction_count: int | None
    superseded_reviews: int
    newest_complaint_id: int | None
    newest_reviewed_at: str | None
    sampler: str
    stratum_sizes: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class FeedbackSnapshot:
    """Rows of one database state for one label task.

    Attributes:
        rows: Table of SNAPSHOT_SCHEMA. Corrections and audits first by complaint id, then the
            unflagged sample by rank, then rows that only the window sample brought in, by id, then
            anchor rows in file order.
        report: Counts of the same database state.
        seed: Seed of the sampling hash.
        correct_ratio: Unflagged complaints per correction in the balanced dataset.
        window_after_id: The window is every complaint with a higher id; None when nothing is
            deployed, and then every complaint belongs to the window.
        window_max: Most unflagged complaints that the window sample holds.
    """

    rows: pa.Table
    report: SnapshotReport
    seed: int
    correct_ratio: float
    window_after_id: int | None
    window_max: int


@dataclass(frozen=True, kw_only=True)
class ReviewPoll:
    """What a sensor learns at little cost: how much was reviewed since a moment.

    The counts are an upper bound: a review that a newer one replaces is counted too.

    Attributes:
        counts: Reviews that correct a label, per task name.
        newest_reviewed_at: Newest review time among them; None if there is none.
    """

    counts: dict[str, int]
    newest_reviewed_at: datetime | None
