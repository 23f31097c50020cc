"""What an export needs to know of the settings, and the folder in which it is staged."""

import json
import shutil
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from resources.exports.local import LocalExports
from resources.git_state import GitState, git_state

_STAGING = "export-staging"


class ExportOptions(dg.ConfigurableResource):
    """Settings of exports; resources/profiles.py fills them from the environment."""

    home: str = Field(description="Folder of all local state.")
    local_folder: str = Field(description="Exports that are not uploaded.")
    pii_policy: str = Field(description="redact, drop or report.")
    qa_sample: int = Field(description="Rows on which near-duplicates are measured.")
    reviewers: str = Field(
        default="", description="People who answer for the crisis lexicon, separated by commas."
    )
    allow_dirty: bool = Field(description="Export from a tree with uncommitted changes.")
    settings_json: str = Field(description="All settings; of secrets only whether they are set.")
    source_file: str = Field(
        default=__file__, description="A file of the program, to find its checkout."
    )

    @property
    def snapshot(self) -> dict[str, Any]:
        """All settings by name, without secrets."""
        return json.loads(self.settings_json)

    def git(self) -> GitState:
        """The checkout of this program."""
        return git_state(Path(self.source_file))

    def local_exports(self) -> LocalExports:
        """The store of what is not uploaded."""
        return LocalExports(folder=self.local_folder)

    @contextmanager
    def staging(self) -> Generator[Path]:
        """An empty folder for one export. The caller holds the lease of exports.

        Under it no other run stages anything, so what is there was left by one that was killed.
        """
        root = Path(self.home) / _STAGING
        shutil.rmtree(root, ignore_errors=True)
        folder = root / uuid.uuid4().hex
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(root, ignore_errors=True)
