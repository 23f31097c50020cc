"""The summary of a run as a page of HTML: inline styles only, since mail programs drop all else."""

from html import escape

from sambodhan_assets.domain.run_message import Part, parts_of
from sambodhan_assets.domain.run_summary import Ending, RunEnd, RunSummary

_GREEN, _AMBER, _GREY, _BLUE, _RED = "#1a7f37", "#9a6700", "#57606a", "#0969da", "#cf222e"
# Red is for failures alone: a rejection is the platform at work.
_COLOURS = {
    Ending.ACCEPTED: _GREEN,
    Ending.PREPARED: _GREEN,
    Ending.NOT_DEPLOYED: _AMBER,
    Ending.HOLD: _AMBER,
    Ending.REJECTED: _GREY,
    Ending.SKIPPED: _GREY,
    Ending.ROLLED_BACK: _BLUE,
    Ending.BROUGHT_UP: _BLUE,
}
_END_COLOURS = {RunEnd.FAILED: _RED, RunEnd.CANCELLED: _GREY, RunEnd.SUCCEEDED: _GREEN}
# Tags, paths and addresses have no spaces to break at.
_WRAP = "overflow-wrap:anywhere"
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,'Noto Sans','Noto Sans Devanagari',sans-serif"
_MONO = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px"
_BODY = f"margin:0;padding:12px;background:#f6f8fa;color:#1f2328;{_FONT};line-height:1.5"
_SHEET = "max-width:640px;margin:0 auto;background:#ffffff;border:1px solid #d0d7de"
# Characters of a value that stands beside its name, also on a phone: tags and scores.
_ONE_LINE = 20
_SMALL = "font-size:13px;color:#57606a"


def html_page(summary: RunSummary) -> str:
    """The page; everything that a run said is escaped."""
    colour = _colour(summary)
    title = (
        f'<div style="background:{colour};color:#ffffff;padding:14px 16px;font-size:18px;'
        f'font-weight:600;{_WRAP}">{escape(summary.subject)}</div>'
    )
    inner = "\n".join([title, *map(_section, parts_of(summary))])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(summary.subject)}</title></head>\n"
        f'<body style="{_BODY}"><div style="{_SHEET}">\n{inner}\n</div></body></html>\n'
    )


def _colour(summary: RunSummary) -> str:
    """That of the run's end; of a green run with one ending for all tasks, of that ending."""
    endings = {news.ending for news in summary.news}
    if summary.end == RunEnd.SUCCEEDED and len(endings) == 1:
        return _COLOURS[endings.pop()]
    return _END_COLOURS[summary.end]


def _section(part: Part) -> str:
    colour = "#1f2328" if part.ending is None else _COLOURS[part.ending]
    heading = f'<h3 style="margin:0 0 6px;font-size:15px;color:{colour}">{escape(part.title)}</h3>'
    body = [f'<p style="margin:0 0 8px;{_WRAP}">{escape(text)}</p>' for text in part.sentences]
    body += [_fact(name, value) for name, value in part.facts]
    body += [_named(name, _command(value)) for name, value in part.commands]
    body += [_named(name, _link(address)) for name, address in part.links]
    if part.steps:
        items = "".join(f'<li style="{_WRAP}">{escape(line)}</li>' for line in part.steps)
        body.append(f'<ul style="margin:0;padding-left:18px;{_SMALL}">{items}</ul>')
    inner = "\n".join([heading, *body])
    return f'<div style="padding:12px 16px;border-top:1px solid #d8dee4">\n{inner}\n</div>'


def _fact(name: str, value: str) -> str:
    if len(value) > _ONE_LINE:
        return _named(name, escape(value))
    label = f'<span style="{_SMALL}">{escape(name)}</span>'
    return f'<div style="margin:0 0 6px;{_WRAP}">{label} &nbsp;{escape(value)}</div>'


def _named(name: str, value: str) -> str:
    """A name above its value: beside it, a phone leaves both too narrow."""
    label = f'<span style="{_SMALL}">{escape(name)}</span><br>'
    return f'<div style="margin:0 0 8px;{_WRAP}">{label}{value}</div>'


def _command(command: str) -> str:
    style = f"display:block;padding:6px 8px;background:#f6f8fa;{_MONO};white-space:pre-wrap"
    return f'<code style="{style}">{escape(command)}</code>'


def _link(address: str) -> str:
    return f'<a href="{escape(address)}" style="color:{_BLUE}">{escape(address)}</a>'
