"""Writes the placed texts down as the tables of a dataset."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.dataset.candidates import EXCLUDED, SOURCES, CandidateRows, UniqueTexts
from sambodhan_assets.domain.dataset.columns import (
    ABSENT,
    Keys,
    codes,
    flags,
    integers,
    key_strings,
    strings,
)
from sambodhan_assets.domain.dataset.dispositions import (
    ANCHOR_TEST,
    HOLDOUT,
    RECORDED_SPLIT,
    REPLAY,
    Dispositions,
)
from sambodhan_assets.domain.dataset.placement import Placement
from sambodhan_assets.domain.dataset.snapshot import AUDIT, DRAWN_AT_RANDOM, UNFLAGGED
from sambodhan_assets.domain.dataset.splits import NOWHERE, ORDER_SALT, SPLITS

LABELLED_SCHEMA = pa.schema([("grievance", pa.string()), ("label", pa.int64())])
REPLAY_SCHEMA = LABELLED_SCHEMA.append(pa.field("source", pa.string()))
ASSIGNMENTS_SCHEMA = pa.schema(
    [("text_key", pa.string()), ("group_key", pa.string()), ("split", pa.string())]
)
WINDOW_SCHEMA = pa.schema(
    [
        ("complaint_id", pa.int64()),
        ("grievance", pa.string()),
        ("text_key", pa.string()),
        ("answer", pa.int64()),
        ("correct", pa.int64()),
        pa.field("certain", pa.bool_(), nullable=False),
        ("source", pa.string()),
        ("split", pa.string()),
    ]
)
LINEAGE_SCHEMA = pa.schema(
    [
        ("complaint_id", pa.int64()),
        ("review_id", pa.int64()),
        ("source", pa.string()),
        ("label", pa.string()),
        ("text_key", pa.string()),
        ("disposition", pa.string()),
        ("reason", pa.string()),
    ]
)


# Tables with a label: the splits, what is trained on beside them, and what guards old knowledge.
LABELLED = (*SPLITS, REPLAY, ANCHOR_TEST)
WINDOW, ASSIGNMENTS, LINEAGE = "window", "assignments", "lineage"


def dataset_tables(
    rows: CandidateRows,
    texts: UniqueTexts,
    placement: Placement,
    fates: Dispositions,
    *,
    labels: Sequence[str],
    parent: pa.Table | None,
) -> dict[str, pa.Table]:
    """Return all tables by name; those in LABELLED have grievance, label and source."""
    tables = {name: _labelled(rows, texts, fates, name) for name in LABELLED}
    tables[WINDOW] = _window(rows, texts, fates, labels)
    tables[ASSIGNMENTS] = _assignments(texts, placement, fates, parent)
    tables[LINEAGE] = _lineage(rows, fates)
    return tables


def _labelled(rows: CandidateRows, texts: UniqueTexts, fates: Dispositions, fate: str) -> pa.Table:
    """Return grievance, label and source of the texts with one disposition, in file order."""
    members = np.flatnonzero(fates.of_text == fate)
    salt = ORDER_SALT.encode()
    digests = [hashlib.sha256(salt + key).digest() for key in texts.keys[members].tolist()]
    order = sorted(range(len(members)), key=digests.__getitem__)
    chosen = texts.row[members[order]]
    grievance = rows.texts.take(pa.array(chosen))
    source = rows.table["source"].combine_chunks().take(pa.array(chosen))
    return pa.table([grievance, pa.array(rows.label[chosen]), source], schema=REPLAY_SCHEMA)


def _assignments(
    texts: UniqueTexts, placement: Placement, fates: Dispositions, parent: pa.Table | None
) -> pa.Table:
    """Return the parent's assignments and those of this version's placed texts, sorted by key."""
    recorded = np.array([RECORDED_SPLIT.get(fate, "") for fate in fates.of_text.tolist()])
    new = (recorded != "") & (placement.known == NOWHERE)
    columns = [
        key_strings(texts.keys[new]),
        key_strings(placement.group[new]),
        strings(recorded[new].tolist()),
    ]
    table = pa.table(columns, schema=ASSIGNMENTS_SCHEMA)
    if parent is not None:
        table = pa.concat_tables(
            [parent.select(table.column_names).cast(ASSIGNMENTS_SCHEMA), table]
        )
    return table.sort_by("text_key").combine_chunks()


def _window(
    rows: CandidateRows, texts: UniqueTexts, fates: Dispositions, labels: Sequence[str]
) -> pa.Table:
    """Return what the deployed version answered, one row per complaint, by complaint id.

    A complaint that the snapshot holds twice, once audited, counts once with its best label.
    A label is certain if its complaint was not drawn at random: it speaks for that one only.
    """
    table = rows.table
    ids = integers(table["complaint_id"], ABSENT)
    members = np.flatnonzero(flags(table["in_window"]) & (rows.standing != EXCLUDED) & (ids >= 0))
    members = members[np.lexsort((rows.standing[members], ids[members]))]
    members = members[np.concatenate([[True], np.diff(ids[members]) > 0])[: len(members)]]
    chosen = table.select(["complaint_id", "answer", "source", "stratum"]).take(pa.array(members))
    answer = codes(chosen["answer"], labels)
    unflagged = codes(chosen["source"], [UNFLAGGED]) == 0
    at_random = codes(chosen["source"], [AUDIT]) == 0
    at_random &= codes(chosen["stratum"], [DRAWN_AT_RANDOM]) == 0
    columns = [
        chosen["complaint_id"],
        rows.texts.take(pa.array(members)),
        key_strings(rows.keys[members]),
        pa.array(answer, mask=answer == ABSENT),
        pa.array(rows.label[members], mask=unflagged),
        pa.array(~(unflagged | at_random)),
        chosen["source"],
        strings(_places(rows.keys[members], texts, fates)),
    ]
    return pa.table(columns, schema=WINDOW_SCHEMA)


def _places(keys: Keys, texts: UniqueTexts, fates: Dispositions) -> list[str]:
    """Where texts stand, also those of complaints that are in the window only."""
    shown = RECORDED_SPLIT | {REPLAY: REPLAY, HOLDOUT: HOLDOUT}
    places = np.array([shown.get(fate, "none") for fate in [*fates.of_text.tolist(), ""]])
    position = np.searchsorted(texts.keys, keys)
    found = np.append(texts.keys, b"")[position] == keys
    return places[np.where(found, position, -1)].tolist()


def _lineage(rows: CandidateRows, fates: Dispositions) -> pa.Table:
    """Return one line per snapshot row, by source, complaint id and text key."""
    table = rows.table
    ids = integers(table["complaint_id"], ABSENT)
    reviews = integers(table["review_id"], ABSENT)
    source = codes(table["source"], SOURCES)
    # The last keys matter for anchor rows only, which have no ids.
    order = np.lexsort((np.array(fates.of_row), rows.label, rows.keys, reviews, ids, source))
    columns = {
        "complaint_id": table["complaint_id"],
        "review_id": table["review_id"],
        "source": table["source"],
        "label": table["label"],
        "text_key": key_strings(rows.keys),
        "disposition": strings(fates.of_row),
        "reason": strings(fates.reason),
    }
    return pa.table(columns, schema=LINEAGE_SCHEMA).take(pa.array(order)).combine_chunks()
