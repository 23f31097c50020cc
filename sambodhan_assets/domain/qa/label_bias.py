"""How much the labels of one group of rows differ from those of all others."""

from collections import Counter
from collections.abc import Mapping

from sambodhan_assets.domain.qa.metric import Metric

# A random draw of so many rows is .07 away from the rows it was drawn from, at the mean and with
# four labels; fewer rows would show a bias where none is.
FEWEST_ROWS = 100

# Rows by group and label.
LabelCounts = Mapping[str, Counter[str]]

DEFINITION = (
    "Largest total variation distance between the label shares of a group ({dimension}) and those"
    " of all other rows of the task {task}, 0 (the same shares) to 1 (no label in common); groups"
    f" of at least {FEWEST_ROWS} rows."
)


def total_variation(first: Counter[str], second: Counter[str]) -> float:
    """Half the sum of the differences of two sets of shares, 0 to 1; both hold a row."""
    of_first, of_second = first.total(), second.total()
    # Sorted, so that the last digit does not depend on which label came first.
    names = sorted(first.keys() | second.keys())
    return sum(abs(first[n] / of_first - second[n] / of_second) for n in names) / 2


def distances(counts: LabelCounts) -> dict[str, float | None]:
    """The distance of each group from all others; None where either has too few rows."""
    total = sum(counts.values(), Counter[str]())
    found: dict[str, float | None] = {}
    for group, labels in sorted(counts.items()):
        others = total - labels
        enough = min(labels.total(), others.total()) >= FEWEST_ROWS
        found[group] = total_variation(labels, others) if enough else None
    return found


def label_bias(name: str, task: str, dimension: str, counts: LabelCounts) -> Metric:
    """The largest distance of a group as a metric."""
    measured = [distance for distance in distances(counts).values() if distance is not None]
    return Metric(
        name=name,
        value=max(measured) if measured else None,
        definition=DEFINITION.format(task=task, dimension=dimension),
        rows=sum(labels.total() for labels in counts.values()),
        sampled=False,
        reason=None
        if measured
        else f"no group by {dimension} and its others have at least {FEWEST_ROWS} rows each",
    )


def label_shares(counts: LabelCounts) -> dict[str, float | int | None]:
    """Share of each label in each group: "group: label" -> share."""
    labels = sorted(set().union(*counts.values()))
    return {
        f"{group}: {label}": counted[label] / counted.total()
        for group, counted in sorted(counts.items())
        for label in labels
    }
