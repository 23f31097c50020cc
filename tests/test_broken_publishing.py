"""Risk: a publisher that is killed, or that finds the disk full, leaves half a version."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from resources.registry.folder import FolderRegistry
from tests.registry_folders import DATASETS, make_folder, publication

KILLED_PUBLISHER = """
import os, signal, sys
from pathlib import Path
import resources.registry.folder as folder_module
from resources.registry.base import Publication, Repository
point, url, made = sys.argv[1:]
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
original = getattr(folder_module, point)
calls = 0
def killed(*arguments, **named):
    if point == "rename_exclusively": die()
    result = original(*arguments, **named)
    die()
setattr(folder_module, point, killed)
folder_module.FolderRegistry(url=url).publish(
    Repository(kind="dataset", name="officials/sambodhan-department-dataset"),
    Path(made), Publication(run_id="killed", details={}))
"""


@pytest.mark.parametrize("point", ["copy_finished", "add_manifest", "rename_exclusively"])
def test_a_publisher_killed_before_the_rename_leaves_nothing_visible(tmp_path, point):
    registry = FolderRegistry(url=str(tmp_path / "registry"))
    folder = make_folder(tmp_path / "made")
    kept = registry.publish(DATASETS, folder, publication())
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_PUBLISHER, point, registry.url, str(folder)],
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    assert killed.returncode == -signal.SIGKILL
    assert registry.newest(DATASETS) == kept
    assert registry.publish(DATASETS, folder, publication()).manifest.parent == kept.tag


FULL_DISK = """
import resource, sys
from pathlib import Path
from resources.registry.base import Publication, Repository
from resources.registry.folder import FolderRegistry
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
FolderRegistry(url=sys.argv[1]).publish(
    Repository(kind="dataset", name="officials/sambodhan-department-dataset"),
    Path(sys.argv[2]), Publication(run_id="full", details={}))
"""


def test_a_full_disk_is_a_clear_error_and_the_previous_version_still_serves(tmp_path):
    registry = FolderRegistry(url=str(tmp_path / "registry"))
    kept = registry.publish(DATASETS, make_folder(tmp_path / "small"), publication())
    large = make_folder(tmp_path / "large", big="x" * 1_000_000)
    full = subprocess.run(
        [sys.executable, "-c", FULL_DISK, registry.url, str(large)],
        check=False,
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    assert full.returncode == 1
    assert "PermanentError: Publishing a version of dataset" in full.stderr
    assert "nothing was half-published" in full.stderr
    assert registry.newest(DATASETS) == kept
