"""What all commands of the command line share: two consoles, and examples in their help."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console

from resources.masking import mask


class MaskedConsole(Console):
    """A console that prints no secret of the settings."""

    def print(self, *objects: Any, **options: Any) -> None:
        """See `rich.console.Console.print`."""
        super().print(*(mask(o) if isinstance(o, str) else o for o in objects), **options)


out = MaskedConsole(soft_wrap=True)
err = MaskedConsole(stderr=True, soft_wrap=True)


def examples(*commands: str) -> str:
    """An epilog that is printed line by line."""
    return "\n".join(["\b", "Examples:", *(f"  sambodhan {command}" for command in commands)])


def print_lines(lines: Iterable[str]) -> None:
    """Prints lines as they are, brackets and all."""
    for line in lines:
        out.print(line, markup=False, highlight=False)
