"""Cleans the rows of a snapshot, tells what each may become, and finds one row per text."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.dataset.cleaning import clean_text, folded, key_of_normalised
from sambodhan_assets.domain.dataset.columns import (
    Bools,
    Ints,
    Keys,
    codes,
    flags,
    integers,
    strings,
)
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from sambodhan_assets.domain.dataset.snapshot import (
    ANCHOR,
    AUDIT,
    CORRECTION,
    MAX_MESSAGE_LENGTH,
    UNFLAGGED,
    FeedbackSnapshot,
)
from sambodhan_assets.domain.dataset.text_steps import PERSONAL_DATA, Protected, protect
from sambodhan_assets.domain.errors import PermanentError

SOURCES = (AUDIT, CORRECTION, UNFLAGGED, ANCHOR)

# What a row may become. Of several rows with one text the lowest number stands for the text.
BALANCED_AUDIT, BALANCED_CORRECTION, BALANCED_UNFLAGGED = 0, 1, 2
REPLAY_ANCHOR, REPLAY_UNFLAGGED, WINDOW_ONLY, EXCLUDED = 3, 4, 5, 6

NO_LABEL = "no label"
TOO_LONG = f"longer than {MAX_MESSAGE_LENGTH} characters"
EMPTY = "empty after cleaning"
NOT_SAMPLED = "beyond the replay sample"

_LAST = np.iinfo(np.int64).max
_IDS_SHOWN = 10
# Characters; the longest label has 45.
_LONGEST_LABEL = 60
SLICE_ROWS = 1 << 13


@dataclass(frozen=True, kw_only=True)
class CandidateRows:
    """The rows of a snapshot in its order, n in number.

    Attributes:
        table: The snapshot's rows.
        standing: What each row may become, [n].
        label: Label id, -1 if there is none, [n].
        texts: Texts after all steps; "" for excluded rows.
        keys: Text keys, [n] of 32 bytes; b"" for excluded rows.
        reasons: Why a row is excluded.
        protected: Rows in whose cleaned text personal data was found.
    """

    table: pa.Table
    standing: Ints
    label: Ints
    texts: pa.Array
    keys: Keys
    reasons: list[str | None]
    protected: dict[int, Protected]


@dataclass(frozen=True, kw_only=True)
class UniqueTexts:
    """The texts that take part in the splits, one entry per text, in the order of their keys.

    Attributes:
        keys: Text keys, ascending, [n] of 32 bytes.
        row: The row that stands for the text, [n].
        standing: Its standing, [n].
        label: Its label id, [n].
        in_holdout_frame: An unflagged complaint of the window has the text, and the text is no
            balanced row, [n].
        text_of_row: For each snapshot row the position of its text here, -1 if it has none.
    """

    keys: Keys
    row: Ints
    standing: Ints
    label: Ints
    in_holdout_frame: Bools
    text_of_row: Ints


def read_candidates(
    snapshot: FeedbackSnapshot, labels: Sequence[str], settings: PreparationSettings
) -> tuple[CandidateRows, list[str]]:
    """Clean the rows of a snapshot, take personal data out of them, and encode their labels.

    Returns:
        The rows, and their normalised texts; "" for excluded rows.

    Raises:
        PermanentError: A row has a label that the task does not have, or an unknown source.
    """
    table = snapshot.rows
    label = codes(table["label"], labels)
    has_label = label >= 0
    unknown = np.flatnonzero(~has_label)
    named = [bool(name and name.strip()) for name in table["label"].take(unknown).to_pylist()]
    _require_known_labels(table, unknown[np.array(named, dtype=np.bool_)], labels)
    standing = _standings(snapshot, settings)
    texts = [strings([])]
    forms, reasons = list[str](), list[str | None]()
    protected = dict[int, Protected]()
    # A slice at a time: as Python strings all messages at once take twice the memory of the column.
    for start in range(0, table.num_rows, SLICE_ROWS):
        part = slice(start, start + SLICE_ROWS)
        messages = table["message"][part].to_pylist()
        cleaned = list(map(_cleaned, messages, has_label[part].tolist(), standing[part].tolist()))
        for row, (text, _) in enumerate(cleaned):
            if text and (found := protect(text, settings.pii_policy)):
                protected[start + row] = found
                cleaned[row] = (found.text, None if found.text else PERSONAL_DATA)
        texts.append(strings([text for text, _ in cleaned]))
        forms += [folded(text) for text, _ in cleaned]
        reasons += [reason for _, reason in cleaned]
    standing[np.array([reason is not None for reason in reasons], dtype=np.bool_)] = EXCLUDED
    keys = [key_of_normalised(form) if form else "" for form in forms]
    rows = CandidateRows(
        table=table,
        standing=standing,
        label=label,
        texts=pa.concat_arrays(texts),
        keys=np.array(keys, dtype="S32"),
        reasons=reasons,
        protected=protected,
    )
    return rows, forms


def _cleaned(message: str | None, has_label: bool, standing: int) -> tuple[str, str | None]:
    """The cleaned text, or "" and the reason why the row is excluded."""
    if not has_label:
        return "", NO_LABEL
    if message is not None and len(message) > MAX_MESSAGE_LENGTH:
        return "", TOO_LONG
    text = clean_text(message or "")
    if not text:
        return "", EMPTY
    return ("", NOT_SAMPLED) if standing == EXCLUDED else (text, None)


def unique_texts(rows: CandidateRows, *, with_window: bool) -> UniqueTexts:
    """Choose the row that stands for each text.

    An audit comes before a correction, that before an unflagged row; then the newest review, the
    lowest rank in the sample, the lowest complaint id. Anchor rows come before the replay sample.

    Args:
        rows: The candidates.
        with_window: Texts that only the window holds take part, for the holdout.
    """
    last = WINDOW_ONLY if with_window else REPLAY_UNFLAGGED
    members = np.flatnonzero(rows.standing <= last)
    keys, text = np.unique(rows.keys[members], return_inverse=True)
    reviewed = integers(rows.table["reviewed_at"], 0)
    rank = integers(rows.table["sample_rank"], _LAST)
    anchors = np.flatnonzero(rows.standing == REPLAY_ANCHOR).tolist()
    # Anchor rows have no id, and their order in the file must not matter.
    anchors.sort(key=lambda row: (rows.label[row], rows.texts[row].as_py()))
    rank[anchors] = np.arange(len(anchors))
    ids = integers(rows.table["complaint_id"], _LAST)
    standing = rows.standing
    order = np.lexsort((ids[members], rank[members], -reviewed[members], standing[members], text))
    first = np.concatenate([[True], np.diff(text[order]) > 0])[: len(order)]
    winners = members[order[first]]
    text_of_row = np.full(len(standing), -1, dtype=np.int64)
    text_of_row[members] = text
    in_frame = np.zeros(len(keys), dtype=np.bool_)
    unflagged = standing >= BALANCED_UNFLAGGED
    unflagged &= (standing != REPLAY_ANCHOR) & flags(rows.table["in_window"])
    in_frame[text_of_row[unflagged & (text_of_row >= 0)]] = True
    return UniqueTexts(
        keys=keys,
        row=winners,
        standing=standing[winners],
        label=rows.label[winners],
        in_holdout_frame=in_frame & (standing[winners] >= REPLAY_UNFLAGGED),
        text_of_row=text_of_row,
    )


def _standings(snapshot: FeedbackSnapshot, settings: PreparationSettings) -> Ints:
    table = snapshot.rows
    source = codes(table["source"], SOURCES)
    if (source < 0).any():
        raise PermanentError(
            tried="Reading the snapshot",
            found=f"it holds rows of the sources {sorted(set(table['source'].to_pylist()))}.",
            todo=f"Allowed are {', '.join(SOURCES)}.",
        )
    corrections = int(np.count_nonzero(source == SOURCES.index(CORRECTION)))
    # Rounded first: 0.1 * 30 is a little more than 3.
    balanced = math.ceil(round(snapshot.correct_ratio * corrections, 9))
    rank = integers(table["sample_rank"], _LAST)
    standing = np.full(len(source), EXCLUDED, dtype=np.int64)
    standing[source == SOURCES.index(AUDIT)] = BALANCED_AUDIT
    standing[source == SOURCES.index(CORRECTION)] = BALANCED_CORRECTION
    standing[source == SOURCES.index(ANCHOR)] = REPLAY_ANCHOR
    unflagged = source == SOURCES.index(UNFLAGGED)
    standing[unflagged & flags(table["in_window"])] = WINDOW_ONLY
    standing[unflagged & (rank < balanced + settings.replay_max)] = REPLAY_UNFLAGGED
    standing[unflagged & (rank < balanced)] = BALANCED_UNFLAGGED
    return standing


def _require_known_labels(table: pa.Table, unknown: Ints, labels: Sequence[str]) -> None:
    if len(unknown) == 0:
        return
    found = table.select(["label", "complaint_id", "review_id"]).take(unknown).to_pylist()
    counts = Counter(row["label"] for row in found)
    parts: list[str] = []
    for value, count in sorted(counts.items()):
        rows = [row for row in found if row["label"] == value]
        shown = ", ".join(map(_named, rows[:_IDS_SHOWN]))
        parts.append(f"{_quoted(value)} in {count} rows (complaints {shown})")
    raise PermanentError(
        tried="Encoding the labels of the snapshot",
        found=f"unknown labels: {'; '.join(parts)}.",
        todo=f"Correct these rows, or add the labels to the task. Allowed are {list(labels)}.",
    )


def _quoted(label: str) -> str:
    """A wrong label; what is too long for one may be a complaint in the wrong column."""
    if len(label) > _LONGEST_LABEL:
        return f"a text of {len(label):,} characters"
    return repr(label)


def _named(row: dict[str, Any]) -> str:
    """How people find a row again: a wrong label is mended in its review, by the review's id."""
    if row["complaint_id"] is None:
        return "anchor row"
    review = "" if row["review_id"] is None else f" in review {row['review_id']}"
    return f"{row['complaint_id']}{review}"
