"""Risk: a Space's repository lacks a file, its image runs as root, or it carries a secret."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer
import yaml
from huggingface_hub import CommitOperationAdd, HfApi
from typer.testing import CliRunner

from resources.profiles import Settings
from sambodhan_assets.cli import app
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.label_tasks import LABEL_TASKS
from sambodhan_assets.space.files import KINDS, write_space_files
from tests.hub_servers import WRITER, lfs_hub  # noqa: F401  (fixture)
from tests.standins.hubserver import LiveHub

ROOT = Path(__file__).parents[1]
# Set by other parts than the settings: the image's variant.
BUILD_ARGUMENTS = {"VARIANT"}

Instructions = list[tuple[str, str]]


@pytest.fixture(params=KINDS)
def space(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    write_space_files(request.param, tmp_path / request.param)
    return tmp_path / request.param


def instructions(space: Path) -> Instructions:
    text = re.sub(r"^#.*\n", "", (space / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def of(found: Instructions, name: str) -> list[str]:
    return [rest for instruction, rest in found if instruction == name]


def settings_names() -> set[str]:
    kinds = ("DATASET", "MODEL", "SPACE", "RETRAIN_SPACE", "API_ENDPOINT")
    per_task = {f"{task.name.upper()}_{kind}" for task in LABEL_TASKS for kind in kinds}
    return {name.upper() for name in Settings.model_fields} | per_task


def test_everything_that_the_image_copies_is_there(space: Path):
    copied = of(instructions(space), "COPY")
    assert len(copied) == 4
    for line in copied:
        owner, *sources, _ = line.split()
        assert owner == "--chown=1000:1000"
        assert [name for name in sources if not (space / name).exists()] == []


def test_the_image_is_slim_and_runs_as_user_1000_from_before_the_first_package(space: Path):
    found = instructions(space)
    assert found[0] == ("FROM", "python:3.11-slim")
    users = [i for i, (name, _) in enumerate(found) if name == "USER"]
    first_install = next(i for i, (_, rest) in enumerate(found) if "pip install" in rest)
    assert [found[i][1] for i in users] == ["1000"]
    assert users[0] < first_install
    assert any("--uid 1000" in rest for rest in of(found, "RUN"))


def test_the_image_holds_no_secret_and_caches_the_hub_where_it_may_write(space: Path):
    found = instructions(space)
    given = dict(
        part.split("=", 1)
        for rest in [*of(found, "ENV"), *of(found, "ARG")]
        for part in rest.split()
    )
    secrets = {name for name in given if re.search(r"TOKEN|PASSWORD|SECRET|KEY|_URL$", name)}
    assert secrets == set()
    assert given["HF_HOME"].startswith("/home/user/app/")
    assert any(given["HF_HOME"] in rest for rest in of(found, "RUN"))
    assert given["REGISTRY"] == "hub"
    names = {"HOME", "PATH", "HF_HOME", "DAGSTER_HOME", "PYTHONUNBUFFERED", "PIP_NO_CACHE_DIR"}
    assert set(given) - names - settings_names() - BUILD_ARGUMENTS == set()


def test_the_command_of_the_image_is_one_that_sambodhan_knows(space: Path):
    assert of(instructions(space), "CMD") == ['["sh", "start.sh"]']
    # Else the shell takes the signal that ends a container, and the job hears nothing.
    words = shlex.split((space / "start.sh").read_text())
    assert words[:2] == ["exec", "sambodhan"]
    words = words[1:]
    known, rest = typer.main.get_command(app), words[1:]
    while rest[0] in getattr(known, "commands", {}):
        known = known.commands[rest.pop(0)]
    assert "7860" in rest
    known.make_context("sambodhan", rest)  # raises on what it does not know


def test_the_card_is_one_of_a_docker_space_and_names_settings_that_exist(space: Path):
    _, head, text = (space / "README.md").read_text().split("---\n", 2)
    card = yaml.safe_load(head)
    assert (card["sdk"], card["app_port"], card["pinned"]) == ("docker", 7860, False)
    assert set(card) >= {"title", "emoji", "colorFrom", "colorTo"}
    table = "".join(re.findall(r"^\| (`[A-Z].*?) \| (?:secret|variable) \|", text, re.MULTILINE))
    named = set(re.findall(r"`([A-Z_]+)`", table))
    assert {"HF_TOKEN"} <= named
    assert named - settings_names() == BUILD_ARGUMENTS & named


def test_the_hub_takes_the_folder_for_a_space_that_it_can_build(space: Path, lfs_hub: LiveHub):  # noqa: F811
    name = "officials/built"
    api = HfApi(endpoint=lfs_hub.endpoint, token=WRITER)
    api.create_repo(name, repo_type="space", space_sdk="docker")
    files = [CommitOperationAdd(n, space / n) for n in ("Dockerfile", "README.md")]
    api.create_commit(name, files, commit_message="Build", repo_type="space")
    assert api.get_space_runtime(name).stage in ("BUILDING", "APP_STARTING", "RUNNING")


def test_the_project_in_the_folder_is_whole_and_holds_nothing_else(space: Path):
    project = space / "project"
    folders = ("sambodhan_assets", "resources", "sensors")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    ours = {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}
    ours -= {"sambodhan_assets/domain/ruff.toml"}
    written = {str(file.relative_to(project)) for file in project.rglob("*") if file.is_file()}
    assert written == ours | {"pyproject.toml", "README.md"}
    assert not list(space.rglob("*.pyc"))
    assert not list(space.rglob(".env*"))


def test_writing_again_replaces_what_is_gone_and_spares_what_is_not_ours(tmp_path: Path):
    folder = tmp_path / "retrain"
    written = CliRunner().invoke(app, ["space", "files", "retrain", str(folder)])
    assert written.exit_code == 0, written.output
    (folder / "project/resources/gone.py").write_text("")
    write_space_files("retrain", folder)
    assert not (folder / "project/resources/gone.py").exists()
    (tmp_path / "mine.txt").touch()
    with pytest.raises(PermanentError, match="holds other files"):
        write_space_files("retrain", tmp_path)
    with pytest.raises(PermanentError, match="prepare_dataset, retrain, inference"):
        write_space_files("demo", tmp_path / "new")
