"""What all commands of the command line share: two consoles, and examples in their help."""

from collections.abc import Iterable

from rich.console import Console

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)


def examples(*commands: str) -> str:
    """An epilog that is printed line by line."""
    return "\n".join(["\b", "Examples:", *(f"  sambodhan {command}" for command in commands)])


def print_lines(lines: Iterable[str]) -> None:
    """Prints lines as they are, brackets and all."""
    for line in lines:
        out.print(line, markup=False, highlight=False)
