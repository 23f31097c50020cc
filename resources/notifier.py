"""Tells people how runs ended; the default writes each message to a folder."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from pydantic import Field


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        run_id: The run.
        job: Its job.
        succeeded: False for a red run.
        lines: What it made, skipped and checked, or why it failed; one sentence a line.
    """

    run_id: str
    job: str
    succeeded: bool
    lines: tuple[str, ...]

    @property
    def subject(self) -> str:
        """One line for a mail."""
        return f"{'OK' if self.succeeded else 'FAILED'} {self.job}"


class Notifier(dg.ConfigurableResource, ABC):
    """Sends the outcome of a run to the people who care."""

    @abstractmethod
    def send(self, outcome: RunOutcome) -> None:
        """Sends one message; sending the same run twice is one message."""


class FolderNotifier(Notifier):
    """Writes each message to a file, for machines without mail."""

    folder: str = Field(description="Folder that receives one text file per run.")

    def send(self, outcome: RunOutcome) -> None:
        """See `Notifier.send`."""
        folder = Path(self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        text = "\n".join([outcome.subject, "", *outcome.lines, ""])
        (folder / f"{outcome.run_id}.txt").write_text(text, encoding="utf-8")
