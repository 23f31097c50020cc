"""Who gave the labels of a dataset: people, or the model that is to be judged by them."""

from collections import Counter
from dataclasses import dataclass

import pyarrow.compute as pc

from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.snapshot import UNFLAGGED

# Above it most of a score on the test split says how often two models agree.
MOST_PRESUMED = 0.5


@dataclass(frozen=True, kw_only=True)
class LabelSources:
    """Where the labels of the test split come from.

    Attributes:
        rows: Rows of the test split per source.
    """

    rows: dict[str, int]

    @property
    def presumed_share(self) -> float | None:
        """Share of the rows that hold the deployed answer, in [0, 1]; None without rows."""
        total = sum(self.rows.values())
        return self.rows.get(UNFLAGGED, 0) / total if total else None

    @property
    def mostly_people(self) -> bool:
        """At most half of the labels are presumed; also where there is no row to judge by."""
        return (self.presumed_share or 0.0) <= MOST_PRESUMED

    @property
    def sentence(self) -> str:
        """The result, and what to do about it."""
        if self.presumed_share is None:
            return "not measured: the test split has no rows."
        told = (
            f"{self.rows.get(UNFLAGGED, 0)} of {sum(self.rows.values())} labels of the test split "
            f"({100 * self.presumed_share:.0f} of 100) are answers of a model that nobody "
            "objected to"
        )
        if self.mostly_people:
            return f"{told}; people gave the others."
        return (
            f"{told}, so a score on it says mostly how often two models agree. Let people label "
            "complaints at random: run the job draw_audit_batch, fill in the sheet, and load it "
            "with `sambodhan load audits`."
        )


def label_sources(dataset: BalancedDataset) -> LabelSources:
    """Count the sources of the test split's labels."""
    members = dataset.lineage.filter(pc.field("disposition") == "test")
    return LabelSources(rows=dict(sorted(Counter(members["source"].to_pylist()).items())))
