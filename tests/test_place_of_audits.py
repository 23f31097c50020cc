"""Risk: audits are kept where nobody reads them, or are refused although a place is there."""

from pathlib import Path

import pytest

from resources.audits.artifacts import ArtifactAudits
from resources.audits.chosen import ChosenAudits
from resources.audits.postgres import PostgresAudits
from sambodhan_assets.domain.errors import PermanentError, TransientError
from tests.databases import DEPARTMENT, NOON, audit_store, execute, read_only
from tests.sheets import audit_row, labelling


def chosen(url: str, tmp_path: Path, **overrides: str) -> ChosenAudits:
    defaults = {"postgres_url": url, "home": "/nonexistent", "artifact_url": str(tmp_path)}
    return ChosenAudits(**defaults | overrides)


def test_a_role_that_may_write_keeps_audits_in_the_database(feedback_url: str, tmp_path: Path):
    audits = chosen(feedback_url, tmp_path)
    assert audits.place() == "table complaint_audits in the database of POSTGRES_URL"
    audits.add([audit_row(1)])
    assert audit_store(feedback_url).rows() == audits.rows() == [audit_row(1)]
    assert list(tmp_path.iterdir()) == []


def test_a_role_that_may_only_read_keeps_audits_beside_the_artifacts(
    feedback_url: str, tmp_path: Path
):
    audits = chosen(read_only(feedback_url), tmp_path)
    assert "because the role of POSTGRES_URL may only read" in audits.place()
    audits.add([audit_row(1)])
    audits.write_labels([labelling(1)], now=NOON)
    assert audits.verified(DEPARTMENT).num_rows == 1
    assert ArtifactAudits(url=str(tmp_path)).rows() == audits.rows()
    (told,) = audits.initialise([DEPARTMENT])
    assert "left audits in the artifact store" in told


def test_a_role_without_rights_on_the_table_keeps_audits_beside_the_artifacts(
    feedback_url: str, tmp_path: Path
):
    audit_store(feedback_url).initialise([DEPARTMENT])
    name = "reader_" + feedback_url.rpartition("test_")[2][:8]
    execute(feedback_url, f"CREATE ROLE {name} LOGIN", f"GRANT USAGE ON SCHEMA public TO {name}")
    as_reader = f"{feedback_url}{'&' if '?' in feedback_url else '?'}options=-c%20role%3D{name}"
    try:
        assert isinstance(chosen(as_reader, tmp_path).chosen(), ArtifactAudits)
        grant = f"GRANT SELECT, INSERT, UPDATE ON complaint_audits TO {name}"
        execute(feedback_url, grant)
        assert isinstance(chosen(as_reader, tmp_path).chosen(), PostgresAudits)
    finally:
        execute(feedback_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_the_platforms_own_database_goes_first_and_is_never_passed_over(
    feedback_url: str, tmp_path: Path
):
    audits = chosen(read_only(feedback_url), tmp_path, platform_url=feedback_url)
    audits.add([audit_row(1)])
    assert "PLATFORM_DB_URL" in audits.place()
    assert audit_store(feedback_url).rows() == [audit_row(1)]
    unusable = chosen(feedback_url, tmp_path, platform_url=read_only(feedback_url))
    with pytest.raises(PermanentError):
        unusable.add([audit_row(1, batch="audit-2")])


def test_a_platform_database_that_is_away_is_named_by_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("resources.postgres.connection.FIRST_WAIT_SECONDS", 0.0)
    away = "postgresql://user:geheim@127.0.0.1:1/nothing"
    audits = chosen("", tmp_path, platform_url=away)
    with pytest.raises(TransientError, match="PLATFORM_DB_URL") as error:
        audits.rows()
    assert "geheim" not in str(error.value)
