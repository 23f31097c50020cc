"""The summary of a run in words: its parts, as plain text for mails and as text for a chat."""

from dataclasses import dataclass
from html import escape

from sambodhan_assets.domain.run_summary import Ending, RunEnd, RunSummary, Serving, TaskNews

# What a red or cancelled run says about what serves, where the registry could not be asked.
UNKNOWN = "What serves now could not be read; `sambodhan status` shows it."


@dataclass(frozen=True, kw_only=True)
class Part:
    """A heading with what stands under it.

    Attributes:
        title: The heading.
        ending: Set where the part is about one task.
        sentences: One paragraph each.
        facts: (name, value).
        commands: (when, command to type).
        links: (name, address).
        steps: Short lines of a list.
    """

    title: str
    ending: Ending | None = None
    sentences: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    commands: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    steps: tuple[str, ...] = ()


def plain_text(summary: RunSummary) -> str:
    """The summary as lines of text."""
    lines: list[str] = [summary.subject]
    for part in parts_of(summary):
        named = (*part.facts, *part.commands, *part.links)
        lines += ["", part.title.upper(), *part.sentences]
        lines += [f"{name}: {value}" for name, value in named]
        lines += part.steps
    return "\n".join(lines) + "\n"


def chat_text(summary: RunSummary) -> str:
    """The same for Slack, whose markup needs these three characters escaped."""
    return escape(plain_text(summary), quote=False)


def parts_of(summary: RunSummary) -> list[Part]:
    """What every form of the message holds, in order."""
    parts: list[Part] = []
    if summary.end == RunEnd.FAILED:
        sentences = (*summary.reasons, *_consequence(summary.serving))
        parts.append(Part(title="Why the run failed", sentences=sentences))
    if summary.end == RunEnd.CANCELLED:
        sentences = ("It was stopped before it was done.", *_consequence(summary.serving))
        parts.append(Part(title="The run was cancelled", sentences=sentences))
    parts += [_task_part(news) for news in summary.news]
    if summary.serving:
        facts = tuple((serving.task, serving.sentence) for serving in summary.serving)
        parts.append(Part(title="What serves", facts=facts))
    if summary.links:
        parts.append(Part(title="Pages", links=summary.links))
    parts.append(Part(title="What the run did", steps=summary.steps or ("made nothing",)))
    parts.append(Part(title="Run", steps=(f"{summary.job} {summary.run_id}",)))
    return parts


def _task_part(news: TaskNews) -> Part:
    return Part(
        title=f"{news.task}: {news.ending}",
        ending=news.ending,
        sentences=(news.headline,),
        facts=news.facts,
        commands=news.commands,
    )


def _consequence(serving: tuple[Serving, ...] | None) -> tuple[str, ...]:
    """What a run that did not reach its end means for what serves."""
    if serving is None:
        return (UNKNOWN,)
    changed = [found for found in serving if found.by_this_run]
    if changed:
        names = " and ".join(f"{found.task} {found.tag}" for found in changed)
        said = f"The registry names {names} since this run"
        if any(found.unsure for found in changed):
            said += "; if a Space serves it, look at what that says, for instance with"
            said += " `sambodhan doctor`"
        return (f"{said}.",)
    back = [found for found in serving if found.put_back]
    if back:
        names = " and ".join(f"{found.task} {found.tag}" for found in back)
        return (f"The registry names the version before again: {names}.",)
    if any(found.tag for found in serving):
        return ("The previous version still serves.",)
    return ("Nothing is deployed, as before.",) if serving else ()
