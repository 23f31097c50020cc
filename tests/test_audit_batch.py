"""Risk: an audit is no random draw, asks twice for one complaint, or loses its sheet."""

import csv
from pathlib import Path

import pytest
from openpyxl import load_workbook

from resources.assembly import open_audit_store, open_sheets
from resources.audits.artifacts import ArtifactAudits
from resources.audits.files import load_audits
from resources.sheets import SheetFolder
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.open_sheets import NONE_OPEN, open_sheet_lines
from tests.citizens import second_round_rows, truth_of
from tests.databases import NOON, execute, read_only
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, ROWS, URGENCY, World

JOB = "draw_audit_batch"


def draw(world: World):
    outcome = run(world, JOB)
    assert outcome.success
    return outcome


def rows(world: World):
    return open_audit_store(world.settings).rows()


def sheet_files(world: World) -> list[Path]:
    return sorted((world.home / "sheets").iterdir())


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, filled: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(filled[0]))
        writer.writeheader()
        writer.writerows(filled)


def load(world: World, path: Path):
    audits = open_audit_store(world.settings)
    return load_audits(path, audits, now=NOON, db_timezone="UTC")


def test_a_batch_is_drawn_registered_and_written(first_round: World):
    world = first_round.but(AUDIT_QUOTA="12")
    outcome = draw(world)
    assert outcome.made == ["audit_batch"]
    drawn = rows(world)
    (batch,) = {row.batch for row in drawn}
    assert len({row.complaint_id for row in drawn}) == 12
    flagged = execute(world.url, "SELECT DISTINCT complaint_id FROM misclassified_complaints")
    assert not {row.complaint_id for row in drawn} & {number for (number,) in flagged}
    frame = ROWS - len(flagged)
    assert {row.inclusion_probability for row in drawn} == {12 / frame}
    assert {row.stratum for row in drawn} == {"unflagged"}
    assert {row.purpose for row in drawn} == {Purpose.AUDIT}
    assert [path.name for path in sheet_files(world)] == [
        f"{batch}.csv",
        f"{batch}.txt",
        f"{batch}.xlsx",
    ]
    in_file = read_csv(world.home / "sheets" / f"{batch}.csv")
    assert [int(row["complaint_id"]) for row in in_file] == [row.complaint_id for row in drawn]
    texts = {row["text"] for row in in_file}
    assert all(texts)
    assert open_sheets(world.settings).is_written(batch)


def test_the_next_batch_asks_for_other_complaints(first_round: World):
    world = first_round.but(AUDIT_QUOTA="40")
    draw(world)
    draw(world)
    assert len({row.batch for row in rows(world)}) == 2
    assert len({row.complaint_id for row in rows(world)}) == len(rows(world)) == 80


def test_only_complaints_that_the_deployed_version_answered_are_drawn(second_round: World):
    draw(second_round)
    drawn = rows(second_round)
    assert min(row.complaint_id for row in drawn) > ROWS
    assert {row.stratum for row in drawn} == {f"unflagged after complaint {ROWS}"}
    assert len(drawn) == 50


def test_fewer_complaints_than_the_quota_are_drawn_and_it_is_said(first_round: World):
    world = first_round.but(AUDIT_QUOTA="1000")
    outcome = draw(world)
    drawn = len(rows(world))
    assert 0 < drawn < ROWS
    assert {row.inclusion_probability for row in rows(world)} == {1.0}
    assert f"{drawn} of the 1000 that AUDIT_QUOTA asks for; no more are left." in outcome.events


def test_where_nothing_is_left_the_run_is_green_and_says_so(first_round: World):
    world = first_round.but(AUDIT_QUOTA="1000")
    draw(world)
    outcome = draw(world)
    assert outcome.made == []
    seen = outcome.observations["audit_batch"].metadata["nothing drawn"].value
    assert "Wait until more complaints are answered" in str(seen)
    assert len({row.batch for row in rows(world)}) == 1


