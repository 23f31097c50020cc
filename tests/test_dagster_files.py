"""Risk: an instance file or workspace.yaml that nobody loads rots, and a deployment finds out."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml
from dagster import DagsterInstance

from tests.services import LAPTOP, SERVER, WORKSPACE, postgres_variables

INSTANCE_FILES = [LAPTOP, SERVER]


@dg.op
def one_op() -> int:
    return 1


@dg.job
def one_job():
    one_op()


@pytest.mark.parametrize("file", INSTANCE_FILES, ids=lambda file: file.name)
def test_a_run_succeeds_and_is_stored(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    empty_database: str,
):
    for name, value in postgres_variables(sa.make_url(empty_database)).items():
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
    (entry,) = yaml.safe_load(WORKSPACE.read_text())["load_from"]
    target = entry["python_file"]
    assert target == {
        "relative_path": "sambodhan_assets/definitions.py",
        "location_name": "sambodhan",
    }
