"""Places texts in train, eval and test, so that near-duplicates stay together and nothing moves."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.candidates import (
    BALANCED_UNFLAGGED,
    REPLAY_ANCHOR,
    REPLAY_UNFLAGGED,
    UniqueTexts,
)
from sambodhan_assets.domain.columns import Bools, Ints, Keys, codes
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.near_duplicates import (
    TextIndex,
    merge_groups,
    near_duplicate_groups,
    near_pairs_between,
)
from sambodhan_assets.domain.preparation import PreparationSettings

# From the weakest to the strongest: of two near-duplicates in different splits the weaker leaves.
SPLITS = ("train", "eval", "test")
TRAIN, EVAL, TEST = 0, 1, 2
NOWHERE = -1

# Each choice has its own salt, all different from the sampling hash: with one hash for all, the
# sampled rows would be those with low hashes, and all would land in one split.
SPLIT_SALT = "sambodhan/split/1/"
ANCHOR_SALT = "sambodhan/anchor-test/1/"
HOLDOUT_SALT = "sambodhan/holdout/1/"


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where each of n texts stands.

    Attributes:
        split: Position in SPLITS; NOWHERE for texts that are near two splits, [n].
        known: Position in SPLITS that the parent version gave the text, else NOWHERE, [n].
        group: Group key, [n] of 32 bytes; that of the parent version for known texts.
        component: Lowest position in the text's near-duplicate group, [n].
        anchor_test: Anchor rows that guard against forgetting, [n].
        holdout: Texts of the window that training must not see, [n].
    """

    split: Ints
    known: Ints
    group: Keys
    component: Ints
    anchor_test: Bools
    holdout: Bools


@dataclass(frozen=True, kw_only=True)
class _Inheritance:
    """What texts have from the parent version, before the fresh ones are placed; all are [n].

    Attributes:
        split: Position in SPLITS; NOWHERE for fresh and barred texts.
        group: Number of the group key.
        part: New texts with the same fate share a part, named by its lowest member.
        fresh: The part touches no known text.
        barred: The text can stand nowhere.
    """

    split: Ints
    group: Ints
    part: Ints
    fresh: Bools
    barred: Bools


def place_texts(
    texts: UniqueTexts,
    index: TextIndex,
    *,
    n_labels: int,
    parent: pa.Table | None,
    settings: PreparationSettings,
) -> Placement:
    """Give every text its split.

    Texts of the parent version keep theirs, a new text joins its near-duplicates, and groups that
    are all new are spread by label. With its own result as the parent it gives the same result.

    Args:
        texts: The texts, in the order of their keys.
        index: Signatures of the same texts.
        n_labels: Number of labels.
        parent: Assignments of the parent version: text_key, group_key, split.
        settings: Shares of the splits.
    """
    known, known_group = _known(texts.keys, parent)
    # Groups as numbers in the order of their keys, so that the smallest key is the lowest number.
    names = np.unique(np.concatenate([texts.keys, known_group[known >= 0]]))
    own = np.searchsorted(names, texts.keys)
    group = np.where(known >= 0, np.searchsorted(names, known_group), own)
    component = near_duplicate_groups(index)
    inherited = _inherit(texts, index, component, known=known, group=group)
    # Positions follow the keys: the lowest member of a part has its smallest key.
    group = np.where(inherited.fresh, own[inherited.part], inherited.group)
    keys = names[group]
    split, fresh_anchor_test = _place_fresh(texts, inherited, keys, n_labels, settings)
    anchor = texts.standing == REPLAY_ANCHOR
    others = np.bincount(component, weights=~anchor, minlength=len(keys))[component]
    anchor_test = anchor & (split == TEST) & ((known == TEST) | fresh_anchor_test | (others == 0))
    holdout = texts.in_holdout_frame & (known != TRAIN) & (split != NOWHERE)
    held = [unit_hash(HOLDOUT_SALT, key) < settings.holdout_share for key in keys[holdout].tolist()]
    holdout[holdout] = held
    return Placement(
        split=split,
        known=known,
        group=keys,
        component=component,
        anchor_test=anchor_test,
        holdout=holdout,
    )


def unit_hash(salt: str, key: bytes) -> float:
    """Map a key to [0, 1): evenly, the same on every machine, unrelated between salts."""
    digest = hashlib.sha256(salt.encode() + key).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64


def _known(keys: Keys, parent: pa.Table | None) -> tuple[Ints, Keys]:
    """Look the texts up in the parent version: split or NOWHERE, and group key or b""."""
    known = np.full(len(keys), NOWHERE, dtype=np.int64)
    groups = np.zeros(len(keys), dtype="S32")
    if parent is None:
        return known, groups
    splits = codes(parent["split"], SPLITS)
    if (splits < 0).any():
        raise PermanentError(
            tried="Reading the parent version's assignments",
            found=f"they name the splits {sorted(set(map(str, parent['split'].to_pylist())))}.",
            todo=f"Allowed are {', '.join(SPLITS)}; was the file written by another program?",
        )
    line_of = {key: line for line, key in enumerate(parent["text_key"].to_pylist())}
    lines = np.array([line_of.get(key.decode(), -1) for key in keys.tolist()], dtype=np.int64)
    found = lines >= 0
    known[found] = splits[lines[found]]
    groups[found] = parent["group_key"].take(pa.array(lines[found])).to_pylist()
    return known, groups


