"""Contests about urgency that a test makes worse in one place."""

from dataclasses import replace

import numpy as np

from sambodhan_assets.domain.evaluation.contest import Contest
from sambodhan_assets.domain.evaluation.record import Occasion, VersionName
from sambodhan_assets.domain.gate.policies import PolicySettings
from tests.dataset_builds import build
from tests.oracles import Oracle
from tests.snapshot_rows import LABELS, Row, audit, correction, unflagged, unlike

NORMAL, URGENT, HIGHLY_URGENT = range(3)
ALPHABET = str.maketrans("0123456789abcdef", "ghijklmnopqrstuv")
# 1 to 60 unflagged, 61 to 64 random audits, 65 and 66 asked for, 71 to 110 corrections to URGENT.
ROWS: tuple[Row, ...] = (
    *(unflagged(n, unlike(n), sample_rank=n) for n in range(1, 61)),
    *(audit(n, unlike(n), "NORMAL") for n in range(61, 65)),
    audit(65, unlike(65), "URGENT", stratum="disagreement"),
    audit(66, unlike(66), "NORMAL", stratum="review"),
    *(correction(n, unlike(n)) for n in range(71, 111)),
)
URGENT_TEXTS = {unlike(65), *(unlike(n) for n in range(71, 111))}
ANCHORS = [f"old {unlike(5000 + n).translate(ALPHABET)}" for n in range(60)]
BALANCED = PolicySettings()


def right(text: str) -> int:
    return URGENT if text in URGENT_TEXTS else NORMAL


def contest(*more: Row, **other) -> Contest:
    """The candidate itself is asked: a holdout of all texts, which no model learned."""
    dataset = build(*ROWS, *more, filling=(), replay_max=10)
    window = dataset.window
    holdout = np.where(np.array(window["source"].to_pylist()) == "unflagged", "holdout", "test")
    column = window.schema.get_field_index("split")
    dataset = replace(dataset, window=window.set_column(column, "split", [holdout.tolist()]))
    defaults = {
        "labels": LABELS,
        "dataset": dataset,
        "candidate": Oracle(answer=right),
        "deployed": Oracle(answer=lambda text: NORMAL),
        "window_after_id": None,
        "trained_before": frozenset(),
        "mode": "holdout",
        "deployed_sample_size": 300,
        "replicates": 200,
        "seed": 1,
        "on_progress": str,
    }
    return Contest(**(defaults | other))


def occasion(**other) -> Occasion:
    name = VersionName(tag="v20250102_030405", content_hash="0123456789abcdef")
    defaults = {
        "task": "urgency",
        "created_at": "2025-01-02T03:04:05+00:00",
        "candidate": name,
        "deployed": name,
        "dataset": name,
        "library_versions": {"numpy": np.__version__},
    }
    return Occasion(**(defaults | other))
