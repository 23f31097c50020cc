"""The contract of trackers, and the tracker that keeps nothing."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import dagster as dg
from pydantic import Field

from sambodhan_assets.domain.tracking.tracked import RunPlace, Tracked


class Tracker(dg.ConfigurableResource, ABC):
    """Shows runs in an experiment tracker. Nothing that it does blocks or fails a run."""

    dataset_project: str = Field(description="Project of dataset preparation.")
    model_projects: dict[str, str] = Field(description="Project of retraining by task.")

    @property
    @abstractmethod
    def is_on(self) -> bool:
        """Whether anything is kept; nothing needs to be collected otherwise."""

    @abstractmethod
    def note(self, place: RunPlace, tracked: Tracked) -> None:
        """Remembers what belongs to a run; what belongs to one place adds up."""

    @abstractmethod
    def hand_over(self, on_warning: Callable[[str], None]) -> None:
        """Sends or writes what was noted, in bounded time.

        Dagster calls it when the process has done its part of a run.

        Args:
            on_warning: Called with one sentence per place that could not be tracked.
        """


class NullTracker(Tracker):
    """Keeps nothing."""

    @property
    def is_on(self) -> bool:
        """See `Tracker.is_on`."""
        return False

    def note(self, place: RunPlace, tracked: Tracked) -> None:
        """See `Tracker.note`."""

    def hand_over(self, on_warning: Callable[[str], None]) -> None:
        """See `Tracker.hand_over`."""
