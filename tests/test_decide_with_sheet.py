"""Risk: a sheet that people filled in decides wrongly, not at all, or about another candidate."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from resources.assembly import open_audit_store, open_sheets
from resources.audits.files import LoadedSheet, describe, load_audits
from resources.lane_settings import candidate_repository, decision_repository
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.gate.decision_record import DecisionRecord
from sambodhan_assets.domain.gate.record_files import read_record
from sambodhan_assets.domain.labelling.audit_rows import AuditRow
from sambodhan_assets.domain.labelling.purposes import Purpose
from tests.citizens import live_second_round, second_round_rows, truth_of
from tests.databases import NOON, execute
from tests.lane_runs import Outcome, run
from tests.lane_world import DEPARTMENT, World, keys

TRUTH = {str(row.id): truth_of(row)["department"] for row in second_round_rows()}
DECIDE = "decide_department"
Cells = dict[str, str]


def audit_rows(world: World) -> list[AuditRow]:
    return open_audit_store(world.settings).rows()


def sheet_files(world: World) -> list[Path]:
    return sorted((world.home / "sheets").glob("disagreement-*.csv"))


def read(path: Path) -> list[Cells]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill_in(
    world: World, path: Path, answer: Callable[[Cells], str], *, first: int | None = None
) -> LoadedSheet:
    """People label the first rows of a sheet, all by default, and load it."""
    rows = read(path)
    for row in rows[:first]:
        row["verified_department"] = answer(row)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return load_audits(path, open_audit_store(world.settings), now=NOON, db_timezone="UTC")


def truth(row: Cells) -> str:
    return TRUTH[row["complaint_id"]]


def answer_given(world: World) -> Callable[[Cells], str]:
    """What the deployed version answered."""
    found = dict(execute(world.url, "SELECT id::text, department FROM complaints"))
    return lambda row: found[row["complaint_id"]]


def mostly_deployed(world: World) -> Callable[[Cells], str]:
    """Two of three labels speak for the deployed version, one for the candidate: no verdict yet."""
    given, seen = answer_given(world), iter(range(1000))

    def answer(row: Cells) -> str:
        if next(seen) % 3:
            return given(row)
        return row["answer_1"] if given(row) == row["answer_2"] else row["answer_2"]

    return answer


def decide(world: World) -> Outcome:
    outcome = run(world, DECIDE)
    assert outcome.success
    return outcome


def newest_record(world: World) -> DecisionRecord:
    version = world.artifacts.newest(decision_repository(DEPARTMENT))
    assert version is not None
    with world.artifacts.fetched(version) as folder:
        return read_record(folder)


def verdict(world: World) -> str:
    return newest_record(world).verdict.name.value


def fill_in_all(world: World, answer: Callable[[Cells], str]) -> None:
    """Fills in every sheet that comes; which complaints the first one holds is chance."""
    filled: list[Path] = []
    while left := [path for path in sheet_files(world) if path not in filled]:
        for path in left:
            fill_in(world, path, answer)
        filled += left
        decide(world)


# The sheet


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


# The decision


def test_a_sheet_filled_truthfully_promotes_the_better_candidate_and_deploys_it(held: World):
    serving, (path,) = held.serving(), sheet_files(held)
    candidate = held.artifacts.newest(candidate_repository(DEPARTMENT))
    found = fill_in(held, path, truth)
    assert (found.labelled, found.empty) == (30, 0)
    assert "decide_department" in describe(found, open_audit_store(held.settings))[1]
    fill_in_all(held, truth)
    assert verdict(held) == "PROMOTE"
    assert newest_record(held).comparison.counts.disagreed_labels >= 30
    assert held.artifacts.newest(candidate_repository(DEPARTMENT)) == candidate
    assert newest_record(held).candidate.tag == candidate.tag
    assert held.serving() != serving
    assert len(held.moves()) == 2
    # The labels are human rows of the next dataset.
    assert run(held, "prepare_department").success
    newest = held.registry.newest(held.lanes.dataset_repository(DEPARTMENT))
    assert newest is not None
    assert newest.manifest.details["rows_by_source"]["audit"] > 20


def test_a_sheet_that_says_that_the_candidate_is_worse_deploys_nothing(held: World):
    serving, (path,) = held.serving(), sheet_files(held)
    fill_in(held, path, answer_given(held))
    outcome = decide(held)
    assert outcome.amber("F1_GATE")
    assert outcome.made == keys(DEPARTMENT, "evaluation")
    assert verdict(held) in ("REJECT", "HOLD")
    assert newest_record(held).comparison.gain < 0
    assert held.serving() == serving
    assert len(held.moves()) == 1


def test_labels_can_be_taken_back(held: World):
    (path,) = sheet_files(held)
    fill_in(held, path, answer_given(held))
    assert not decide(held).checks["F1_GATE"].passed
    assert fill_in(held, path, truth).changed > 0
    fill_in_all(held, truth)
    assert verdict(held) == "PROMOTE"


def test_a_sheet_filled_to_the_middle_counts_as_far_as_it_goes_and_stays_open(held: World):
    (path,) = sheet_files(held)
    found = fill_in(held, path, mostly_deployed(held), first=10)
    assert (found.labelled, found.empty) == (10, 20)
    decide(held)
    record = newest_record(held)
    assert record.verdict.name.value == "HOLD"
    assert record.comparison.counts.disagreed_labels == 10
    assert record.sheet == path.stem
    assert sheet_files(held) == [path]


def test_a_full_sheet_that_still_ends_in_hold_brings_the_next_one(deployed: World):
    world = deployed.but(SHEET_SIZE="6")
    live_second_round(world, share=0.7)
    assert run(world).amber("F1_GATE")
    (first,) = sheet_files(world)
    fill_in(world, first, mostly_deployed(world))
    decide(world)
    assert verdict(world) == "HOLD"
    first, second = sheet_files(world)
    assert second.stem == first.stem.removesuffix("1") + "2"
    ids = [{row["complaint_id"] for row in read(path)} for path in (first, second)]
    assert [len(found) for found in ids] == [6, 6]
    assert not ids[0] & ids[1]
    assert newest_record(world).sheet == second.stem
    assert newest_record(world).comparison.counts.disagreed_labels == 6


def test_random_audits_since_the_candidate_was_trained_count_too(held: World):
    assert newest_record(held).comparison.counts.agreed_labels == 0
    assert run(held, "draw_audit_batch").success
    (path,) = (held.home / "sheets").glob("audit-*.csv")
    fill_in(held, path, truth)
    decide(held)
    counts = newest_record(held).comparison.counts
    assert counts.agreed_labels + counts.disagreed_labels > 40
    assert counts.agreed_labels > 0


# Killed runs


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
