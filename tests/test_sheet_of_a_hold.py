"""Risk: a hold asks people nothing, asks them twice, or about another candidate."""

import pytest

from resources.assembly import open_audit_store, open_sheets
from resources.lane_settings import candidate_repository
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.labelling.audit_rows import AuditRow
from sambodhan_assets.domain.labelling.purposes import Purpose
from tests.citizens import live_second_round
from tests.filled_disagreements import (
    answer_given,
    decide,
    fill_in_all,
    newest_record,
    read,
    sheet_files,
    truth,
    verdict,
)
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, World


def audit_rows(world: World) -> list[AuditRow]:
    return open_audit_store(world.settings).rows()


def test_a_hold_writes_a_sheet_of_what_the_two_models_answer_differently(held: World):
    (path,) = sheet_files(held)
    rows = read(path)
    given = answer_given(held)
    assert len(rows) == 30
    for row in rows:
        assert row["answer_1"] != row["answer_2"]
        assert given(row) in (row["answer_1"], row["answer_2"])
    deployed_first = sum(given(row) == row["answer_1"] for row in rows)
    assert 5 < deployed_first < 25
    assert "verified_urgency" not in rows[0]
    counts = newest_record(held).comparison.counts
    (probability,) = {row["inclusion_probability"] for row in rows}
    assert float(probability) == pytest.approx(30 / counts.disagreed_rows)
    assert [row.complaint_id for row in audit_rows(held)] == [int(r["complaint_id"]) for r in rows]
    assert {row.purpose for row in audit_rows(held)} == {Purpose.DISAGREEMENT}
    assert {row.asked for row in audit_rows(held)} == {("department",)}


def test_the_run_its_check_and_its_record_name_the_sheet(held: World):
    (path,) = sheet_files(held)
    candidate = held.artifacts.newest(candidate_repository(DEPARTMENT))
    assert candidate is not None
    assert path.stem == f"disagreement-department-{candidate.tag}-1"
    outcome = decide(held)
    assert str(path.with_suffix(".xlsx")) in str(outcome.checks["F1_GATE"].description)
    assert '"sheet to fill in"' in outcome.events
    assert newest_record(held).sheet == path.stem
    assert path.stem in str(outcome.checks["F1_GATE"].metadata["what to do next"].value)


def test_a_candidate_that_is_promoted_needs_no_sheet(promotable: World):
    assert not (promotable.home / "sheets").exists()
    assert newest_record(promotable).sheet is None
    assert audit_rows(promotable) == []


def test_an_open_sheet_is_not_drawn_twice_and_its_file_is_not_touched(held: World):
    (path,) = sheet_files(held)
    path.write_text("somebody works on this", encoding="utf-8")
    before = audit_rows(held)
    decide(held)
    assert sheet_files(held) == [path]
    assert path.read_text(encoding="utf-8") == "somebody works on this"
    assert audit_rows(held) == before


def _die(*_: object) -> None:
    raise PermanentError(tried="Writing", found="killed.", todo="Run again.")


def test_a_run_that_was_killed_before_it_wrote_the_sheet_is_finished_by_the_next_one(
    deployed: World, monkeypatch: pytest.MonkeyPatch
):
    live_second_round(deployed, share=0.7)
    with monkeypatch.context() as patch:
        patch.setattr("resources.sheets.write_sheet", _die)
        assert not run(deployed).success
    registered = audit_rows(deployed)
    assert len(registered) == 30
    assert sheet_files(deployed) == []
    decide(deployed)
    (path,) = sheet_files(deployed)
    assert audit_rows(deployed) == registered
    rows = read(path)
    assert [int(row["complaint_id"]) for row in rows] == [row.complaint_id for row in registered]
    assert {float(r["inclusion_probability"]) for r in rows} == {
        row.inclusion_probability for row in registered
    }
    fill_in_all(deployed, truth)
    assert verdict(deployed) == "PROMOTE"


def test_a_run_that_was_killed_before_the_file_came_to_the_folder_is_finished_too(
    held: World, monkeypatch: pytest.MonkeyPatch
):
    (path,) = sheet_files(held)
    rows = read(path)
    for file in (held.home / "sheets").iterdir():
        file.unlink()
    assert open_sheets(held.settings).is_written(path.stem)
    decide(held)
    assert read(path) == rows
