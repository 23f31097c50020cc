"""The documents and their blocks of code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = {
    str(file.relative_to(ROOT)): file
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}


def blocks(text: str, language: str, *, after: str = "") -> list[str]:
    """The blocks of a language; with `after`, those that follow it."""
    return re.findall(rf"{after}^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
