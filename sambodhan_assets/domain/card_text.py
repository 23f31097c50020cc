"""README.md of a repository: what we write of it, and what people wrote and keep.

Ours stands between two HTML comments. All else in the body, and every key of the header that we do
not write, belongs to people and goes over into the next version unchanged.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from sambodhan_assets.domain.errors import PermanentError

CARD_FILE = "README.md"
_HEADER = re.compile(r"\s*---\n(?:(.*?)\n)?---[ \t]*(?:\n|\Z)", re.DOTALL)
# The begin names our keys: one that we stop writing must not pass for somebody else's.
_BEGIN = re.compile(r"<!-- sambodhan:begin \(written anew .*? keys ([\w, -]*)\) -->")
_END = "<!-- sambodhan:end -->"
_UNICODE_BREAK = re.compile("[\x85\u2028\u2029]")
# Free words, to which people add their own; all other keys are wholly ours or wholly theirs.
_SHARED_LIST = "tags"

Pair = tuple[yaml.Node, yaml.Node]


@dataclass(frozen=True, kw_only=True)
class _Card:
    """Parts of a card; `own` is None in one that has no complete part of ours."""

    pairs: list[Pair]
    before: str
    own: str | None
    after: str
    own_keys: frozenset[str]

    @property
    def keys(self) -> set[str]:
        return {str(key.value) for key, _ in self.pairs}


def card_text(header: Mapping[str, Any], body: str) -> str:
    """A card of our own.

    Args:
        header: Its YAML keys, in their order.
        body: Markdown without the two comments.
    """
    keys = ", ".join(header)
    begin = f"<!-- sambodhan:begin (written anew with every version, as are the keys {keys}) -->"
    return f"---\n{_dump(header)}---\n\n{begin}\n{body.strip()}\n{_END}\n"


def keep_hand_written(found: str, ours: str) -> str:
    """The new card with what people wrote into the one that stands in the repository.

    A part of ours that lost one of its comments counts as written by people: nothing of theirs is
    ever dropped. Where `ours` was never ours (a model that we adopted serves again), its body is
    taken only if people left nothing.

    Args:
        found: The card in the repository.
        ours: What `card_text` made, or a card of another program.

    Raises:
        PermanentError: The header of `found` is no YAML mapping.
    """
    theirs, new = _parse(found), _parse(ours)
    dropped = theirs.own_keys | new.keys
    kept = [pair for pair in theirs.pairs if str(pair[0].value) not in dropped]
    written = _joined(theirs.before, theirs.after)
    if new.own is None:
        if not kept and written in ("", new.before.strip("\n")):
            return ours
        body = f"\n{written}\n" if written else new.before
        return _text([*new.pairs, *kept], body)
    if theirs.own is None:
        body = f"{new.before}{new.own}\n" + (f"\n{written}\n" if written else "")
    else:
        body = theirs.before + new.own + theirs.after
    return _text([*_with_their_tags(new.pairs, theirs.pairs), *kept], body)


def markdown_table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table whose cells may hold any text."""
    lines = [_row(heading), "|" + "---|" * len(heading), *map(_row, rows)]
    return "\n".join(lines)


def inline(text: object) -> str:
    """Any text as plain words of one line: no markup, no table cell and no comment ends in it."""
    words = " ".join(str(text).split())
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", words.replace("&", "&amp;").replace("<", "&lt;"))


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(inline, cells)) + " |"


class _Dumper(yaml.SafeDumper):
    """Quotes texts with the line breaks of Unicode, which YAML would read as spaces."""

    def represent_text(self, text: str) -> yaml.Node:
        style = '"' if _UNICODE_BREAK.search(text) else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


def _dump(header: Mapping[str, Any]) -> str:
    return yaml.dump(
        dict(header), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000
    )


def _parse(text: str) -> _Card:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    header = _HEADER.match(text)
    body = text[header.end() :] if header else text
    pairs = _pairs(header[1] or "") if header else []
    begins = list(_BEGIN.finditer(body))
    end = body.find(_END)
    if len(begins) != 1 or body.count(_END) != 1 or end < begins[0].end():
        # Left-over comments would make the next merge cut in the wrong place.
        plain = _BEGIN.sub("", body).replace(_END, "")
        return _Card(pairs=pairs, before=plain, own=None, after="", own_keys=frozenset())
    stop = end + len(_END)
    return _Card(
        pairs=pairs,
        before=body[: begins[0].start()],
        own=body[begins[0].start() : stop],
        after=body[stop:],
        own_keys=frozenset(begins[0][1].split(", ")),
    )


def _pairs(header: str) -> list[Pair]:
    """Keys and values as nodes, which keep a number's digits and a text's quotes."""
    try:
        node = yaml.compose(header, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise _unreadable(str(error).replace("\n", " ")) from error
    if node is None:
        return []
    if not isinstance(node, yaml.MappingNode):
        raise _unreadable("it is no list of keys and values")
    return list(node.value)


def _unreadable(found: str) -> PermanentError:
    return PermanentError(
        tried=f"Keeping the hand-written part of {CARD_FILE}",
        found=f"the header between its two lines of --- cannot be read: {found}.",
        todo=f"Correct the header of {CARD_FILE} in the repository, then run again.",
    )


def _text(pairs: list[Pair], body: str) -> str:
    node = yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=False)
    header = yaml.serialize(node, Dumper=yaml.SafeDumper, allow_unicode=True, width=10_000)
    return f"---\n{header}---\n{body}" if pairs else body


def _joined(before: str, after: str) -> str:
    parts = (part.strip("\n") for part in (before, after))
    return "\n\n".join(part for part in parts if part.strip())


def _with_their_tags(new: list[Pair], theirs: list[Pair]) -> list[Pair]:
    found = [value for key, value in theirs if key.value == _SHARED_LIST]
    extra = [tag for value in found if isinstance(value, yaml.SequenceNode) for tag in value.value]

    def joined(key: yaml.Node, value: yaml.Node) -> yaml.Node:
        if key.value != _SHARED_LIST or not isinstance(value, yaml.SequenceNode):
            return value
        known = {tag.value for tag in value.value}
        more = [tag for tag in extra if tag.value not in known]
        return yaml.SequenceNode(value.tag, [*value.value, *more], flow_style=False)

    return [(key, joined(key, value)) for key, value in new]
