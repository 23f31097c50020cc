"""Chooses where audits are kept: in PostgreSQL, or beside the other artifacts."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from resources.audits.artifacts import ArtifactAudits
from resources.audits.base import AuditStore
from resources.audits.postgres import PostgresAudits
from sambodhan_assets.domain.labelling.audit_rows import AuditRow, Labelling
from sambodhan_assets.label_tasks import LabelTask


class ChosenAudits(AuditStore):
    """The table at PLATFORM_DB_URL, else at POSTGRES_URL where the role may write it.

    A role that may only read keeps its audits in the artifact store. PLATFORM_DB_URL is a wish and
    never passed over: where it does not work, that is an error.
    """

    platform_url: str = Field(
        default="", repr=False, description="Address of the platform's own tables; empty: none."
    )
    postgres_url: str = Field(
        default="", repr=False, description="Address of the complaints; empty: embedded server."
    )
    home: str = Field(description="Folder of SAMBODHAN_HOME.")
    artifact_url: str = Field(description="Folder or fsspec URL of the artifact store.")

    def place(self) -> str:
        """See `AuditStore.place`."""
        store = self.chosen()
        if isinstance(store, ArtifactAudits):
            return f"{store.place()}, because the role of POSTGRES_URL may only read"
        return store.place()

    def chosen(self) -> AuditStore:
        """The store in use. The catalog is asked every time: rights may be granted any day."""
        table = self.table()
        if self.platform_url or not self.postgres_url or table.rights().usable:
            return table
        return ArtifactAudits(url=self.artifact_url)

    def table(self) -> PostgresAudits:
        """The table that is used if it can be."""
        if self.platform_url:
            return PostgresAudits(url=self.platform_url, home=self.home, setting="PLATFORM_DB_URL")
        return PostgresAudits(url=self.postgres_url, home=self.home)

    def initialise(self, tasks: Sequence[LabelTask]) -> list[str]:
        """See `AuditStore.initialise`; it also tells why there is no table."""
        store = self.chosen()
        if isinstance(store, ArtifactAudits):
            return [f"left audits in {self.place()}; PLATFORM_DB_URL names another database"]
        return store.initialise(tasks)

    def rows(self, batches: Sequence[str] | None = None) -> list[AuditRow]:
        """See `AuditStore.rows`."""
        return self.chosen().rows(batches)

    def add(self, rows: Sequence[AuditRow]) -> bool:
        """See `AuditStore.add`."""
        return self.chosen().add(rows)

    def write_labels(self, given: Sequence[Labelling], *, now: datetime) -> int:
        """See `AuditStore.write_labels`."""
        return self.chosen().write_labels(given, now=now)
