"""What all texts of an export look like: length, letters, emptiness and damage."""

from collections import Counter

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.qa.garbled import Garbled, garbled_texts
from sambodhan_assets.domain.qa.measured import LISTED_AT_MOST, measured, part, share
from sambodhan_assets.domain.qa.metric import ListedRow, Metric, Section
from sambodhan_assets.domain.qa.script_mix import LETTERS, letters_of
from sambodhan_assets.domain.qa.text_bytes import TextBytes, matching

# Lengths are counted one by one up to here; longer texts count as this long in percentiles.
LONGEST = 20_000
# The working arrays take some 20 bytes for each byte of these texts.
_ROWS_AT_ONCE = 2_000
# What a person sees: neither separators nor characters that only format.
_VISIBLE = r"[^\s\p{Z}\p{Cf}]"
_EDGES = (50, 100, 200, 500, 1_000, 5_000)


class TextQuality:
    """Counts over texts; its memory does not grow with them."""

    def __init__(self) -> None:
        self._rows, self._characters, self._empty = 0, 0, 0
        self._lengths = np.zeros(LONGEST + 1, dtype=np.int64)
        self._letters = np.zeros(len(LETTERS), dtype=np.int64)
        self._garbled = Counter[Garbled]()
        self._listed: list[tuple[str, Garbled]] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts rows of EXPORT_SCHEMA."""
        for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
            self._add(batch.slice(start, _ROWS_AT_ONCE))

    def _add(self, batch: pa.RecordBatch) -> None:
        texts = batch["grievance"]
        laid_out = TextBytes.of(texts)
        lengths = laid_out.characters()
        self._rows += len(lengths)
        self._characters += int(lengths.sum())
        clipped = np.minimum(lengths, LONGEST)
        self._lengths += np.bincount(clipped, minlength=LONGEST + 1)
        self._letters += np.bincount(letters_of(laid_out), minlength=len(LETTERS))
        visible = matching(texts, _VISIBLE)
        self._empty += len(visible) - int(np.count_nonzero(visible))
        found = [
            (str(batch["id"][position].as_py()), kind)
            for position, kind in garbled_texts(texts, laid_out)
            if visible[position]
        ]
        self._garbled.update(kind for _, kind in found)
        # The lowest ids, so that the list does not depend on the order of the batches.
        self._listed = sorted(self._listed + found)[:LISTED_AT_MOST]

    def result(self) -> Section:
        """Metrics and tables of lengths, letters, empty and garbled texts."""
        rows = self._rows
        garbled = {kind.value: self._garbled[kind] for kind in Garbled}
        letters = dict(zip((kind.value for kind in LETTERS), self._letters.tolist(), strict=True))
        tables: dict[str, dict[str, float | int | None]] = {
            "rows by length in characters": self._by_length(),
            "rows by script": dict(letters),
            "garbled rows by kind": {kind: n if rows else None for kind, n in garbled.items()},
        }
        total = self._garbled.total()
        metrics = [
            *self._length_metrics(),
            *(
                measured(f"script_{name}_share", share(n, rows), _SCRIPTS[name], rows=rows)
                for name, n in letters.items()
            ),
            measured("empty_text_share", share(self._empty, rows), _EMPTY, rows=rows),
            measured("garbled_share", share(total, rows), _GARBLED, rows=rows),
            *(
                measured(f"garbled_{kind}_share", share(n, rows), _GARBLED_BY[kind], rows=rows)
                for kind, n in garbled.items()
            ),
        ]
        listed = [
            ListedRow(
                id=row,
                reason="garbled text",
                detail=f"{kind.value.replace('_', ' ')}; {total} rows are garbled in all",
            )
            for row, kind in self._listed
        ]
        return part(metrics, tables, listed)

    def _length_metrics(self) -> list[Metric]:
        rows = self._rows
        mean = "Mean length of a text in characters (code points)."
        metrics = [measured("length_mean", share(self._characters, rows), mean, rows=rows)]
        until = np.cumsum(self._lengths)
        for percent in (5, 50, 95):
            # The lowest length that so many of all rows do not exceed.
            value = float(np.searchsorted(until, rows * percent / 100)) if rows else None
            definition = (
                f"Length in characters that {percent} of 100 texts do not exceed; one above"
                f" {LONGEST:,} counts as {LONGEST:,}."
            )
            metrics.append(measured(f"length_p{percent}", value, definition, rows=rows))
        return metrics

    def _by_length(self) -> dict[str, float | int | None]:
        bounds = [0, *(edge + 1 for edge in _EDGES), LONGEST + 1]
        names = [f"up to {edge:,}" for edge in _EDGES] + [f"above {_EDGES[-1]:,}"]
        until = np.concatenate([[0], np.cumsum(self._lengths)])
        return dict(zip(names, np.diff(until[bounds]).tolist(), strict=True))


_OF_LETTERS = "Share of texts {}, 0 to 1."
_SCRIPTS = {
    "devanagari": _OF_LETTERS.format(
        "of whose Latin and Devanagari letters over 80 % are Devanagari"
    ),
    "latin": _OF_LETTERS.format("of whose Latin and Devanagari letters over 80 % are Latin"),
    "mixed": _OF_LETTERS.format("in which Latin and Devanagari letters each make up 20 % or more"),
    "other": _OF_LETTERS.format(
        "without a Latin or Devanagari letter, or with more letters of other scripts"
    ),
}
_EMPTY = "Share of texts without a visible character, 0 to 1."
_GARBLED = "Share of texts that are damaged, typed for the font Preeti or keyboard mash, 0 to 1."
_GARBLED_BY = {
    Garbled.REPLACEMENT.value: "Share of texts with replacement characters, or with words that"
    " became question marks or boxes, 0 to 1.",
    Garbled.MOJIBAKE.value: "Share of texts in which UTF-8 was read as another encoding, 0 to 1.",
    Garbled.CONTROL.value: "Share of texts with control or private use characters, 0 to 1.",
    Garbled.PREETI.value: "Share of texts with Nepali typed for the font Preeti, as pairs of"
    " neighbouring characters tell, 0 to 1.",
    Garbled.MASH.value: "Share of texts of keys that were struck without a word in mind, 0 to 1.",
}
