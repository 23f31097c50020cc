"""Risk: one database state gives two datasets, or a growing one lets rows change sides.

Through the lane and with published versions: the sampling, the snapshot, the splits and the
assignments of the version before all take part.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from resources.registry.base import Version
from sambodhan_assets.domain.dataset.balanced import BalancedDataset
from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.dataset.files import read_dataset
from tests.citizens import careless_answers, complain, grievances, review
from tests.databases import execute
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, ROWS, STAGES, World, keys

GROWTH = ROWS // 10


def prepare(world: World) -> Version:
    outcome = run(world, "prepare_department")
    assert outcome.made == keys(DEPARTMENT, *STAGES[:3])
    version = world.registry.newest(world.lanes.dataset_repository(DEPARTMENT))
    assert version is not None
    return version


def dataset_of(world: World, version: Version) -> BalancedDataset:
    with world.registry.fetched(version) as folder:
        return read_dataset(folder)


def grow(world: World, start: int, count: int) -> None:
    """More people complain and are answered; some answers are corrected."""
    rows = grievances(start + count)[start:]
    complain(world, rows, careless_answers(rows))
    review(world, rows, careless_answers(rows))


def text_keys(dataset: BalancedDataset, *splits: str) -> set[str]:
    tables = {**dataset.splits, "replay": dataset.replay}
    return {text_key(text) for split in splits for text in tables[split]["grievance"].to_pylist()}


def test_three_preparations_of_one_state_have_one_content(first_round: World, tmp_path: Path):
    homes = [tmp_path / name for name in "abc"]
    versions = [prepare(replace(first_round, home=home)) for home in homes]
    assert len({version.content_hash for version in versions}) == 1
    files = [
        {name: entry.sha256 for name, entry in version.manifest.files.items()}
        for version in versions
    ]
    same = {name for name in files[0] if files[0][name] == files[1][name] == files[2][name]}
    # Card and metadata carry the tag and the time.
    assert set(files[0]) - same <= {"README.md", "dataset_metadata.json"}


def test_the_order_in_which_rows_are_stored_does_not_matter(first_round: World, tmp_path: Path):
    before = prepare(replace(first_round, home=tmp_path / "a"))
    execute(
        first_round.url,
        "CREATE TABLE copy AS SELECT * FROM complaints ORDER BY md5(id::text)",
        "ALTER TABLE misclassified_complaints"
        " DROP CONSTRAINT misclassified_complaints_complaint_id_fkey",
        "TRUNCATE complaints",
        "INSERT INTO complaints SELECT * FROM copy",
    )
    assert prepare(replace(first_round, home=tmp_path / "b")).content_hash == before.content_hash


def test_changed_rows_have_another_content(first_round: World, tmp_path: Path):
    before = prepare(replace(first_round, home=tmp_path / "a"))
    grow(first_round, ROWS, 10)
    assert prepare(replace(first_round, home=tmp_path / "b")).content_hash != before.content_hash


@pytest.fixture
def line_of_versions(first_round: World) -> list[BalancedDataset]:
    """Four versions; the database grew by ten per cent between each two."""
    versions = [prepare(first_round)]
    for step in range(3):
        grow(first_round, ROWS + step * GROWTH, GROWTH)
        versions.append(prepare(first_round))
    assert [version.manifest.parent for version in versions[1:]] == [
        version.tag for version in versions[:-1]
    ]
    return [dataset_of(first_round, version) for version in versions]


def test_no_text_that_was_scored_is_ever_trained_on(line_of_versions: list[BalancedDataset]):
    scored: set[str] = set()
    for dataset in line_of_versions:
        assert text_keys(dataset, "train", "replay") & scored == set()
        scored |= text_keys(dataset, "test", "eval")
    assert scored


def test_no_text_that_was_trained_on_is_ever_scored(line_of_versions: list[BalancedDataset]):
    trained: set[str] = set()
    for dataset in line_of_versions:
        assert text_keys(dataset, "test", "eval") & trained == set()
        trained |= text_keys(dataset, "train", "replay")
    assert len(line_of_versions[-1].splits["test"]) >= len(line_of_versions[0].splits["test"])


def test_every_version_keeps_the_assignments_of_the_one_before(
    line_of_versions: list[BalancedDataset],
):
    known: dict[str, str] = {}
    for dataset in line_of_versions:
        found = {row["text_key"]: row["split"] for row in dataset.assignments.to_pylist()}
        assert known.items() <= found.items()
        known = found
