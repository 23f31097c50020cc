"""Sheets of disagreements that people fill in, and the decision after them."""

import csv
from collections.abc import Callable
from pathlib import Path

from resources.assembly import open_audit_store
from resources.audits.files import LoadedSheet, load_audits
from resources.lane_settings import decision_repository
from sambodhan_assets.domain.gate.decision_record import DecisionRecord
from sambodhan_assets.domain.gate.record_files import read_record
from tests.citizens import second_round_rows, truth_of
from tests.databases import NOON, execute
from tests.lane_runs import Outcome, run
from tests.lane_world import DEPARTMENT, World

TRUTH = {str(row.id): truth_of(row)["department"] for row in second_round_rows()}
DECIDE = "decide_department"
Cells = dict[str, str]


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
