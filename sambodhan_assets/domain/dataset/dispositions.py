"""Decides what becomes of every text and every row, with the reason for those that are left out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sambodhan_assets.domain.dataset.candidates import (
    BALANCED_UNFLAGGED,
    EXCLUDED,
    REPLAY_ANCHOR,
    WINDOW_ONLY,
    CandidateRows,
    UniqueTexts,
)
from sambodhan_assets.domain.dataset.placement import Placement
from sambodhan_assets.domain.dataset.splits import NOWHERE, SPLITS, TRAIN

REPLAY = "replay"
ANCHOR_TEST = "anchor_test"
HOLDOUT = "holdout"
# In the window table only; neither trained on nor counted as left out.
WINDOW = "window"
LEFT_OUT = "excluded"
# The files in which a text can stand, and the split that the assignments record for it.
RECORDED_SPLIT = {
    "train": "train",
    "eval": "eval",
    "test": "test",
    REPLAY: "train",
    ANCHOR_TEST: "test",
}

DUPLICATE = "duplicate"
SAME_COMPLAINT = "presumed answer of a complaint that has a label"
TWO_SPLITS = "near-duplicates in two splits"
NEAR_SCORED = "replay row near a row of eval or test"


@dataclass(frozen=True, kw_only=True)
class Dispositions:
    """What became of texts and rows.

    Attributes:
        of_text: One of train, eval, test, replay, anchor_test, holdout, window, excluded per text.
        of_row: The same per snapshot row; rows with the text of another row are excluded.
        reason: Why a row is excluded, else None.
        reason_kind: The reason without the ids in it.
        conflicting: Duplicates with another label than the row that stands for their text.
    """

    of_text: npt.NDArray[np.str_]
    of_row: list[str]
    reason: list[str | None]
    reason_kind: list[str | None]
    conflicting: int


def dispose(rows: CandidateRows, texts: UniqueTexts, placement: Placement) -> Dispositions:
    """Give every text and every row its disposition."""
    of_text = _of_texts(texts, placement)
    ids = rows.table["complaint_id"].to_pylist()
    of_row = [LEFT_OUT] * len(ids)
    reason, kind = list(rows.reasons), list(rows.reasons)
    conflicting = 0
    near = np.where(placement.split == NOWHERE, TWO_SPLITS, NEAR_SCORED).tolist()
    text_fates, winners = of_text.tolist(), texts.row.tolist()
    standings, labels = rows.standing.tolist(), rows.label.tolist()
    for row, text in enumerate(texts.text_of_row.tolist()):
        if standings[row] == EXCLUDED:
            continue
        if text < 0 or (standings[row] == WINDOW_ONLY and winners[text] != row):
            of_row[row] = WINDOW
        elif winners[text] == row:
            of_row[row] = text_fates[text]
            if text_fates[text] == LEFT_OUT:
                reason[row] = kind[row] = near[text]
        else:
            winner = winners[text]
            if ids[row] is not None and ids[winner] == ids[row]:
                reason[row] = kind[row] = SAME_COMPLAINT
                continue
            name = "an anchor row" if ids[winner] is None else f"complaint {ids[winner]}"
            conflict = labels[winner] != labels[row]
            conflicting += conflict
            reason[row] = f"{DUPLICATE} of {name}" + (", conflicting label" if conflict else "")
            kind[row] = DUPLICATE
    return Dispositions(
        of_text=of_text, of_row=of_row, reason=reason, reason_kind=kind, conflicting=conflicting
    )


def _of_texts(texts: UniqueTexts, placement: Placement) -> npt.NDArray[np.str_]:
    split, standing = placement.split, texts.standing
    names = np.array([*SPLITS, LEFT_OUT])
    replay = np.where(split == TRAIN, REPLAY, LEFT_OUT)
    return np.select(
        [
            standing <= BALANCED_UNFLAGGED,
            placement.anchor_test,
            standing == REPLAY_ANCHOR,
            placement.holdout,
            standing == WINDOW_ONLY,
        ],
        [names[split], np.array(ANCHOR_TEST), replay, np.array(HOLDOUT), np.array(WINDOW)],
        default=replay,
    )