def _inherit(
    texts: UniqueTexts, index: TextIndex, component: Ints, *, known: Ints, group: Ints
) -> _Inheritance:
    size = len(known)
    is_known = known >= 0
    low, high = _extremes(size, component[is_known], known[is_known])
    # Only where a group reaches into two splits does it matter which text is near which.
    tangled = (low < high)[component]
    pairs = near_pairs_between(index, np.where(tangled, np.arange(size), -1))
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    barred = _weaker_of_two(texts, known, pairs)
    left, right = pairs[:, 0], pairs[:, 1]
    touching = ~is_known[left] & is_known[right]
    # A text that is near two splits itself goes first: its other neighbours may still be placed.
    low, high = _extremes(size, left[touching], known[right[touching]])
    barred |= low < high
    joined = pairs[~(is_known | barred)[left] & ~(is_known | barred)[right]]
    part = merge_groups(np.where(tangled, np.arange(size), component), joined)
    touching &= ~barred[left]
    settled = np.flatnonzero(is_known & ~tangled)
    heads = np.concatenate([part[settled], part[left[touching]]])
    witnesses = np.concatenate([settled, right[touching]])
    low, high = _extremes(size, heads, known[witnesses])
    barred |= (low < high)[part] & ~is_known
    fresh = (low > high)[part] & ~is_known & ~barred
    first_group = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(first_group, heads, group[witnesses])
    split = np.where(is_known, known, np.where(fresh, NOWHERE, low[part]))
    return _Inheritance(
        split=np.where(barred, NOWHERE, split),
        group=np.where(is_known | barred, group, first_group[part]),
        part=part,
        fresh=fresh,
        barred=barred,
    )


def _extremes(size: int, position: Ints, values: Ints) -> tuple[Ints, Ints]:
    """Lowest and highest value per position; where there is none, the lowest is the greater one."""
    low = np.full(size, len(SPLITS), dtype=np.int64)
    high = np.full(size, NOWHERE, dtype=np.int64)
    np.minimum.at(low, position, values)
    np.maximum.at(high, position, values)
    return low, high


def _weaker_of_two(texts: UniqueTexts, known: Ints, pairs: Ints) -> Bools:
    """Known texts that must leave, because a near-duplicate is known in a stronger split."""
    # Replay rows in eval or test are in no file, so they drive nothing out.
    live = (texts.standing <= BALANCED_UNFLAGGED) | (
        (texts.standing <= REPLAY_UNFLAGGED) & (known == TRAIN)
    )
    live |= (texts.standing == REPLAY_ANCHOR) & (known == TEST)
    barred = np.zeros(len(known), dtype=np.bool_)
    left, right = pairs[:, 0], pairs[:, 1]
    for stronger in (TEST, EVAL):
        leaving = (known[left] == stronger) & live[left] & live[right] & (known[right] < stronger)
        leaving &= known[right] >= 0
        barred[right[leaving]] = True
        live &= ~barred
    return barred


def _place_fresh(
    texts: UniqueTexts,
    inherited: _Inheritance,
    keys: Keys,
    n_labels: int,
    settings: PreparationSettings,
) -> tuple[Ints, Bools]:
    """Place the parts that touch nothing known: the splits of all texts, and anchor test texts."""
    split, part, fresh = inherited.split.copy(), inherited.part, inherited.fresh
    balanced = texts.standing <= BALANCED_UNFLAGGED
    of_part = np.full(len(part), TRAIN, dtype=np.int64)
    heads, rows = np.unique(part[fresh & balanced], return_inverse=True)
    counts = np.zeros((len(heads), n_labels), dtype=np.int64)
    np.add.at(counts, (rows, texts.label[fresh & balanced]), 1)
    room = _room(texts, inherited, n_labels, settings)
    of_part[heads] = _fill(
        counts, [unit_hash(SPLIT_SALT, key) for key in keys[heads].tolist()], room
    )
    others = np.bincount(part, weights=texts.standing != REPLAY_ANCHOR, minlength=len(part))[part]
    anchors = fresh & (others == 0)
    heads = np.unique(part[anchors])
    drawn = [
        unit_hash(ANCHOR_SALT, key) < settings.anchor_test_share for key in keys[heads].tolist()
    ]
    of_part[heads[np.array(drawn, dtype=np.bool_)]] = TEST
    split[fresh] = of_part[part[fresh]]
    return split, anchors & (split == TEST)


def _room(
    texts: UniqueTexts, inherited: _Inheritance, n_labels: int, settings: PreparationSettings
) -> dict[int, list[int]]:
    """Rows of each label that eval and test still take, after those that they already have."""
    balanced = (texts.standing <= BALANCED_UNFLAGGED) & ~inherited.barred
    total = np.bincount(texts.label[balanced], minlength=n_labels)
    room: dict[int, list[int]] = {}
    for split, share in ((TEST, settings.test_share), (EVAL, settings.eval_share)):
        here = np.bincount(texts.label[balanced & (inherited.split == split)], minlength=n_labels)
        room[split] = (np.floor(share * total + 0.5).astype(np.int64) - here).tolist()
    return room


def _fill(counts: Ints, hashes: list[float], room: dict[int, list[int]]) -> Ints:
    """Fill test, then eval, in the order of the hashes with parts that fit; the rest is train."""
    placed = np.full(len(counts), TRAIN, dtype=np.int64)
    rows = counts.tolist()
    for part in np.argsort(np.array(hashes), kind="stable").tolist():
        for split in (TEST, EVAL):
            if all(
                need <= left or not need for need, left in zip(rows[part], room[split], strict=True)
            ):
                room[split] = [
                    left - need for need, left in zip(rows[part], room[split], strict=True)
                ]
                placed[part] = split
                break
    return placed
