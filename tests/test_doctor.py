"""Risk: sensors stand still, runs are kept nowhere, telemetry leaves, and the doctor says ok."""

from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
from pydantic import SecretStr

from resources.audits.postgres import PostgresAudits
from resources.embedding.supabase_pairs import SupabasePairs
from resources.profiles import Settings, load_settings
from resources.task_lease import TaskLeases
from sambodhan_assets.doctor import examine
from sambodhan_assets.domain.embedding.pairs import PAIRS_SCHEMA
from sambodhan_assets.jobs import TASK_TAG
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.databases import read_only
from tests.hub_servers import lfs_hub  # noqa: F401  (fixture)

ROOT = Path(__file__).parents[1]
RUN_ID = "0c7ced9f-bafb-4a5b-b398-8104e144a40e"


@pytest.fixture
def settings(feedback_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A database without complaints, and an instance without daemon."""
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster/dagster.yaml").symlink_to(ROOT / "dagster.yaml")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    return load_settings({"SAMBODHAN_HOME": str(tmp_path), "POSTGRES_URL": feedback_url})


def url_of(settings: Settings) -> str:
    assert settings.postgres_url is not None
    return settings.postgres_url.get_secret_value()


def warnings(settings: Settings) -> str:
    return "\n".join(found.text for found in examine(settings) if found.level == "warning")


def add_running_run(task_name: str) -> None:
    with dg.DagsterInstance.get() as instance:
        run = dg.DagsterRun(
            job_name=f"{task_name}_pipeline",
            run_id=RUN_ID,
            status=dg.DagsterRunStatus.STARTED,
            tags={TASK_TAG: task_name},
        )
        instance.add_run(run)


def test_nothing_that_works_is_an_error(settings: Settings):
    assert [found.text for found in examine(settings) if found.level == "error"] == []


def test_looking_leaves_nothing_behind(settings: Settings):
    examine(settings)
    found = {
        path.name
        for store in ("registry", "artifacts")
        for path in settings.home.glob(f"{store}/*")
    }
    assert found == set()


def test_it_says_where_labels_given_on_request_are_kept(settings: Settings):
    told = [found.text for found in examine(settings) if found.level == "ok"]
    place = "table complaint_audits in the database of POSTGRES_URL"
    assert f"Labels given on request are kept in {place}; open sheets: 0." in told


def test_a_role_that_may_only_read_is_told_where_labels_go(
    settings: Settings, feedback_url: str, tmp_path: Path
):
    PostgresAudits(url=feedback_url, home="/nonexistent").initialise(LABEL_TASKS)
    variables = {"SAMBODHAN_HOME": str(tmp_path), "POSTGRES_URL": read_only(feedback_url)}
    told = warnings(load_settings(variables))
    assert f"are kept in the artifact store {tmp_path}/artifacts, because the role" in told
    assert "What complaint_audits holds there is not read." in told
    assert "PLATFORM_DB_URL names a database" in told
    assert "complaint_audits" not in warnings(
        load_settings({**variables, "PLATFORM_DB_URL": feedback_url})
    )


def test_a_platform_database_that_cannot_be_written_is_an_error(
    settings: Settings, feedback_url: str, tmp_path: Path
):
    variables = {"SAMBODHAN_HOME": str(tmp_path), "POSTGRES_URL": feedback_url}
    found = examine(load_settings({**variables, "PLATFORM_DB_URL": read_only(feedback_url)}))
    (error,) = [finding.text for finding in found if finding.level == "error"]
    assert "The role of PLATFORM_DB_URL may not read and write complaint_audits" in error


def test_pairs_that_nobody_may_see_are_told(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    def nothing(_: SupabasePairs) -> pa.Table:
        return PAIRS_SCHEMA.empty_table()

    monkeypatch.setattr(SupabasePairs, "read", nothing)
    own = {"SUPABASE_URL": "https://project.example", "SUPABASE_ANON_KEY": "key"}
    home = {"SAMBODHAN_HOME": str(settings.home), "POSTGRES_URL": url_of(settings)}
    told = warnings(load_settings({**home, **own}))
    assert "No pairs of typos in table typo_training_dataset in SUPABASE_URL. If the table" in told


def test_a_missing_daemon_is_told(settings: Settings):
    assert "no daemon runs" in warnings(settings)


def test_telemetry_is_told_and_is_off_with_the_file_of_this_project(settings: Settings):
    assert "sends telemetry" not in warnings(settings)
    (settings.home / "dagster/dagster.yaml").unlink()
    assert "sends telemetry" in warnings(settings)


@pytest.mark.parametrize("home", [None, "/nonexistent", "relative"])
def test_an_instance_that_keeps_no_runs_is_told(
    settings: Settings, home: str | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("DAGSTER_HOME")
    if home is not None:
        monkeypatch.setenv("DAGSTER_HOME", home)
    told = warnings(settings)
    assert "Dagster keeps no runs" in told
    assert f"DAGSTER_HOME={settings.home / 'dagster'}" in told


def test_a_run_that_was_killed_is_told_and_one_at_work_is_not(settings: Settings):
    add_running_run("urgency")
    assert f"dagster run delete {RUN_ID}" in warnings(settings)
    leases = TaskLeases(home=str(settings.home))
    leases.hold("urgency", run_id=RUN_ID)
    assert RUN_ID not in warnings(settings)
    leases.release()


def test_a_token_that_the_hub_does_not_know_is_an_error_that_does_not_show_it(
    settings: Settings,
    lfs_hub,  # noqa: F811
):
    hub = {"registry": "hub", "hf_token": SecretStr("hf_geheim"), "hf_endpoint": lfs_hub.endpoint}
    findings = examine(settings.model_copy(update=hub))
    errors = [found.text for found in findings if found.level == "error"]
    assert "the Hub does not know this token (401)" in errors[0]
    assert "geheim" not in " ".join(errors)
