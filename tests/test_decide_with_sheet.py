"""Risk: a sheet that people filled in decides wrongly, or not at all."""

from collections.abc import Callable

from resources.assembly import open_audit_store
from resources.audits.files import describe
from resources.lane_settings import candidate_repository
from tests.citizens import live_second_round
from tests.filled_disagreements import (
    Cells,
    answer_given,
    decide,
    fill_in,
    fill_in_all,
    newest_record,
    read,
    sheet_files,
    truth,
    verdict,
)
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, World, keys


def mostly_deployed(world: World) -> Callable[[Cells], str]:
    """Two of three labels speak for the deployed version, one for the candidate: no verdict yet."""
    given, seen = answer_given(world), iter(range(1000))

    def answer(row: Cells) -> str:
        if next(seen) % 3:
            return given(row)
        return row["answer_1"] if given(row) == row["answer_2"] else row["answer_2"]

    return answer


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
