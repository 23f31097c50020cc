"""The quality section: what the texts and labels of an export look like."""

from collections import Counter

import pyarrow as pa

from sambodhan_assets.domain.export.memory import give_back_memory
from sambodhan_assets.domain.qa.duplicates import Duplicates, LabelBalance
from sambodhan_assets.domain.qa.label_errors import LabelErrors
from sambodhan_assets.domain.qa.language import Language, forget_languages, language_of
from sambodhan_assets.domain.qa.measured import joined, measured, part, share
from sambodhan_assets.domain.qa.metric import Section
from sambodhan_assets.domain.qa.near_copies import NearCopies
from sambodhan_assets.domain.qa.row_sample import CHARACTERS, RowSample
from sambodhan_assets.domain.qa.task_sample import task_samples
from sambodhan_assets.domain.qa.text_quality import TextQuality

SAMPLE_ROWS = 50_000


class QualityMeasure:
    """Measures all rows as they come; what compares rows is measured on a sample at the end.

    Args:
        sample_rows: Rows with the lowest seeded hash of their id, on which languages,
            near-duplicates, label errors and coherence are measured.
        seed: Seed of the sample and of the models that judge labels.
    """

    def __init__(self, *, sample_rows: int = SAMPLE_ROWS, seed: int) -> None:
        self._sample = RowSample(sample_rows, seed=seed)
        self._seed = seed
        self._all_rows = (TextQuality(), Duplicates(), LabelBalance())

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes rows of EXPORT_SCHEMA."""
        if not batch.num_rows:
            return
        for measure in (*self._all_rows, self._sample):
            measure.add(batch)

    def result(self) -> Section:
        """All metrics of quality, the same ones in whatever order the batches came."""
        sections = [measure.result() for measure in self._all_rows]
        rows = self._sample.rows()
        # First, and forgotten at once: the model of languages and the index of texts are large.
        languages = _languages(rows)
        forget_languages()
        give_back_memory()
        near_copies, label_errors = NearCopies(), LabelErrors(seed=self._seed)
        for sample in task_samples(rows):
            near_copies.add(sample)
            label_errors.add(sample)
        sections += [languages, near_copies.result(), label_errors.result()]
        return joined(sections)


def _languages(rows: pa.Table) -> Section:
    counts = Counter(language_of(text.as_py()) for text in rows["grievance"])
    metrics = [
        measured(
            f"language_{language.value}_share",
            share(counts[language], rows.num_rows),
            _LANGUAGE.format(_NAMES[language]),
            rows=rows.num_rows,
            sampled=True,
        )
        for language in Language
    ]
    table: dict[str, float | int | None] = {
        language.value: counts[language] if rows.num_rows else None for language in Language
    }
    return part(metrics, {"sampled rows by language": table})


_LANGUAGE = f"Share of texts {{}}, told from their first {CHARACTERS:,} characters, 0 to 1."
_NAMES = {
    Language.NEPALI: "in Devanagari that py3langid is not sure to be Hindi or Marathi",
    Language.ROMANISED: "in Latin letters with more Nepali function words than English words",
    Language.ENGLISH: "in Latin letters with no more Nepali function words than English words",
    Language.MIXED: "that mix scripts, or Nepali in Latin letters and English",
    Language.HINDI: "in Devanagari that py3langid is sure to be Hindi",
    Language.MARATHI: "in Devanagari that py3langid is sure to be Marathi",
    Language.UNKNOWN: "without a Latin or Devanagari letter",
}
