"""Risk: the README describes files, commands and settings that do not exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def readme_text() -> str:
    return (ROOT / "README.md").read_text()


def readme_tree() -> list[str]:
    """The paths of the README's file tree, whether it is drawn or indented."""
    blocks = re.findall(r"```\w*\n(.*?)```", readme_text(), flags=re.DOTALL)
    (block,) = [block for block in blocks if "pyproject.toml" in block]
    parents: list[tuple[int, str]] = []
    paths = []
    for line in block.splitlines():
        match = re.match(r"[\s│├└─|`+-]*(?=[\w.])(?P<name>[^\s#]+)", line)
        if match is None or match["name"] in (".", "./"):
            continue
        column = match.start("name")
        parents = [parent for parent in parents if parent[0] < column]
        parents.append((column, match["name"].strip("/")))
        paths.append("/".join(name for _, name in parents))
    return paths


def test_every_path_of_the_readme_tree_exists():
    paths = readme_tree()
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_make_target_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", _code_of(readme_text()))) <= targets


@pytest.mark.parametrize("name", ["sambodhan_assets", "resources", "sensors", "tests"])
def test_the_readme_tree_shows_the_top_level(name: str):
    assert name in readme_tree()


def test_every_setting_of_the_readme_is_in_the_example_environment():
    example = (ROOT / ".env.example").read_text()
    known = set(re.findall(r"^#([A-Z0-9_]+)=", example, flags=re.MULTILINE))
    rows = re.findall(r"^\| *`([A-Z0-9_]+)`", readme_text(), flags=re.MULTILINE)
    assert set(rows) <= known


def _code_of(markdown: str) -> str:
    """Only fenced blocks and `inline` code: prose may say "make a version"."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", markdown, flags=re.DOTALL))
