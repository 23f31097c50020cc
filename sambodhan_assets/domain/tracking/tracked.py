"""What a tracker keeps of a run: names, numbers and sentences; never a complaint, never a secret.

A complaint's text has no way in: the fields are counts, scores, label names, tags and the
platform's own sentences.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

Scalar = float | int | str | bool


class AlertLevel(StrEnum):
    """How loud an alert is."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A message to the people who watch the project.

    Attributes:
        title: At most 64 characters.
        text: What happened.
        level: How loud.
    """

    title: str
    text: str
    level: AlertLevel


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of names and numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar, ...], ...]


@dataclass(frozen=True, kw_only=True)
class TrackedVersion:
    """A published version by its description; its rows and weights stay in the registry.

    Attributes:
        kind: dataset or model.
        name: Repository name.
        tag: Version tag.
        manifest: Its manifest as JSON. The same version has the same manifest in every run, so a
            tracker joins the runs that name it.
        facts: What is shown beside it.
    """

    kind: str
    name: str
    tag: str
    manifest: str
    facts: Mapping[str, Scalar]


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """What one stage gives to a tracker; stages of one run add up.

    Attributes:
        config: What the run was told: training arguments, dataset metadata.
        values: Measured once, by name.
        series: One entry per training step that was measured; each holds `train/global_step`.
        tables: By name.
        confusion: Confusion matrices by name, as columns Actual, Predicted, nPredictions.
        alerts: In order.
        inputs: Versions that the run read.
        outputs: Versions that it made.
        failed: Whether the run is shown as failed; alerts of level ERROR say so too.
    """

    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    values: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    series: tuple[Mapping[str, float], ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict[str, Table])
    confusion: Mapping[str, Table] = field(default_factory=dict[str, Table])
    alerts: tuple[Alert, ...] = ()
    inputs: tuple[TrackedVersion, ...] = ()
    outputs: tuple[TrackedVersion, ...] = ()
    failed: bool = False

    def __add__(self, later: "Tracked") -> "Tracked":
        """Both; where both name something, the later one counts."""
        known = {(version.kind, version.name, version.tag) for version in self.inputs}
        new = [v for v in later.inputs if (v.kind, v.name, v.tag) not in known]
        return Tracked(
            config={**self.config, **later.config},
            values={**self.values, **later.values},
            series=self.series + later.series,
            tables={**self.tables, **later.tables},
            confusion={**self.confusion, **later.confusion},
            alerts=self.alerts + later.alerts,
            inputs=(*self.inputs, *new),
            outputs=self.outputs + later.outputs,
            failed=self.failed or later.failed,
        )

    def to_dict(self) -> dict[str, Any]:
        """The same as values of JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class RunPlace:
    """Where a tracker keeps what belongs together.

    Attributes:
        project: Project of the tracker.
        run_id: Run of the platform; one run has the same id in every project.
        job: Its job.
    """

    project: str
    run_id: str
    job: str
