"""Worlds of the closed loop: complaints with known labels, and when they come."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sambodhan_assets.domain.dataset.cleaning import clean_text, text_key
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.evaluation.text_groups import group_keys
from sambodhan_assets.label_tasks import LabelTask

# What no text of the held-out third shares with the others: its normalised text, or also every
# near-duplicate. Traffic repeats itself, so the first is what a deployed model meets; the second
# asks what it does with texts unlike any that it has seen.
Apart = Literal["text", "near-duplicate"]
HELD_OUT = 1 / 3
BOOTSTRAP_SHARE = 0.25


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One complaint with its true label."""

    text: str
    label: int


@dataclass(frozen=True, kw_only=True)
class World:
    """What happens to every way of running the loop alike.

    Attributes:
        labels: The task's labels.
        critical_labels: Those for which a mistake costs most.
        held_out: Complaints that only measure.
        corpus: Labelled from the start: the anchor corpus of which the first model learns.
        cycles: Complaints that citizens send, cycle by cycle, in this order.
    """

    labels: tuple[str, ...]
    critical_labels: tuple[str, ...]
    held_out: tuple[Labelled, ...]
    corpus: tuple[Labelled, ...]
    cycles: tuple[tuple[Labelled, ...], ...]


def read_complaints(path: Path, task: LabelTask) -> list[Labelled]:
    """Read `grievance` and the task's column; rows without a text are left out.

    Raises:
        PermanentError: A column is missing, or a label is not the task's.
    """
    csv.field_size_limit(1 << 24)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"grievance", task.column} - set(reader.fieldnames or ())
        if missing:
            raise _unusable(path, f"it has no column {', '.join(sorted(missing))}.")
        rows = [(clean_text(row["grievance"] or ""), row[task.column]) for row in reader]
    if unknown := {label for _, label in rows} - set(task.labels):
        raise _unusable(path, f"{task.column} holds {sorted(map(str, unknown))[:5]}.")
    ids = {label: position for position, label in enumerate(task.labels)}
    return [Labelled(text=text, label=ids[label]) for text, label in rows if text]


def draw_world(
    complaints: list[Labelled], task: LabelTask, *, apart: Apart, cycles: int, seed: int
) -> World:
    """Hold a third out, give a quarter of the rest as corpus, and spread the others over cycles."""
    # The two kinds are different draws, so that their errors are independent.
    generator = np.random.default_rng([seed, apart == "text"])
    texts = [complaint.text for complaint in complaints]
    groups = group_keys(texts) if apart == "near-duplicate" else list(map(text_key, texts))
    held_out = _whole_groups(groups, round(HELD_OUT * len(groups)), generator)
    rest = np.flatnonzero([group not in held_out for group in groups])
    order = generator.permutation(rest).tolist()
    arrivals = [complaints[position] for position in order]
    start = round(BOOTSTRAP_SHARE * len(arrivals))
    parts = np.array_split(np.arange(start, len(arrivals)), cycles)
    return World(
        labels=task.labels,
        critical_labels=task.critical_labels,
        held_out=tuple(
            complaint
            for complaint, group in zip(complaints, groups, strict=True)
            if group in held_out
        ),
        corpus=tuple(arrivals[:start]),
        cycles=tuple(tuple(arrivals[i] for i in part.tolist()) for part in parts),
    )


def _whole_groups(groups: list[str], wanted: int, generator: np.random.Generator) -> set[str]:
    """Random groups with at most `wanted` rows in all; one that does not fit is passed over."""
    names, sizes = np.unique(np.array(groups), return_counts=True)
    taken, rows = set[str](), 0
    for position in generator.permutation(len(names)).tolist():
        if rows + sizes[position] <= wanted:
            taken.add(str(names[position]))
            rows += int(sizes[position])
    return taken


def _unusable(path: Path, found: str) -> PermanentError:
    return PermanentError(
        tried=f"Reading complaints from {path}",
        found=found,
        todo="Give a CSV with the columns id, grievance and one per label, filled in.",
    )
