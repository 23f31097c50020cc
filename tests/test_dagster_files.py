"""Risk: an instance file or workspace.yaml that nobody loads rots, and a deployment finds out."""

import shutil
import tempfile
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster import DagsterInstance

from resources.postgres.embedded import EmbeddedPostgres

ROOT = Path(__file__).parents[1]
INSTANCE_FILES = [ROOT / "dagster.yaml", ROOT / "deploy/dagster.postgres.yaml"]


@dg.op
def one_op() -> int:
    return 1


@dg.job
def one_job():
    one_op()


@pytest.fixture(scope="module")
def postgres_variables():
    # pytest's own folders are private, and as root the server runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="dagster-storage-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres")
    url = server.url()
    yield {
        # The embedded server listens on a socket only: libpq takes PGHOST when the host is empty.
        "DAGSTER_PG_HOST": "",
        "PGHOST": str(url.query.get("host", url.host)),
        "DAGSTER_PG_PORT": str(url.port or 5432),
        "DAGSTER_PG_USERNAME": str(url.username),
        "DAGSTER_PG_PASSWORD": "p@ss:word/%",
        "DAGSTER_PG_DB": str(url.database),
    }
    server.stop()
    shutil.rmtree(folder)


@pytest.mark.parametrize("file", INSTANCE_FILES, ids=lambda file: file.name)
def test_a_run_succeeds_and_is_stored(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    postgres_variables: dict[str, str],
):
    for name, value in postgres_variables.items():
        monkeypatch.setenv(name, value)
    shutil.copy(file, tmp_path / "dagster.yaml")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with DagsterInstance.get() as instance:
        result = one_job.execute_in_process(instance=instance)
        storage = type(instance.event_log_storage).__module__
        assert instance.get_runs()[0].run_id == result.run_id
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.run_monitoring_enabled
    assert ("postgres" in storage) == ("postgres" in file.name)


def test_both_instance_files_differ_in_storage_and_parallel_runs_only():
    local, server = (yaml.safe_load(file.read_text()) for file in INSTANCE_FILES)
    assert server.pop("storage")["postgres"]["postgres_db"]["scheme"] == "postgresql+psycopg2"
    assert server["concurrency"].pop("runs") != local["concurrency"].pop("runs")
    assert local == server


def test_the_workspace_names_a_file_beside_it_and_no_working_directory():
    (entry,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    target = entry["python_file"]
    assert target == {
        "relative_path": "sambodhan_assets/definitions.py",
        "location_name": "sambodhan",
    }
