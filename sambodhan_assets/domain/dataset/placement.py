"""Gives every text of a dataset its split, so that near-duplicates stay together and none moves."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sambodhan_assets.domain.dataset.candidates import REPLAY_ANCHOR, UniqueTexts
from sambodhan_assets.domain.dataset.columns import Bools, Ints, Keys
from sambodhan_assets.domain.dataset.fresh_groups import place_fresh
from sambodhan_assets.domain.dataset.inheritance import inherit, known_texts
from sambodhan_assets.domain.dataset.near_duplicates import near_duplicate_groups
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from sambodhan_assets.domain.dataset.splits import HOLDOUT_SALT, NOWHERE, TEST, TRAIN, unit_hash
from sambodhan_assets.domain.dataset.text_signatures import TextIndex


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


def place_texts(
    texts: UniqueTexts,
    index: TextIndex,
    *,
    n_labels: int,
    parent: pa.Table | None,
    settings: PreparationSettings,
) -> Placement:
    """Give every text its split.

    With its own result as the parent it gives the same result.

    Args:
        texts: The texts, in the order of their keys.
        index: The same texts.
        n_labels: Number of labels.
        parent: Assignments of the parent version; their texts stay where they were.
        settings: Shares of the splits, by label, for groups that are all new.
    """
    known, known_group = known_texts(texts.keys, parent)
    # Groups as numbers in the order of their keys, so that the smallest key is the lowest number.
    names = np.unique(np.concatenate([texts.keys, known_group[known >= 0]]))
    own = np.searchsorted(names, texts.keys)
    group = np.where(known >= 0, np.searchsorted(names, known_group), own)
    component = near_duplicate_groups(index)
    inherited = inherit(texts, index, component, known=known, group=group)
    # Positions follow the keys: the lowest member of a part has its smallest key.
    keys = names[np.where(inherited.fresh, own[inherited.part], inherited.group)]
    other = texts.standing != REPLAY_ANCHOR
    anchors_only = np.bincount(component, weights=other, minlength=len(keys))[component] == 0
    split = place_fresh(texts, inherited, keys, anchors_only, n_labels, settings)
    return Placement(
        split=split,
        known=known,
        group=keys,
        component=component,
        anchor_test=~other & (split == TEST) & ((known == TEST) | anchors_only),
        holdout=_holdout(texts, known, split, keys, settings.holdout_share),
    )


def _holdout(texts: UniqueTexts, known: Ints, split: Ints, group: Keys, share: float) -> Bools:
    if share == 0.0:
        return np.zeros(len(group), dtype=np.bool_)
    # What an earlier version trained on stays in training: no model of this line can be judged on
    # it. Whole groups are drawn, else a row's twin in training would tell its label.
    frame = texts.in_holdout_frame & (known != TRAIN) & (split != NOWHERE)
    frame[frame] = [unit_hash(HOLDOUT_SALT, key) < share for key in group[frame].tolist()]
    return frame
