"""Risk: files and functions grow until nobody reads them; a new package misses in the wheel."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).parents[1]
PACKAGES = ("sambodhan_assets", "resources", "sensors")
MAX_FILE_LINES = 250
MAX_FUNCTION_LINES = 40

Function = ast.FunctionDef | ast.AsyncFunctionDef

CODE_FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
# The stand-ins are servers that imitate others; their shape is dictated by what they imitate.
TEST_FILES = sorted(file for file in (ROOT / "tests").rglob("*.py") if "standins" not in file.parts)


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


def is_function(node: ast.AST) -> TypeGuard[Function]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def functions(file: Path) -> Iterator[Function]:
    yield from filter(is_function, ast.walk(_module(file)))


def own_lines(function: Function) -> int:
    """Lines of code with the signature.

    The docstring is left out: what a public function promises must not be cut to fit. A function
    inside, as in an asset factory, counts for itself.
    """
    inside: list[ast.stmt] = [
        node for node in ast.walk(function) if node is not function and is_function(node)
    ]
    if ast.get_docstring(function):
        inside.append(function.body[0])
    hidden = {line for node in inside for line in range(node.lineno, (node.end_lineno or 0) + 1)}
    return (function.end_lineno or 0) - function.lineno + 1 - len(hidden)


def test_no_file_is_too_long():
    files = CODE_FILES + TEST_FILES
    lengths = {relative(file): len(file.read_text().splitlines()) for file in files}
    assert {file: n for file, n in lengths.items() if n >= MAX_FILE_LINES} == {}


def test_no_function_is_too_long():
    lengths = {
        f"{relative(file)}::{node.name}": own_lines(node)
        for file in CODE_FILES + TEST_FILES
        for node in functions(file)
    }
    assert {name: n for name, n in lengths.items() if n >= MAX_FUNCTION_LINES} == {}


def test_every_test_module_opens_with_a_docstring():
    modules = [file for file in TEST_FILES if file.name != "__init__.py"]
    assert [relative(file) for file in modules if not ast.get_docstring(_module(file))] == []


def test_every_module_of_the_packages_opens_with_a_docstring_and_init_files_are_empty():
    init_files = [file for file in CODE_FILES if file.name == "__init__.py"]
    modules = [file for file in CODE_FILES if file.name != "__init__.py"]
    assert [relative(file) for file in modules if not ast.get_docstring(_module(file))] == []
    assert [relative(file) for file in init_files if file.read_text().strip()] == []


def test_every_package_is_named_in_the_project_file():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = {file.parent.relative_to(ROOT) for file in CODE_FILES}
    packages = {".".join(folder.parts) for folder in folders}
    assert set(project["tool"]["setuptools"]["packages"]) == packages


def _module(file: Path) -> ast.Module:
    return ast.parse(file.read_text())
