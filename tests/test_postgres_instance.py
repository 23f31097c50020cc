"""Risk: where Dagster keeps its records in PostgreSQL, a lane fails or is forgotten."""

from collections.abc import Generator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from sambodhan_assets.jobs import TASK_TAG
from tests.databases import execute
from tests.lane_runs import outcome_of
from tests.lane_world import DEPARTMENT, STAGES, World, keys
from tests.services import SERVER, Machine, machine, postgres_variables

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def server(
    first_round: World, empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[Machine]:
    """A machine whose DAGSTER_HOME holds the server's file; feedback is in another database."""
    variables = postgres_variables(sa.make_url(empty_database))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with machine({**first_round.variables, **variables}, tmp_path, instance_file=SERVER) as here:
        yield here


def test_a_lane_runs_and_its_records_are_in_postgres(
    server: Machine, first_round: World, empty_database: str
):
    outcome = server.execute("department_pipeline")
    assert outcome.returncode == 0, outcome.stdout
    with server.instance() as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.SUCCESS
        assert run.tags[TASK_TAG] == "department"
        found = outcome_of(instance, run.run_id)
    assert found.made == keys(DEPARTMENT, *STAGES)
    assert found.checks["F1_GATE"].passed
    assert execute(empty_database, "SELECT status FROM runs") == [("SUCCESS",)]
    assert first_round.serving() == first_round.model_tags()[0]
    assert not list(server.dagster_home.rglob("*.db"))
