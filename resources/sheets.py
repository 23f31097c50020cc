"""Hands sheets out: registers a batch, keeps its files, and puts them where people find them."""

import os
import shutil
import tempfile
from pathlib import Path

import dagster as dg
from pydantic import Field

from resources.artifact_store import ArtifactStore
from resources.audits.base import AuditStore
from resources.registry.base import Publication, Repository
from sambodhan_assets.domain.labelling.audit_rows import rows_of
from sambodhan_assets.domain.labelling.sheet import Sheet
from sambodhan_assets.domain.labelling.sheet_files import CSV, TXT, XLSX, write_sheet


class SheetFolder(dg.ConfigurableResource):
    """Sheets in a folder for people, and as versions of kind "sheet" in the artifact store."""

    folder: str = Field(description="Folder for people, sheets/ under SAMBODHAN_HOME.")
    artifact_url: str = Field(description="Folder or fsspec URL of the artifact store.")

    def is_written(self, batch: str) -> bool:
        """Whether the files of a batch are in the artifact store."""
        return bool(self._store().tags(_repository(batch)))

    def hand_out(self, sheet: Sheet, audits: AuditStore, *, run_id: str) -> Path:
        """Registers a sheet, then writes its files.

        What is there already stays as it is, so a run that was killed in between is finished by the
        next one, and a file that somebody fills in is never written over.

        Returns:
            The XLSX file in the folder for people.

        Raises:
            PermanentError: Another batch has its name, or a storage refuses.
            TransientError: A storage could not be reached.
        """
        audits.add(rows_of(sheet))
        if not self.is_written(sheet.batch):
            with tempfile.TemporaryDirectory() as folder:
                write_sheet(sheet, Path(folder))
                publication = Publication(
                    run_id=run_id,
                    # The workbook holds the time at which it was packed.
                    content_files=[f"{sheet.batch}{CSV}", f"{sheet.batch}{TXT}"],
                    details={"batch": sheet.batch, "purpose": sheet.purpose.value},
                )
                self._store().publish(_repository(sheet.batch), Path(folder), publication)
        return self.file_of(sheet.batch)

    def file_of(self, batch: str) -> Path:
        """The XLSX file of a batch in the folder for people, put there if it is missing.

        Raises:
            PermanentError: The batch was never written, or a byte of it is damaged.
        """
        endings = (XLSX, CSV, TXT)
        targets = [Path(self.folder) / f"{batch}{ending}" for ending in endings]
        if not all(target.exists() for target in targets):
            store = self._store()
            version = store.require_newest(
                _repository(batch), todo="Run the job that drew it again; it finishes the sheet."
            )
            Path(self.folder).mkdir(parents=True, exist_ok=True)
            with store.fetched(version) as folder:
                for target in targets:
                    _put(folder / target.name, target)
        return targets[0]

    def _store(self) -> ArtifactStore:
        return ArtifactStore(url=self.artifact_url)


def _repository(batch: str) -> Repository:
    return Repository(kind="sheet", name=batch)


def _put(source: Path, target: Path) -> None:
    """Copies a file that is not there yet, whole or not at all."""
    if target.exists():
        return
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(source, beside)
    beside.replace(target)
