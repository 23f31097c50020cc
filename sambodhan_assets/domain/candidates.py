"""Cleans the rows of a snapshot, tells what each may become, and finds one row per text."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sambodhan_assets.domain.cleaning import clean_text, key_of_normalised, normalised
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.feedback import (
    ANCHOR,
    AUDIT,
    CORRECTION,
    MAX_MESSAGE_LENGTH,
    UNFLAGGED,
    FeedbackSnapshot,
)
from sambodhan_assets.domain.preparation import PreparationSettings

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.bytes_]

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


@dataclass(frozen=True, kw_only=True)
class CandidateRows:
    """The rows of a snapshot in its order, n in number.

    Attributes:
        table: The snapshot's rows.
        standing: What each row may become, [n].
        label: Label id, -1 if there is none, [n].
        texts: Cleaned texts; "" for excluded rows.
        forms: Normalised texts; "" for excluded rows.
        keys: Text keys, [n] of 32 bytes; b"" for excluded rows.
        reasons: Why a row is excluded.
    """

    table: pa.Table
    standing: Ints
    label: Ints
    texts: list[str]
    forms: list[str]
    keys: Keys
    reasons: list[str | None]


@dataclass(frozen=True, kw_only=True)
class UniqueTexts:
    """The texts that take part in the splits, one entry per text, in the order of their keys.

    Attributes:
        keys: Text keys, ascending, [n] of 32 bytes.
        row: The row that stands for the text, [n].
        standing: Its standing, [n].
        label: Its label id, [n].
        forms: Its normalised text.
        in_holdout_frame: An unflagged complaint of the window has the text, and the text is no
            balanced row, [n].
        text_of_row: For each snapshot row the position of its text here, -1 if it has none.
    """

    keys: Keys
    row: Ints
    standing: Ints
    label: Ints
    forms: list[str]
    in_holdout_frame: Bools
    text_of_row: Ints


def read_candidates(
    snapshot: FeedbackSnapshot, labels: Sequence[str], settings: PreparationSettings
) -> CandidateRows:
    """Clean and encode the rows of a snapshot.

    Raises:
        PermanentError: A row has a label that the task does not have, or an unknown source.
    """
    table = snapshot.rows
    label = pc.fill_null(pc.index_in(table["label"], value_set=pa.array(labels)), -1)
    label_ids = label.to_numpy().astype(np.int64)
    unlabelled = _mask(pc.equal(pc.utf8_trim_whitespace(pc.fill_null(table["label"], "")), ""))
    _require_known_labels(table, (label_ids < 0) & ~unlabelled, labels)
    standing = _standings(snapshot, settings)
    too_long = _mask(
        pc.greater(pc.utf8_length(pc.fill_null(table["message"], "")), MAX_MESSAGE_LENGTH)
    )
    reasons: list[str | None] = [None] * table.num_rows
    texts = [""] * table.num_rows
    messages = table["message"].to_pylist()
    for row, (missing, long) in enumerate(zip(unlabelled.tolist(), too_long.tolist(), strict=True)):
        if missing or long:
            reasons[row] = NO_LABEL if missing else TOO_LONG
            continue
        texts[row] = clean_text(messages[row] or "")
        if not texts[row]:
            reasons[row] = EMPTY
    for row in np.flatnonzero(standing == EXCLUDED).tolist():
        reasons[row], texts[row] = reasons[row] or NOT_SAMPLED, ""
    standing[np.array([reason is not None for reason in reasons], dtype=np.bool_)] = EXCLUDED
    forms = [normalised(text) for text in texts]
    keys = np.array([key_of_normalised(form) if form else "" for form in forms], dtype="S32")
    return CandidateRows(
        table=table,
        standing=standing,
        label=label_ids,
        texts=texts,
        forms=forms,
        keys=keys,
        reasons=reasons,
    )


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
    reviewed = _integers(rows.table["reviewed_at"].cast(pa.int64()), 0)
    rank = _integers(rows.table["sample_rank"], _LAST)
    anchors = np.flatnonzero(rows.standing == REPLAY_ANCHOR).tolist()
    # Anchor rows have no id, and their order in the file must not matter.
    anchors.sort(key=lambda row: (rows.label[row], rows.texts[row]))
    rank[anchors] = np.arange(len(anchors))
    ids = _integers(rows.table["complaint_id"], _LAST)
    standing = rows.standing
    order = np.lexsort((ids[members], rank[members], -reviewed[members], standing[members], text))
    first = np.concatenate([[True], np.diff(text[order]) > 0])[: len(order)]
    winners = members[order[first]]
    text_of_row = np.full(len(standing), -1, dtype=np.int64)
    text_of_row[members] = text
    in_frame = np.zeros(len(keys), dtype=np.bool_)
    unflagged = _mask(pc.equal(rows.table["source"], UNFLAGGED)) & _mask(rows.table["in_window"])
    in_frame[text_of_row[unflagged & (text_of_row >= 0)]] = True
    return UniqueTexts(
        keys=keys,
        row=winners,
        standing=standing[winners],
        label=rows.label[winners],
        forms=[rows.forms[row] for row in winners.tolist()],
        in_holdout_frame=in_frame & (standing[winners] >= REPLAY_UNFLAGGED),
        text_of_row=text_of_row,
    )


def _standings(snapshot: FeedbackSnapshot, settings: PreparationSettings) -> Ints:
    table = snapshot.rows
    source = pc.index_in(table["source"], value_set=pa.array(SOURCES))
    if source.null_count:
        raise PermanentError(
            tried="Reading the snapshot",
            found=f"it holds rows of the sources {sorted(set(table['source'].to_pylist()))}.",
            todo=f"Allowed are {', '.join(SOURCES)}.",
        )
    codes = source.to_numpy().astype(np.int64)
    corrections = int(np.count_nonzero(codes == SOURCES.index(CORRECTION)))
    # Rounded first: 0.1 * 30 is a little more than 3.
    balanced = math.ceil(round(snapshot.correct_ratio * corrections, 9))
    rank = _integers(table["sample_rank"], _LAST)
    standing = np.full(len(codes), EXCLUDED, dtype=np.int64)
    standing[codes == SOURCES.index(AUDIT)] = BALANCED_AUDIT
    standing[codes == SOURCES.index(CORRECTION)] = BALANCED_CORRECTION
    standing[codes == SOURCES.index(ANCHOR)] = REPLAY_ANCHOR
    unflagged = codes == SOURCES.index(UNFLAGGED)
    standing[unflagged & _mask(table["in_window"])] = WINDOW_ONLY
    standing[unflagged & (rank < balanced + settings.replay_max)] = REPLAY_UNFLAGGED
    standing[unflagged & (rank < balanced)] = BALANCED_UNFLAGGED
    return standing


def _require_known_labels(table: pa.Table, unknown: Bools, labels: Sequence[str]) -> None:
    if not unknown.any():
        return
    found = table.filter(pa.array(unknown)).select(["label", "complaint_id"]).to_pylist()
    counts = Counter(row["label"] for row in found)
    parts: list[str] = []
    for value, count in sorted(counts.items()):
        ids = [row["complaint_id"] for row in found if row["label"] == value]
        shown = ", ".join("anchor row" if i is None else str(i) for i in ids[:_IDS_SHOWN])
        parts.append(f"{value!r} in {count} rows (complaints {shown})")
    raise PermanentError(
        tried="Encoding the labels of the snapshot",
        found=f"unknown labels: {'; '.join(parts)}.",
        todo=f"Correct these rows, or add the labels to the task. Allowed are {list(labels)}.",
    )


def _mask(values: pa.ChunkedArray) -> Bools:
    return np.asarray(values.to_numpy(), dtype=np.bool_)


def _integers(values: pa.ChunkedArray, missing: int) -> Ints:
    return np.array(pc.fill_null(values, missing).to_numpy(), dtype=np.int64)
