"""Risk: a file carries the address of a package index, a secret, or a path of one machine."""

import re
import subprocess
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest

from resources.profiles import Settings
from sambodhan_assets.label_tasks import LABEL_TASKS

ROOT = Path(__file__).parents[1]

# Written in pieces, so that this file passes its own test.
FORBIDDEN = {
    "a package index": [
        r"py" r"pi\.org",
        r"python" r"hosted\.org",
        r"npm" r"js\.(org|com)",
        r"yarn" r"pkg\.com",
        r"ana" r"conda\.(org|com)",
        r"download\.py" r"torch\.org",
        r"proxy\.go" r"lang\.org",
        r"index" r"-url",
        r"find" r"-links",
    ],
    "a secret": [
        r"\bhf" r"_[A-Za-z0-9]{30,}",
        r"-----BEGIN [A-Z ]*PRIVATE KEY" r"-----",
        r"\bAKIA" r"[0-9A-Z]{16}\b",
    ],
    "a path or a page outside of the repository": [
        r"/wo" r"rk/",
        r"\.\./sh" r"ared",
        r"\bsh" r"ared/facts",
        r"\bfa" r"cts/\w+\.md",
        r"\b(DES" r"IGN|STY" r"LE|CON" r"TRACTS)\.md",
        r"\bsee" r"ds/",
        r"\bthe see" r"ds'",
    ],
}


def repository_files() -> list[Path]:
    """Tracked files, and new ones that git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def text_of(file: Path) -> str:
    return file.read_bytes().decode("utf-8", errors="ignore")


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_file_carries(kind: str):
    pattern = re.compile("|".join(FORBIDDEN[kind]))
    files = repository_files()
    assert len(files) > 10
    found = {
        f"{file.relative_to(ROOT)}:{number}": line.strip()[:100]
        for file in files
        for number, line in enumerate(text_of(file).splitlines(), 1)
        if pattern.search(line)
    }
    assert found == {}


def test_the_example_environment_names_every_setting_and_nothing_else():
    text = (ROOT / ".env.example").read_text()
    names = re.findall(r"^#([A-Z0-9_]+)=", text, flags=re.MULTILINE)
    settings = {name.upper() for name in Settings.model_fields}
    kinds = ("DATASET", "MODEL", "SPACE", "RETRAIN_SPACE", "API_ENDPOINT", "WANDB_PROJECT")
    per_task = {f"{task.name.upper()}_{kind}" for task in LABEL_TASKS for kind in kinds}
    assert set(names) == settings | per_task
    assert len(names) == len(set(names))


def test_every_setting_of_the_example_is_commented_out_below_its_default():
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []
    for above, line in zip(lines, lines[1:], strict=False):
        if re.match(r"#[A-Z0-9_]+=", line):
            assert re.search(r"[Dd]efault: \S", above), line


def test_the_pins_cover_every_requirement_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(name for extra in extras for name in extra)]
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M))
    names = {_canonical(re.split(r"[\[<>=~! ]", requirement)[0]) for requirement in wanted}
    versions = {_canonical(name): version for name, version in pinned.items()}
    assert names - set(versions) == set()
    # A local suffix such as +cpu exists on one machine only.
    assert [version for version in versions.values() if "+" in version] == []
    installed = {name: distribution(name).version.split("+")[0] for name in names}
    assert installed == {name: versions[name] for name in names}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
