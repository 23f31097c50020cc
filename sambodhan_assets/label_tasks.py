"""LABEL_TASKS is the one place where a label task exists; all else is derived from its entry."""

from dataclasses import dataclass


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
