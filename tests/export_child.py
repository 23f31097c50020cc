"""Runs export_dataset here and kills it at one moment: `python -m tests.export_child MOMENT`."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg

from sambodhan_assets.definitions import defs

DRAFT, LOCAL = "sambodhan_assets.assets.export_draft", "resources.exports.local"


def die(*_: Any, **__: Any) -> None:
    """Ends this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


def copy_some(source: Path, target: Path) -> None:
    """Copies one file, the manifest, and dies."""
    target.mkdir(parents=True)
    for path in source.glob("manifest_*"):
        (target / path.name).write_bytes(path.read_bytes())
    die()


# Moment -> what is replaced, and by what.
MOMENTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "while rows are written": ("sambodhan_assets.domain.export.build.DataWriters.close", die),
    "before the manifest": (f"{DRAFT}.seal", die),
    "while files are copied": (f"{LOCAL}.copy_folder", copy_some),
    "before the rename": (f"{LOCAL}.rename_exclusively", die),
    "after the rename": (f"{LOCAL}.LocalExports.manifest", die),
}


if __name__ == "__main__":
    name, replacement = MOMENTS[sys.argv[1]]
    with dg.DagsterInstance.ephemeral() as instance, patch(name, replacement):
        defs.resolve_job_def("export_dataset").execute_in_process(instance=instance)
