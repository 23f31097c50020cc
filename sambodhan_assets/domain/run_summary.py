"""How a run ended, as facts; run_message.py and run_page.py put them into words for the admin."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

Record = TypeVar("Record")


class RunEnd(StrEnum):
    """How Dagster says that a run ended; the first word of a mail's subject."""

    SUCCEEDED = "OK"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Ending(StrEnum):
    """How a run ended for one task."""

    ACCEPTED = "accepted"
    NOT_DEPLOYED = "accepted, not deployed"
    HOLD = "on hold"
    REJECTED = "rejected"
    PREPARED = "dataset prepared"
    SKIPPED = "skipped"
    ROLLED_BACK = "rolled back"
    BROUGHT_UP = "brought up again"


@dataclass(frozen=True, kw_only=True)
class TaskNews:
    """What a run means for one task.

    Attributes:
        task: Label task.
        ending: How it ended.
        headline: The verdict or the reason in one or two sentences.
        facts: Versions, scores and places as (name, value).
        commands: What people can or should run next, as (when, command).
        dataset_tag: Dataset version that the run published or found again; None if it did not.
        model_tag: Model version that it deployed; None if it did not.
    """

    task: str
    ending: Ending
    headline: str
    facts: tuple[tuple[str, str], ...] = ()
    commands: tuple[tuple[str, str], ...] = ()
    dataset_tag: str | None = None
    model_tag: str | None = None


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What serves after a run, as the registry says.

    Attributes:
        task: Label task.
        tag: Version that serves; None if nothing is deployed.
        replaced: Version that it replaced; None if it was the first.
        by_this_run: Whether this run let it serve.
        put_back: Whether this run moved the pointer there again, because another version could not
            serve. Its Space may serve something else still, or nothing.
        unsure: Whether the run ended before it could say that its Space serves what it let serve.
    """

    task: str
    tag: str | None
    replaced: str | None = None
    by_this_run: bool = False
    put_back: bool = False
    unsure: bool = False

    @property
    def sentence(self) -> str:
        """What people want to know about it."""
        if self.tag is None:
            return "nothing is deployed"
        if self.by_this_run and self.unsure:
            return f"{self.tag} by the registry, since this run; if a Space serves it, ask that"
        if self.by_this_run:
            return f"{self.tag}, since this run; before it {self.replaced or 'nothing'}"
        if self.put_back:
            return f"{self.tag} by the registry, as before this run; look what its Space says"
        return f"{self.tag}, as before this run"


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """How a run ended.

    Attributes:
        run_id: The run.
        job: Its job.
        end: How Dagster says that it ended.
        news: What it means for each task that it came far enough with.
        reasons: Why a red run failed, one sentence or more each.
        steps: What it made, skipped and checked; one sentence a line.
        serving: What serves now, per task that the run was about; None if nobody could tell.
        links: Pages about the run and its versions, as (name, address).
    """

    run_id: str
    job: str
    end: RunEnd
    news: tuple[TaskNews, ...] = ()
    reasons: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    serving: tuple[Serving, ...] | None = None
    links: tuple[tuple[str, str], ...] = ()

    @property
    def subject(self) -> str:
        """One line for a mail; that of a red or a cancelled run tells no ending."""
        if self.end != RunEnd.SUCCEEDED or not self.news:
            return f"{self.end} {self.job}"
        return f"{self.end} {self.job}: {self._endings}"

    @property
    def _endings(self) -> str:
        return "; ".join(f"{news.task} {news.ending}" for news in self.news)


def rewritten(record: Record, rewrite: Callable[[str], str]) -> Record:
    """The same record with every text in it rewritten, at any depth."""
    if isinstance(record, StrEnum):
        return record
    if isinstance(record, str):
        return rewrite(record)  # pyright: ignore[reportReturnType]
    if isinstance(record, tuple):
        return tuple(rewritten(part, rewrite) for part in record)  # pyright: ignore
    if is_dataclass(record) and not isinstance(record, type):
        changed: dict[str, Any] = {
            field.name: rewritten(getattr(record, field.name), rewrite) for field in fields(record)
        }
        return replace(record, **changed)
    return record
