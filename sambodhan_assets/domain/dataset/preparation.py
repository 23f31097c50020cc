"""What a dataset version is prepared with, and the account of what became of every row."""

from dataclasses import asdict, dataclass
from typing import Any

from sambodhan_assets.domain.privacy.redaction import PiiPolicy


@dataclass(frozen=True, kw_only=True)
class PreparationSettings:
    """Choices that shape a dataset version; the snapshot brings seed and correct_ratio itself.

    Attributes:
        replay_max: Most unflagged complaints that become candidates for the replay.
        holdout_share: Share of the window's unflagged groups that training never sees; 0.0 when the
            evaluation cross-fits.
        near_duplicate_threshold: Lowest Jaccard similarity of two near-duplicates, 0.5 to 1.0.
        test_share: Share of each label's balanced rows that the test split takes.
        eval_share: The same for the eval split.
        anchor_test_share: Share of the groups with anchor rows only that guard against forgetting.
        min_rows: Fewer balanced rows than this are published nowhere, so that they may all have
            one label; with more rows that is an error.
        pii_policy: What becomes of personal data in texts.
    """

    replay_max: int = 20_000
    holdout_share: float = 0.0
    near_duplicate_threshold: float = 0.7
    test_share: float = 0.1
    eval_share: float = 0.1
    # As much as of other rows: a fifth of 650 corpus rows cost 0.6 points of macro-F1.
    anchor_test_share: float = 0.1
    min_rows: int = 0
    pii_policy: PiiPolicy = PiiPolicy.REDACT

    def __post_init__(self) -> None:
        for name in ("holdout_share", "test_share", "eval_share", "anchor_test_share"):
            if not 0.0 <= (value := getattr(self, name)) < 1.0:
                raise ValueError(f"{name}={value}: a share is at least 0 and below 1")
        if self.test_share + self.eval_share >= 1.0:
            raise ValueError(
                f"test_share={self.test_share} and eval_share={self.eval_share} leave no train rows"
            )
        # Below 0.5 the bands find too few of the pairs for the promise that splits are kept apart.
        if not 0.5 <= self.near_duplicate_threshold <= 1.0:
            raise ValueError(
                f"near_duplicate_threshold={self.near_duplicate_threshold}: allowed is 0.5 to 1.0"
            )
        if self.replay_max < 0 or self.min_rows < 0:
            raise ValueError(
                f"replay_max={self.replay_max}, min_rows={self.min_rows}: neither can be negative"
            )


@dataclass(frozen=True, kw_only=True)
class PreparationReport:
    """Counts of one preparation; all values are plain JSON values.

    Attributes:
        row_count: Corrections, audits and balanced unflagged rows after cleaning and deduplication.
        rows_read: Snapshot rows per source.
        rows_kept: Rows per source after cleaning and deduplication.
        rows_by_split: Rows per split, with replay, anchor_test and holdout.
        labels_by_split: Rows per split and label.
        replay_by_source: Replay rows per source.
        excluded: Rows per reason for which they are in no split.
        duplicates: Rows that have the text of a row that went before them.
        conflicting_labels: Those among them with another label than that row.
        superseded_reviews: Older reviews that a newer one of the same complaint replaced.
        near_duplicate_groups: Groups of two or more near-duplicate texts.
        near_duplicate_rows: Texts in these groups.
        left_out_across_splits: Texts whose near-duplicates stand in another split.
        thin_labels: Balanced rows of each label that train, eval or test has no row of.
        window_rows: Rows of the window table.
        window_unflagged_rows: Unflagged ones among them, a sample.
        window_random_audits: Those with a label that was drawn at random.
        window_other_audits: Those with a label that was asked for for another reason.
        window_unflagged_count: Unflagged complaints in the window of the database, audited ones
            among them; None if the snapshot has no window.
        snapshot: The snapshot's report, seed, ratio and window.
        settings: PreparationSettings and the versions of cleaner, redactor, near-duplicates and
            sampler.
        personal_data: Policy, rows with personal data, and places by kind in cleaned texts; None
            for a version from before PII_POLICY.
    """

    row_count: int
    rows_read: dict[str, int]
    rows_kept: dict[str, int]
    rows_by_split: dict[str, int]
    labels_by_split: dict[str, dict[str, int]]
    replay_by_source: dict[str, int]
    excluded: dict[str, int]
    duplicates: int
    conflicting_labels: int
    superseded_reviews: int
    near_duplicate_groups: int
    near_duplicate_rows: int
    left_out_across_splits: int
    thin_labels: dict[str, int]
    window_rows: int
    window_unflagged_rows: int
    window_random_audits: int
    window_other_audits: int
    window_unflagged_count: int | None
    snapshot: dict[str, Any]
    settings: dict[str, Any]
    personal_data: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a dictionary for `json.dumps`."""
        return asdict(self)
