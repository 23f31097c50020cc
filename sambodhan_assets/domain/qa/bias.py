"""The bias section: labels and the deployed model's scores by script, length and source."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import pyarrow as pa

from sambodhan_assets.domain.models.classifier import TextClassifier
from sambodhan_assets.domain.qa.groups import DIMENSIONS, RowGroups
from sambodhan_assets.domain.qa.label_bias import distances, label_bias, label_shares
from sambodhan_assets.domain.qa.metric import Metric, Section
from sambodhan_assets.domain.qa.score_gaps import ScoreGaps, gap_definition

TEST_SPLIT = "test"
_NO_MODEL = "no model is deployed for the task"
_NO_TEST_ROWS = "the export has no test rows of the task"
_NO_ROWS = "no row was read"

Table = Mapping[str, float | int | None]


class Bias:
    """Counts labels by group, and scores the deployed models on the test rows only.

    A model has learned the train rows: its answers there would say nothing.

    Args:
        models: Deployed model by task.
        no_model: Why a task has none, by task.
        most_rows: Test rows that are scored per task (QA_SAMPLE).
        groups: Shared with other measures of the same batches.
    """

    def __init__(
        self,
        models: Mapping[str, TextClassifier],
        *,
        no_model: Mapping[str, str] | None = None,
        most_rows: int,
        groups: RowGroups | None = None,
    ) -> None:
        self._groups = groups or RowGroups()
        self._no_model = dict(no_model or {})
        self._scores = {
            task: ScoreGaps(task, model, most_rows=most_rows) for task, model in models.items()
        }
        self._labels: defaultdict[tuple[str, str], defaultdict[str, Counter[str]]] = defaultdict(
            lambda: defaultdict(Counter)
        )
        self._tasks: set[str] = set()

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts rows of EXPORT_SCHEMA, and scores those of the test split."""
        groups = self._groups.of(batch)
        tasks: list[str] = batch["task"].to_pylist()
        labels: list[str] = batch["label"].to_pylist()
        self._tasks.update(tasks)
        for dimension in DIMENSIONS:
            rows = Counter(zip(tasks, groups[dimension], labels, strict=True))
            for (task, group, label), count in rows.items():
                self._labels[task, dimension][group][label] += count
        splits = list(zip(tasks, batch["split"].to_pylist(), strict=True))
        for task, scores in self._scores.items():
            wanted = (task, TEST_SPLIT)
            chosen = [position for position, pair in enumerate(splits) if pair == wanted]
            if chosen:
                part = batch.take(pa.array(chosen))
                of_part = {d: [groups[d][position] for position in chosen] for d in DIMENSIONS}
                scores.add(part["grievance"].to_pylist(), part["label"].to_pylist(), of_part)

    def result(self) -> Section:
        """`label_bias_*`, `accuracy_gap_*` and `f1_gap_*` by task and dimension, and the worst."""
        tasks = sorted(self._tasks)
        found = {
            "label_bias": {task: self._label_bias(task) for task in tasks},
            "accuracy_gap": {task: self._gaps("accuracy", task) for task in tasks},
            "f1_gap": {task: self._gaps("f1", task) for task in tasks},
        }
        tables: dict[str, Table] = {}
        for task in tasks:
            for dimension in DIMENSIONS:
                tables |= self._tables(task, dimension)
        worst = [_worst(name, by_task) for name, by_task in found.items()]
        by_part = [m for by_task in found.values() for metrics in by_task.values() for m in metrics]
        return Section(name="bias", metrics=(*worst, *by_part), tables=tables, listed=())

    def _label_bias(self, task: str) -> list[Metric]:
        return [
            label_bias(f"label_bias_{d}_{task}", task, d, self._labels[task, d]) for d in DIMENSIONS
        ]

    def _gaps(self, kind: str, task: str) -> list[Metric]:
        return [self._gap(kind, task, dimension) for dimension in DIMENSIONS]

    def _gap(self, kind: str, task: str, dimension: str) -> Metric:
        name, scores = f"{kind}_gap_{dimension}_{task}", self._scores.get(task)
        if scores is not None and scores.rows:
            return scores.gap(kind, dimension, name)
        reason = self._no_model.get(task, _NO_MODEL) if scores is None else _NO_TEST_ROWS
        definition = gap_definition(kind, task, dimension)
        return Metric(
            name=name, value=None, definition=definition, rows=0, sampled=False, reason=reason
        )

    def _tables(self, task: str, dimension: str) -> dict[str, Table]:
        counts, of = self._labels[task, dimension], f"of {task} by {dimension}"
        tables: dict[str, Table] = {
            f"label shares {of}": label_shares(counts),
            f"distance of label shares {of}": distances(counts),
        }
        if scores := self._scores.get(task):
            by_group = scores.scores(dimension)
            tables[f"test rows {of}"] = {name: s.rows for name, s in by_group.items()}
            tables[f"accuracy {of}"] = {name: s.accuracy for name, s in by_group.items()}
            tables[f"macro-F1 {of}"] = {name: s.f1 for name, s in by_group.items()}
        return tables


def _worst(name: str, by_task: Mapping[str, list[Metric]]) -> Metric:
    """The largest value, if every task has one: one task alone must not stand for all."""
    metrics = [metric for of_task in by_task.values() for metric in of_task]
    reasons = [
        f"{task}: {'; '.join(sorted({metric.reason or '' for metric in of_task}))}"
        for task, of_task in by_task.items()
        if all(metric.value is None for metric in of_task)
    ]
    if not metrics:
        reasons = [_NO_ROWS]
    known = [metric.value for metric in metrics if metric.value is not None]
    return Metric(
        name=f"{name}_worst",
        value=None if reasons else max(known),
        definition=f"Largest {name} of all tasks by {', '.join(DIMENSIONS)}, 0 to 1; measured if"
        " every task has one.",
        rows=sum(of_task[0].rows for of_task in by_task.values()),
        sampled=any(metric.sampled for metric in metrics),
        reason=", ".join(reasons) or None,
    )
