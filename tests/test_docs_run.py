"""Risk: the documents tell people to type what fails, or promise a right that nobody has."""

import os
import subprocess
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from resources.audits.chosen import ChosenAudits
from resources.audits.postgres import PostgresAudits
from resources.postgres.embedded import EmbeddedPostgres
from resources.profiles import Settings
from resources.registry.base import Deployment, Publication, Repository
from resources.registry.folder import FolderRegistry
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.linear import train_linear
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.databases import (
    NOON,
    complaint,
    correction,
    execute,
    feedback_store,
    open_folder,
    text_of,
)
from tests.databases import snapshot as take_snapshot
from tests.documents import DOCUMENTS, ROOT, blocks
from tests.sheets import audit_row, labelling

RUNNABLE = "<!-- runnable -->"


@pytest.fixture
def scratch() -> Generator[dict[str, str]]:
    """Environment of somebody who follows the documents in a fresh place."""
    with open_folder() as folder:
        (folder / "dagster").mkdir()
        (folder / "dagster/dagster.yaml").symlink_to(ROOT / "dagster.yaml")
        names = {name.upper() for name in Settings.model_fields}
        inherited = {name: value for name, value in os.environ.items() if name not in names}
        own = {"SAMBODHAN_HOME": str(folder), "DAGSTER_HOME": str(folder / "dagster")}
        yield inherited | own


@pytest.mark.skipif(not (ROOT / ".venv/bin/activate").exists(), reason="needs `make install`")
def test_the_runnable_blocks_run_from_first_to_last(scratch: dict[str, str]):
    scripts = [
        script
        for file in DOCUMENTS.values()
        for script in blocks(file.read_text(), "sh", after=f"{RUNNABLE}\n")
    ]
    assert len(scripts) == 2
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(scripts)],
        cwd=ROOT,
        env=scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "department: nothing was decided yet" in done.stdout
    assert "something does not work" not in done.stdout


def test_a_service_can_load_what_is_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    task = LABEL_TASKS[0]
    repository = Repository(kind="model", name=f"sambodhan-{task.name}-classifier")
    registry = FolderRegistry(url=str(tmp_path / ".sambodhan/registry"))
    texts = [f"{word} number {n}" for word in ("pipe", "school", "theft", "tax") for n in range(5)]
    labels = [position // 5 for position in range(20)]
    train_linear(texts, labels, labels=task.labels, seed=1).save(tmp_path / "model", extra={})
    publication = Publication(run_id="test", details={})
    version = registry.publish(repository, tmp_path / "model", publication)
    move = Deployment(
        sequence=1,
        tag=version.tag,
        action="deploy",
        replaced=None,
        deployed_at=datetime.now(UTC).isoformat(),
        run_id="test",
        reason="test",
        traffic_after_id=0,
    )
    registry.move_pointer(repository, move)
    (script,) = blocks((ROOT / "docs/how-it-works.md").read_text(), "python")
    monkeypatch.chdir(tmp_path)
    exec(script, {})
    assert capsys.readouterr().out.strip() in {f"{version.tag} {label}" for label in task.labels}


@pytest.fixture
def documented_database(postgres_server: EmbeddedPostgres) -> Generator[tuple[str, str, str]]:
    """Addresses of the owner, the reader and the platform of docs/deploy-postgres.md."""
    server = postgres_server.url()
    roles, rights, platform = blocks((ROOT / "docs/deploy-postgres.md").read_text(), "sql")
    execute(text_of(server), *_statements(roles))
    here = server.set(database="sambodhan")
    owner = text_of(here.set(username="sambodhan_owner"))
    feedback_store(owner).initialise()
    PostgresAudits(url=owner, home="/nonexistent").initialise(LABEL_TASKS)
    execute(text_of(here), *_statements(rights), *_statements(platform))
    names = ("sambodhan_owner", "sambodhan_reader", "sambodhan_platform")
    yield tuple(text_of(here.set(username=name)) for name in names)
    execute(text_of(server), "DROP DATABASE sambodhan WITH (FORCE)", "DROP DATABASE dagster")
    execute(text_of(server), "DROP ROLE sambodhan_owner, sambodhan_reader, dagster")
    execute(text_of(server), "DROP ROLE sambodhan_platform")


def test_the_documented_reader_can_read_all_and_write_nothing(
    documented_database: tuple[str, str, str],
):
    owner, reader, _ = map(feedback_store, documented_database)
    owner.upsert_complaints([complaint(1), complaint(2)])
    owner.upsert_corrections([correction(1)])
    health = reader.health()
    assert (health.problems, health.read_only) == ((), True)
    assert take_snapshot(reader).report.correction_count == 1
    with pytest.raises(PermanentError, match="read-only"):
        reader.upsert_complaints([complaint(3)])


def test_the_documented_roles_keep_audits_where_the_page_says(
    documented_database: tuple[str, str, str], tmp_path: Path
):
    _, reader, platform = documented_database
    alone = {"postgres_url": reader, "home": "/nonexistent", "artifact_url": str(tmp_path)}
    assert "may only read" in ChosenAudits(**alone).place()
    audits = ChosenAudits(**alone, platform_url=platform)
    audits.add([audit_row(1)])
    assert audits.write_labels([labelling(1)], now=NOON) == 1
    assert audits.place() == "table complaint_audits in the database of PLATFORM_DB_URL"


def _statements(block: str) -> list[str]:
    return [statement for statement in block.split(";") if statement.strip()]
