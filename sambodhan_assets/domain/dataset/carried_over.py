"""Keeps texts in their splits when the steps that prepare texts change.

Another policy or another redactor gives a text another key. Under its new key it would look fresh
and could move from test to train. Its complaint tells what its key was.
"""

import pyarrow as pa

from sambodhan_assets.domain.dataset.candidates import EXCLUDED, CandidateRows
from sambodhan_assets.domain.dataset.columns import strings
from sambodhan_assets.domain.dataset.splits import SPLITS

# Group key and split of a text.
_Place = tuple[str, str]


def carried_over(parent: pa.Table, lineage: pa.Table, rows: CandidateRows) -> pa.Table:
    """The assignments of the parent version, under the keys that the same texts have now.

    A key that no text has any more goes: the digest of a text with a phone number tells the number
    to whoever knows the rest of the text. If two texts became one, the stronger split counts. A
    text whose complaint the parent version did not read, and which is none of the anchor's, is
    known again only if one of the two policies keeps texts as they are.

    Args:
        parent: Assignments of the parent version: text_key, group_key, split.
        lineage: Lineage of the parent version: complaint_id, text_key.
        rows: Rows of this version.
    """
    places: dict[str, _Place] = {
        line["text_key"]: (line["group_key"], line["split"]) for line in parent.to_pylist()
    }
    found, renamed = _found_again(places, lineage, rows)
    lines = {key: place for key, place in places.items() if key not in renamed} | found
    columns = [
        strings(list(lines)),
        strings([renamed.get(group, group) for group, _ in lines.values()]),
        strings([split for _, split in lines.values()]),
    ]
    return pa.table(columns, schema=parent.schema).sort_by("text_key")


def _found_again(
    places: dict[str, _Place], lineage: pa.Table, rows: CandidateRows
) -> tuple[dict[str, _Place], dict[str, str]]:
    """Places of texts under new keys, and the new key of each old one that nobody has any more."""
    key_of = dict(
        zip(lineage["complaint_id"].to_pylist(), lineage["text_key"].to_pylist(), strict=True)
    )
    key_of.pop(None, None)
    ids, standings = rows.table["complaint_id"].to_pylist(), rows.standing.tolist()
    keys = [key.decode() for key in rows.keys.tolist()]
    found: dict[str, _Place] = {}
    new_keys: dict[str, set[str]] = {}
    for row, key in enumerate(keys):
        if standings[row] == EXCLUDED or key in places:
            continue
        before = rows.protected.get(row)
        earlier: set[str] = {key_of.get(ids[row]) or "", before.other_key if before else ""}
        for old in earlier & places.keys():
            known = [found[key]] if key in found else []
            found[key] = max([*known, places[old]], key=_strength)
            new_keys.setdefault(old, set()).add(key)
    present = set(keys)
    return found, {old: min(new) for old, new in new_keys.items() if old not in present}


def _strength(place: _Place) -> tuple[int, str]:
    group, split = place
    return SPLITS.index(split), group
