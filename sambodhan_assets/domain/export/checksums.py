"""CHECKSUMS.sha256: the digests of all other files, as `sha256sum -c` reads them."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from sambodhan_assets.domain.errors import PermanentError

CHECKSUMS_NAME = "CHECKSUMS.sha256"
_BLOCK = 1 << 20
# Two spaces: the form that reads a file as text, which is the same on every system of ours.
_LINE = re.compile(r"([0-9a-f]{64})  ([^\\\n]+)")


def digest_of(path: Path) -> str:
    """SHA-256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def checksums_text(digests: Mapping[str, str]) -> str:
    """One line per file, by name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


def parse_checksums(text: str) -> dict[str, str]:
    """The digests by file name.

    Raises:
        PermanentError: A line has another form.
    """
    digests: dict[str, str] = {}
    # Not splitlines: it takes other signs for line breaks, and a changed one would go unnoticed.
    lines = text.split("\n")
    if lines.pop():
        lines.append("")
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise PermanentError(
                tried=f"Reading {CHECKSUMS_NAME}",
                found=f"line {number} is no digest with a file name.",
                todo="The file is damaged: fetch the export again.",
            )
        digests[match[2]] = match[1]
    return digests