def test_a_role_that_may_only_read_draws_too_and_the_run_says_where_labels_go(
    first_round: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("POSTGRES_URL", read_only(first_round.url))
    world = first_round.but(POSTGRES_URL=read_only(first_round.url))
    outcome = draw(world)
    assert "because the role of POSTGRES_URL may only read" in outcome.events
    assert len(ArtifactAudits(url=world.settings.artifact_url).rows()) == 50
    path = next(path for path in sheet_files(world) if path.suffix == ".csv")
    filled = read_csv(path)
    filled[0]["verified_urgency"] = "URGENT"
    write_csv(path, filled)
    assert load(world, path).changed == 1
    assert run(world, "prepare_department").success


def test_a_run_that_was_killed_before_it_wrote_the_sheet_is_finished_by_the_next_one(
    first_round: World, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr("resources.sheets.write_sheet", _die)
        assert not run(first_round, JOB).success
    assert len(rows(first_round)) == 50
    assert not (first_round.home / "sheets").exists()
    assert "not written" in open_sheet_lines(*_stores(first_round))[1]
    draw(first_round)
    drawn = rows(first_round)
    assert len(drawn) == 50
    path = next(path for path in sheet_files(first_round) if path.suffix == ".csv")
    assert [int(row["complaint_id"]) for row in read_csv(path)] == [r.complaint_id for r in drawn]


def test_a_file_that_somebody_fills_in_is_never_written_over(first_round: World):
    draw(first_round)
    (batch,) = {row.batch for row in rows(first_round)}
    path = first_round.home / "sheets" / f"{batch}.csv"
    path.write_text("half filled", encoding="utf-8")
    (first_round.home / "sheets" / f"{batch}.xlsx").unlink()
    open_sheets(first_round.settings).file_of(batch)
    assert path.read_text(encoding="utf-8") == "half filled"
    assert (first_round.home / "sheets" / f"{batch}.xlsx").exists()


def test_a_batch_that_was_never_written_is_explained(tmp_path: Path):
    sheets = SheetFolder(folder=str(tmp_path / "sheets"), artifact_url=str(tmp_path))
    with pytest.raises(PermanentError, match="Run the job that drew it again"):
        sheets.file_of("audit-1")


# The way back


def _die(*_: object) -> None:
    raise PermanentError(tried="Writing", found="killed.", todo="Run again.")


def _stores(world: World):
    return open_audit_store(world.settings), open_sheets(world.settings)


def test_open_sheets_are_listed_with_what_is_missing(first_round: World):
    assert open_sheet_lines(*_stores(first_round)) == [NONE_OPEN]
    draw(first_round)
    (batch,) = {row.batch for row in rows(first_round)}
    path = first_round.home / "sheets" / f"{batch}.csv"
    filled = read_csv(path)
    for row in filled[:20]:
        row |= {"verified_department": DEPARTMENT.labels[0], "verified_urgency": "NORMAL"}
    filled[20]["verified_urgency"] = "NORMAL"
    write_csv(path, filled)
    found = load(first_round, path)
    assert (found.labelled, found.changed, found.empty) == (21, 21, 29)
    assert load(first_round, path).changed == 0
    path.with_suffix(".xlsx").unlink()
    heading, line = open_sheet_lines(*_stores(first_round))
    assert heading.split()[:4] == ["purpose", "batch", "rows", "empty"]
    assert line.split()[:4] == ["audit", batch, "50", "30"]
    assert line.endswith(str(path.with_suffix(".xlsx")))
    assert path.with_suffix(".xlsx").exists()


def test_a_workbook_that_was_filled_in_is_loaded(first_round: World):
    draw(first_round)
    (batch,) = {row.batch for row in rows(first_round)}
    path = first_round.home / "sheets" / f"{batch}.xlsx"
    book = load_workbook(path)
    page = book["complaints"]
    column = [cell.value for cell in page[1]].index("verified_urgency") + 1
    for line in range(2, 12):
        page.cell(line, column).value = "HIGHLY URGENT"
    page.cell(2, column + 2).value = NOON.replace(tzinfo=None)
    book.save(path)
    found = load(first_round, path)
    assert (found.labelled, found.changed, found.empty) == (10, 10, 40)
    labels = open_audit_store(first_round.settings).verified(URGENCY)
    assert labels["label"].to_pylist() == ["HIGHLY URGENT"] * 10


def test_one_bad_row_and_nothing_of_the_file_is_loaded(first_round: World):
    draw(first_round)
    (batch,) = {row.batch for row in rows(first_round)}
    path = first_round.home / "sheets" / f"{batch}.csv"
    filled = read_csv(path)
    filled[0]["verified_urgency"] = "URGENT"
    filled[3]["verified_urgency"] = "soon"
    write_csv(path, filled)
    named = (
        rf"1 bad row: line \d+: complaint {filled[3]['complaint_id']}: verified_urgency is 'soon'"
    )
    with pytest.raises(PermanentError, match=named):
        load(first_round, path)
    assert open_audit_store(first_round.settings).verified(URGENCY).num_rows == 0


def test_audits_become_rows_of_the_next_dataset(second_round: World):
    draw(second_round)
    truth = {row.id: truth_of(row) for row in second_round_rows()}
    (batch,) = {row.batch for row in rows(second_round)}
    path = second_round.home / "sheets" / f"{batch}.csv"
    filled = read_csv(path)
    for row in filled:
        row["verified_department"] = truth[int(row["complaint_id"])]["department"]
    write_csv(path, filled)
    load(second_round, path)
    assert run(second_round, "prepare_department").success
    newest = second_round.registry.newest(second_round.lanes.dataset_repository(DEPARTMENT))
    assert newest is not None
    assert newest.manifest.details["rows_by_source"]["audit"] > 40
