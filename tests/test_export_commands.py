"""Risk: a changed export passes for whole, or a killed run leaves half of one behind."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.export.verify import verify_export
from sambodhan_assets.export_commands import fetch, list_versions, verify
from tests.export_child import MOMENTS
from tests.export_world import DEPARTMENT, export_config, export_world, exports, publish_version
from tests.lane_runs import run
from tests.lane_world import ROOT, World, child_environment
from tests.services import machine


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A department version is published."""
    there = export_world(tmp_path)
    for name, value in there.variables.items():
        monkeypatch.setenv(name, value)
    publish_version(there, DEPARTMENT)
    return there


@pytest.fixture
def exported(world: World) -> Path:
    """One export in all formats."""
    config = export_config(version="1.0.0", formats=["jsonl", "parquet", "csv"])
    assert run(world, "export_dataset", run_config=config).success
    return world.home / "exports/v1.0.0"


def problem(folder: Path) -> str:
    with pytest.raises(PermanentError) as caught:
        verify_export(folder)
    return str(caught.value)


def test_any_changed_byte_is_told_with_the_name_of_its_file(exported: Path, tmp_path: Path):
    for original in sorted(exported.iterdir()):
        data = original.read_bytes()
        for position in (0, len(data) // 3, len(data) // 2, len(data) - 1):
            copy = tmp_path / "copy"
            shutil.copytree(exported, copy)
            changed = bytearray(data)
            changed[position] ^= 1
            (copy / original.name).write_bytes(changed)
            assert original.name in problem(copy), position
            shutil.rmtree(copy)


def test_missing_and_foreign_files_are_told_by_name(exported: Path):
    (exported / "notes.txt").touch()
    assert "notes.txt does not belong to the export" in problem(exported)
    (exported / "notes.txt").unlink()
    (exported / "dataset_v1.0.0.csv").unlink()
    (exported / "config_lock.json").rename(exported.parent / "lock")
    (exported / "config_lock.json").mkdir()
    assert "config_lock.json is no file; dataset_v1.0.0.csv is missing" in problem(exported)
    (exported / "config_lock.json").rmdir()
    (exported.parent / "lock").rename(exported / "config_lock.json")
    assert "dataset_v1.0.0.csv is missing" in problem(exported)
    (exported / "manifest_v1.0.0.json").unlink()
    assert "one manifest_v*.json is expected, there is none" in problem(exported)


def test_a_version_is_listed_fetched_and_verified(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    list_versions()
    fetch("v1.0.0", tmp_path / "here")
    verify(f"file://{exported}")
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("1.0.0 ")
    assert sum("version 1.0.0 is whole" in line for line in shown) == 2
    assert {path.name for path in (tmp_path / "here").iterdir()} == {
        path.name for path in exported.iterdir()
    }
    with pytest.raises(PermanentError, match="not an empty folder"):
        fetch("1.0.0", tmp_path / "here")
    with pytest.raises(PermanentError, match=r"no such version; published are 1\.0\.0"):
        fetch("2.0.0", tmp_path / "there")
    with pytest.raises(PermanentError, match="no address of one version"):
        verify("s3://bucket/exports")


def test_the_command_ends_with_one_and_the_name_of_the_changed_file(
    exported: Path, world: World, tmp_path: Path
):
    with machine(world.variables, tmp_path) as here:
        with here.running("sambodhan", "export", "verify", exported) as service:
            assert service.process.wait(60) == 0
        with (exported / "dataset_v1.0.0.parquet").open("r+b") as file:
            file.seek(100)
            file.write(b"\x00\x01")
        with here.running("sambodhan", "export", "verify", exported) as service:
            assert service.process.wait(60) == 1
            assert "dataset_v1.0.0.parquet has changed" in service.text


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_at_any_moment_leaves_whole_versions_only_and_the_next_converges(
    world: World, moment: str
):
    command = [sys.executable, "-m", "tests.export_child", moment]
    child = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **child_environment(world)}, check=False
    )
    assert child.returncode == -signal.SIGKILL
    left = exports(world).versions()
    assert left == (["0.1.0"] if moment == "after the rename" else [])
    again = run(world, "export_dataset")
    assert again.success
    assert again.made == ([] if left else ["dataset_export"])
    assert exports(world).versions() == ["0.1.0"]
    verify_export(world.home / "exports/v0.1.0")
    assert not (world.home / "export-staging").exists()
