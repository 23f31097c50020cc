"""The sampled rows of one task, and which of their texts are nearly the same."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sambodhan_assets.domain.dataset.cleaning import normalised
from sambodhan_assets.domain.dataset.columns import Ints
from sambodhan_assets.domain.dataset.near_duplicates import near_duplicate_groups
from sambodhan_assets.domain.dataset.preparation import PreparationSettings
from sambodhan_assets.domain.dataset.text_signatures import TextIndex, index_texts

THRESHOLD = PreparationSettings.near_duplicate_threshold
# 20 bytes for each, with the copy that a fold trains on.
MOST_SEQUENCES = 2_000_000


@dataclass(frozen=True, kw_only=True)
class TaskSample:
    """n rows of one task.

    Attributes:
        task: The task.
        ids: Ids of the rows.
        labels: The labels that occur, sorted.
        label_ids: For each row the position of its label, [n].
        splits: For each row its split.
        text_of_row: For each row the position of its distinct text, [n].
        groups: For each row the number of its group of near-duplicates, [n].
        sequences: Hashes of the five-character sequences of each distinct text, text after text;
            beyond MOST_SEQUENCES thinned out, the same ones in every text.
        counts: How many of them each distinct text has.
    """

    task: str
    ids: list[str]
    labels: list[str]
    label_ids: Ints
    splits: list[str]
    text_of_row: Ints
    groups: Ints
    sequences: npt.NDArray[np.uint32]
    counts: Ints

    @property
    def group_sizes(self) -> Ints:
        """For each row the number of rows in its group, itself included, [n]."""
        return np.bincount(self.groups)[self.groups]


def task_samples(rows: pa.Table) -> Iterator[TaskSample]:
    """Yields the sample task by task, so that one index is in memory at a time."""
    for task in sorted(set(rows["task"].to_pylist())):
        yield _task_sample(task, rows.filter(pc.field("task") == task))


def _task_sample(task: str, rows: pa.Table) -> TaskSample:
    ids, splits = rows["id"].to_pylist(), rows["split"].to_pylist()
    names: list[str] = rows["label"].to_pylist()
    texts, text_of_row = _distinct([normalised(text) for text in rows["grievance"].to_pylist()])
    del rows
    index = index_texts(texts, THRESHOLD)
    del texts  # 50,000 texts are as large as their index
    groups, (sequences, counts) = near_duplicate_groups(index), _thinned(index)
    labels = sorted(set(names))
    position_of = {label: position for position, label in enumerate(labels)}
    return TaskSample(
        task=task,
        ids=ids,
        labels=labels,
        label_ids=np.array([position_of[name] for name in names], dtype=np.int64),
        splits=splits,
        text_of_row=text_of_row,
        groups=groups[text_of_row],
        sequences=sequences,
        counts=counts,
    )


def _distinct(forms: list[str]) -> tuple[list[str], Ints]:
    """Each text once, and for each row the position of its text, [n]."""
    place = {form: position for position, form in enumerate(dict.fromkeys(forms))}
    return list(place), np.array([place[form] for form in forms], dtype=np.int64)


def _thinned(index: TextIndex) -> tuple[npt.NDArray[np.uint32], Ints]:
    """The sequences to keep when the rest of the index is freed, and their number per text."""
    sequences = index.shingles
    if len(sequences) <= MOST_SEQUENCES:
        return sequences, index.counts
    limit = np.uint32(0xFFFFFFFF * (MOST_SEQUENCES / len(sequences)))
    kept = np.flatnonzero(sequences <= limit)
    bounds = np.append(index.starts, len(sequences))
    return sequences[kept], np.diff(np.searchsorted(kept, bounds))
