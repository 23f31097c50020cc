"""How a run ended, in words for the admin: one text for mail, HTML and chat."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape

# Passwords in addresses, and access tokens of the Hub; error texts of libraries may hold them.
_SECRETS = re.compile(r"(?<=://)[^/\s@]+@|\bhf_[A-Za-z0-9]{8,}")


class Ending(StrEnum):
    """How a run ended for one task."""

    ACCEPTED = "accepted"
    NOT_DEPLOYED = "accepted, not deployed"
    HOLD = "on hold"
    REJECTED = "rejected"
    PREPARED = "dataset prepared"
    SKIPPED = "skipped"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, kw_only=True)
class TaskNews:
    """What a run means for one task.

    Attributes:
        task: Label task.
        ending: How it ended.
        headline: The verdict or the reason in one or two sentences.
        facts: Versions, scores and commands as (name, value).
    """

    task: str
    ending: Ending
    headline: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """How a run ended.

    Attributes:
        run_id: The run.
        job: Its job.
        succeeded: False for a red run.
        news: What it means for each task that it came far enough with.
        reasons: Why a red run failed, one sentence or more each.
        steps: What it made, skipped and checked; one sentence a line.
    """

    run_id: str
    job: str
    succeeded: bool
    news: tuple[TaskNews, ...]
    reasons: tuple[str, ...]
    steps: tuple[str, ...]

    @property
    def subject(self) -> str:
        """One line for a mail; a red run's begins otherwise than any verdict's."""
        if not self.succeeded:
            return f"FAILED {self.job}"
        return f"OK {self.job}: {self._endings}" if self.news else f"OK {self.job}"

    @property
    def _endings(self) -> str:
        return "; ".join(f"{news.task} {news.ending}" for news in self.news)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A heading with its lines."""

    title: str
    lines: tuple[str, ...]


def plain_text(summary: RunSummary) -> str:
    """The summary as lines of text, without secrets."""
    lines: list[str] = [summary.subject]
    for part in _parts(summary):
        lines += ["", part.title.upper(), *part.lines]
    return "\n".join(lines) + "\n"


def html_page(summary: RunSummary) -> str:
    """The same as a page of HTML; everything that a run said is escaped."""
    colour = "#1a7f37" if summary.succeeded else "#cf222e"
    body = [f'<h2 style="color:{colour}">{escape(summary.subject)}</h2>']
    for part in _parts(summary):
        items = "".join(f"<li>{escape(line)}</li>" for line in part.lines)
        body.append(f"<h3>{escape(part.title)}</h3>\n<ul>{items}</ul>")
    inner = "\n".join(body)
    return f'<!doctype html>\n<html lang="en"><body>\n{inner}\n</body></html>\n'


def chat_text(summary: RunSummary) -> str:
    """The same for Slack, whose markup needs these three characters escaped."""
    return escape(plain_text(summary), quote=False)


def without_secrets(text: str) -> str:
    """Hides passwords in addresses, and tokens."""
    return _SECRETS.sub("***", text)


def _parts(summary: RunSummary) -> Sequence[_Part]:
    parts: list[_Part] = []
    if not summary.succeeded:
        reasons = (*summary.reasons, "The previous version still serves.")
        parts.append(_Part(title="Why the run failed", lines=reasons))
    parts += [
        _Part(
            title=f"{news.task}: {news.ending}",
            lines=(news.headline, *(f"{name}: {value}" for name, value in news.facts)),
        )
        for news in summary.news
    ]
    parts.append(_Part(title="What the run did", lines=summary.steps or ("made nothing",)))
    parts.append(_Part(title="Run", lines=(f"{summary.job} {summary.run_id}",)))
    return [
        _Part(title=part.title, lines=tuple(without_secrets(line) for line in part.lines))
        for part in parts
    ]
