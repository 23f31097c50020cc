"""LABEL_TASKS is the one place where a label task exists; all else is derived from its entry."""

from dataclasses import dataclass
from typing import Protocol


class Lane(Protocol):
    """A line of stages with versions of its own: that of a label task, or of the embedding model.

    Attributes:
        name: Lower-case identifier, unique among all lanes.
        pipeline_job: Job that runs all its stages.
        training_job: Job that makes a candidate and decides about it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def pipeline_job(self) -> str: ...  # noqa: D102
    @property
    def training_job(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class EmbeddingLane:
    """The lane of the model that corrects typos."""

    name: str = "embedding"
    pipeline_job: str = "train_embeddings"
    training_job: str = "train_embeddings"


EMBEDDING = EmbeddingLane()


@dataclass(frozen=True, kw_only=True)
class LabelTask:
    """One label that models predict and officials correct.

    Attributes:
        name: Lower-case identifier. Asset keys, group, jobs, sensor, repositories and environment
            variables are derived from it.
        labels: All allowed labels; the position is the label id, so the order is part of the model.
        column: Column of `complaints`; `correct_{column}` and `model_predicted_{column}` are those
            of `misclassified_complaints`.
        critical_labels: Labels for which a mistake costs most.
    """

    name: str
    labels: tuple[str, ...]
    column: str
    critical_labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or not self.name.islower():
            raise ValueError(f"label task {self.name!r}: the name must be a lower-case identifier")
        if len(set(self.labels)) != len(self.labels) or len(self.labels) < 2:
            raise ValueError(f"label task {self.name!r}: needs two or more distinct labels")
        if unknown := set(self.critical_labels) - set(self.labels):
            raise ValueError(f"label task {self.name!r}: {sorted(unknown)} not in {self.labels}")

    @property
    def pipeline_job(self) -> str:
        """See `Lane`."""
        return f"{self.name}_pipeline"

    @property
    def training_job(self) -> str:
        """See `Lane`."""
        return f"retrain_{self.name}"


LABEL_TASKS: tuple[LabelTask, ...] = (
    LabelTask(
        name="department",
        column="department",
        labels=(
            "Municipal Governance & Community Services",
            "Education, Health & Social Welfare",
            "Infrastructure, Utilities & Natural Resources",
            "Security & Law Enforcement",
        ),
        critical_labels=("Security & Law Enforcement",),
    ),
    LabelTask(
        name="urgency",
        column="urgency",
        labels=("NORMAL", "URGENT", "HIGHLY URGENT"),
        critical_labels=("HIGHLY URGENT",),
    ),
)

LANES: tuple[Lane, ...] = (*LABEL_TASKS, EMBEDDING)
