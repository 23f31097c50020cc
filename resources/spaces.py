"""The contract of Spaces, which restart, say what they serve, and rest; and its null twin."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import dagster as dg
from pydantic import Field

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import LabelTask

RUNNING = "RUNNING"
# Nobody is served, and waiting changes nothing. A stage that is in neither list may still pass.
FAILED_STAGES = ("BUILD_ERROR", "RUNTIME_ERROR", "CONFIG_ERROR", "NO_APP_FILE")
RESTING_STAGES = ("PAUSED", "STOPPED", "SLEEPING", "DELETING")
BASIC_HARDWARE = "cpu-basic"


@dataclass(frozen=True, kw_only=True)
class SpaceState:
    """What the Hub says about a Space.

    Attributes:
        stage: RUNNING, BUILDING, BUILD_ERROR, PAUSED, ...
        hardware: What it runs on; None while it does not run.
        requested_hardware: What it will run on.
    """

    stage: str
    hardware: str | None
    requested_hardware: str | None


class Spaces(dg.ConfigurableResource, ABC):
    """The Spaces of all tasks. Every implementation passes tests/test_spaces.py."""

    inference: dict[str, str] = Field(default={}, description="Inference Space by task.")

    def inference_space(self, task: LabelTask) -> str | None:
        """The Space that serves a task; None if deploying only moves the pointer."""
        return self.inference.get(task.name)

    @abstractmethod
    def state(self, space: str) -> SpaceState:
        """What a Space does now.

        Raises:
            PermanentError: There is no such Space, or the token may not see it.
            TransientError: The Hub gives no answer.
        """

    @abstractmethod
    def check_rights(self, space: str) -> None:
        """Returns if the token may restart and pause a Space; raises what `state` raises."""

    @abstractmethod
    def restart(self, space: str) -> None:
        """Starts a Space anew, also one that is paused; raises what `state` raises."""

    @abstractmethod
    def pause(self, space: str) -> None:
        """Stops a Space until somebody restarts it; raises what `state` raises."""

    @abstractmethod
    def request_hardware(self, space: str, hardware: str) -> None:
        """Asks for other hardware. The Hub starts the Space anew on it; raises as `state`."""

    @abstractmethod
    def served_version(self, task: LabelTask) -> str | None:
        """Tag that the inference Space says it serves; None if it gives no usable answer."""

    @abstractmethod
    def wait_until_served(self, task: LabelTask, tag: str) -> None:
        """Returns when the inference Space runs and serves this very version.

        Raises:
            PermanentError: The Space has failed, or serves something else in the end.
            TransientError: The Hub or the Space gave no answer in time.
        """

    @abstractmethod
    def ask(self, task: LabelTask, text: str) -> dict[str, float]:
        """Probability by label that the inference Space answers with.

        Raises:
            PermanentError: The answer has no scores.
            TransientError: There is no answer.
        """


class NoSpaces(Spaces):
    """Where no Space is set: deploying moves the pointer, and whoever serves follows it."""

    def state(self, space: str) -> SpaceState:
        """See `Spaces.state`."""
        raise no_space(space)

    def check_rights(self, space: str) -> None:
        """See `Spaces.check_rights`."""
        raise no_space(space)

    def restart(self, space: str) -> None:
        """See `Spaces.restart`."""
        raise no_space(space)

    def pause(self, space: str) -> None:
        """See `Spaces.pause`."""
        raise no_space(space)

    def request_hardware(self, space: str, hardware: str) -> None:
        """See `Spaces.request_hardware`."""
        raise no_space(space)

    def served_version(self, task: LabelTask) -> str | None:
        """See `Spaces.served_version`."""
        raise no_space(f"for {task.name}")

    def wait_until_served(self, task: LabelTask, tag: str) -> None:
        """See `Spaces.wait_until_served`."""
        raise no_space(f"for {task.name}")

    def ask(self, task: LabelTask, text: str) -> dict[str, float]:
        """See `Spaces.ask`."""
        raise no_space(f"for {task.name}")


def no_space(which: str) -> PermanentError:
    """The error of whoever needs a Space where none is set."""
    return PermanentError(
        tried=f"Looking for the Space {which}",
        found="no Space is set.",
        todo="Set the Space's name and HF_TOKEN; README.md lists the settings.",
    )
