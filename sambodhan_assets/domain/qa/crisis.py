"""The safety section: rows that speak of a threat to life, self-harm, violence or a disaster."""

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from sambodhan_assets.domain.qa.crisis_lexicon import (
    CRISES,
    LEXICON_VERSION,
    Category,
    load_lexicon,
)
from sambodhan_assets.domain.qa.crisis_pattern import CrisisPattern
from sambodhan_assets.domain.qa.metric import ListedRow, Metric, Section

# Of each category: a flood in every village must not push the threats to a life off the list.
LISTED_PER_CATEGORY = 250
_NO_ROWS = "no row was scanned"
_UNREVIEWED = (
    " The lexicon is unreviewed: nobody who knows the languages answers for it yet, so a flag is a"
    " hint, and a row without one proves nothing."
)


class CrisisScan:
    """Flags rows by the crisis lexicon and lists them for a person to resolve.

    Args:
        reviewers: People who answer for the lexicon, as REVIEWERS names them.
        listed_per_category: Most rows that are listed of one category.
    """

    def __init__(
        self, *, reviewers: Sequence[str] = (), listed_per_category: int = LISTED_PER_CATEGORY
    ) -> None:
        lexicon = load_lexicon(reviewers=reviewers)
        self._pattern = CrisisPattern(lexicon)
        self._terms = len(lexicon)
        self._unreviewed = sum(not term.reviewed_by for term in lexicon)
        self._rows = 0
        self._flagged = 0
        self._by_category = Counter[Category]()
        self._listed: dict[Category, list[ListedRow]] = {category: [] for category in CRISES}
        self._listed_per_category = listed_per_category

    def add(self, batch: pa.RecordBatch) -> None:
        """Searches rows of EXPORT_SCHEMA."""
        self._rows += batch.num_rows
        texts: list[str] = batch["grievance"].to_pylist()
        for position, text in enumerate(texts):
            if found := self._pattern.find(text):
                categories = {term.category for term in found}
                self._flagged += 1
                self._by_category.update(categories)
                most_urgent = next(category for category in CRISES if category in categories)
                listed = self._listed[most_urgent]
                if len(listed) < self._listed_per_category:
                    terms = ", ".join(dict.fromkeys(term.name for term in found))
                    row_id = batch["id"][position].as_py()
                    reason = f"crisis: {most_urgent.value}"
                    listed.append(ListedRow(id=row_id, reason=reason, detail=f"terms: {terms}"))

    def result(self) -> Section:
        """Metrics `crisis_*`; the most urgent rows are listed first."""
        listed = [row for category in CRISES for row in self._listed[category]]
        metrics = [
            self._share("crisis_flag_share", self._flagged, "any category"),
            self._count("crisis_flag_count", self._flagged, "Rows with a flag of any category."),
        ]
        for category in CRISES:
            rows, name = self._by_category[category], category.value.replace("_", " ")
            metrics += [
                self._share(f"crisis_{category.value}_share", rows, f"the category {name}"),
                self._count(f"crisis_{category.value}_count", rows, f"Rows with a flag of {name}."),
            ]
        metrics.append(
            self._count(
                "crisis_rows_listed",
                len(listed),
                "Flagged rows that are listed, each under its most urgent category, at most"
                f" {self._listed_per_category} of a category; crisis_flag_count counts all.",
            )
        )
        return Section(
            name="safety",
            metrics=(*metrics, *self._lexicon_metrics()),
            tables={"rows with a crisis flag, by category": self._table()},
            listed=tuple(listed),
        )

    def _lexicon_metrics(self) -> tuple[Metric, ...]:
        unreviewed = "Terms of the crisis lexicon that no person named in REVIEWERS answers for."
        terms = (
            f"Terms of the crisis lexicon, version {LEXICON_VERSION}, harmless phrases included."
        )
        return tuple(
            Metric(name=n, value=float(v), definition=d, rows=0, sampled=False, reason=None)
            for n, v, d in (
                ("crisis_lexicon_terms", self._terms, terms),
                ("crisis_lexicon_unreviewed", self._unreviewed, unreviewed),
            )
        )

    def _table(self) -> dict[str, float | int | None]:
        """Rows by category; None if no row was looked at."""
        return {c.value: self._by_category[c] if self._rows else None for c in CRISES}

    def _share(self, name: str, rows: int, of: str) -> Metric:
        share = rows / self._rows if self._rows else None
        definition = f"Share of all rows in which a term of {of} stands, 0 to 1."
        return self._metric(name, share, definition)

    def _count(self, name: str, rows: int, definition: str) -> Metric:
        return self._metric(name, float(rows) if self._rows else None, definition)

    def _metric(self, name: str, value: float | None, definition: str) -> Metric:
        return Metric(
            name=name,
            value=value,
            definition=definition + (_UNREVIEWED if self._unreviewed else ""),
            rows=self._rows,
            sampled=False,
            reason=None if self._rows else _NO_ROWS,
        )
