"""Searches bytes for texts, in the forms in which text hides."""

import base64
import html
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def forms(needle: str) -> set[bytes]:
    """What the bytes look like when text is encoded, escaped or packed."""
    texts = {
        needle,
        json.dumps(needle)[1:-1],
        json.dumps(json.dumps(needle))[3:-3],
        repr(needle)[1:-1],
        html.escape(needle),
        quote(needle, safe=""),
        quote(needle),
        quote_plus(needle),
    }
    found = {text.encode(code) for text in texts for code in ("utf-8", "utf-16-le", "utf-16-be")}
    return found | {packed for text in found for packed in in_base64(text)}


def in_base64(text: bytes) -> Iterator[bytes]:
    """Its inner characters, wherever in the packed bytes it stands."""
    for offset in range(3):
        packed = base64.b64encode(b"\0" * offset + text)
        yield packed[-(-offset * 8 // 6) : (offset + len(text)) * 8 // 6]


def found_in(places: Mapping[str, bytes], needles: Iterable[str]) -> list[str]:
    """Where a needle stands, in words for the failure."""
    wanted = {needle: forms(needle) for needle in needles}
    return [
        f"{place}: {needle}"
        for place, data in places.items()
        for needle, shapes in wanted.items()
        if any(shape in data for shape in shapes) or needle.lower().encode() in data.lower()
    ]
