"""Risk: an export is compared with the wrong one, scored by no model, or its page is left out."""

import hashlib
import json
from pathlib import Path

import pytest

from sambodhan_assets.domain.qa.report import QaReport
from tests.export_world import (
    DEPARTMENT,
    export,
    export_world,
    letters,
    publish_version,
    published_world,
)
from tests.lane_world import World

pytestmark = pytest.mark.usefixtures("no_database")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One task has a dataset version; nothing is deployed."""
    return published_world(tmp_path, DEPARTMENT)


def file_of(world: World, version: str, form: str) -> Path:
    return world.home / "exports" / f"v{version}" / f"qa_report_v{version}.{form}"


def report_of(world: World, version: str) -> QaReport:
    path = file_of(world, version, "json")
    return QaReport.from_json(path.read_text(encoding="utf-8"), origin=str(path))


def value_of(report: QaReport, name: str) -> float | None:
    (found,) = (m.value for part in report.sections for m in part.metrics if m.name == name)
    return found


def test_an_export_brings_its_report_for_programs_and_for_people(world: World):
    assert export(world).success
    report = report_of(world, "0.1.0")
    assert report.version == "0.1.0"
    page = file_of(world, "0.1.0", "html").read_text(encoding="utf-8")
    assert "QA report of export 0.1.0" in page
    assert all(verdict.threshold.metric in page for verdict in report.verdicts)


def test_a_first_export_warns_of_what_nobody_could_measure(world: World):
    outcome = export(world)
    for name, reason in (("drift", "no previous export"), ("bias", "no model is deployed")):
        assert not outcome.checks[name].passed
        assert outcome.checks[name].severity.value == "WARN"
        assert reason in str(outcome.checks[name].description)


def test_the_second_export_is_compared_with_the_first(world: World):
    export(world)
    publish_version(world, DEPARTMENT, rows=letters(DEPARTMENT, 60, seed=6))
    outcome = export(world)
    assert outcome.success, outcome.failure
    report = report_of(world, "0.2.0")
    assert value_of(report, "previous_export_rows") == report_of(world, "0.1.0").rows
    assert value_of(report, "psi_worst") is not None


def test_an_export_without_qa_is_no_measure_for_the_next_one(world: World):
    export(world, quality=False, version="0.1.0")
    outcome = export(world, version="0.2.0")
    assert outcome.success, outcome.failure
    assert "QA was not run for the previous export 0.1.0" in str(
        outcome.checks["drift"].description
    )


def test_a_previous_report_that_somebody_changed_is_refused(world: World):
    export(world)
    path = file_of(world, "0.1.0", "json")
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields["profile"]["rows"] = 7
    path.write_text(json.dumps(fields), encoding="utf-8")
    outcome = export(world, version="0.2.0")
    assert not outcome.success
    assert "is not the file that its manifest names" in str(outcome.failure)


def test_a_previous_report_of_another_release_ends_no_export(world: World):
    export(world)
    path, manifest = file_of(world, "0.1.0", "json"), world.home / "exports/v0.1.0"
    before = path.read_bytes()
    path.write_text("{}", encoding="utf-8")
    manifest /= "manifest_v0.1.0.json"
    text = manifest.read_text(encoding="utf-8")
    digests = [hashlib.sha256(content).hexdigest() for content in (before, b"{}")]
    manifest.write_text(text.replace(*digests), encoding="utf-8")
    outcome = export(world, version="0.2.0")
    assert outcome.success, outcome.failure
    assert "the report of the previous export 0.1.0 is unknown" in str(
        outcome.checks["drift"].description
    )


def test_a_threshold_of_the_configuration_decides_the_check(world: World):
    strict = export(world, version="one", thresholds={"malformed_share": -1.0})
    assert not strict.checks["provenance"].passed
    assert "malformed_share is 0, at most -1 is allowed" in str(
        strict.checks["provenance"].description
    )
    without = export(world, version="two", thresholds={"malformed_share": None})
    assert without.checks["provenance"].passed
    assert without.checks["provenance"].description == "No threshold is set for provenance."


def test_an_unknown_threshold_stops_the_export_before_a_row_is_written(world: World):
    outcome = export(world, thresholds={"near_dupes": 0.1})
    assert not outcome.success
    assert "near_dupes" in str(outcome.failure)
    assert not (world.home / "exports").exists()


def test_a_deployed_model_is_scored_on_the_test_rows(deployed: World):
    outcome = export(deployed, allow_dirty=True)
    assert outcome.success, outcome.failure
    report = report_of(deployed, "0.1.0")
    (section,) = (part for part in report.sections if part.name == "bias")
    scored = sum(
        value or 0 for value in section.tables["test rows of department by script"].values()
    )
    assert scored > 0


def test_the_crisis_lexicon_is_unreviewed_until_somebody_answers_for_it(tmp_path: Path):
    for people, reviewed in (("", False), ("Asha Rai, Bina Thapa", True)):
        world = export_world(tmp_path / str(reviewed), REVIEWERS=people)
        publish_version(world, DEPARTMENT)
        assert export(world).success
        report = report_of(world, "0.1.0")
        assert (value_of(report, "crisis_lexicon_unreviewed") == 0) == reviewed
