"""Risk: the queue takes complaints from random audits, or its labels bend what audits measure."""

from pathlib import Path

import numpy as np
import pytest

from resources.assembly import open_audit_store, open_feedback_store, open_sheets
from resources.audits.files import load_audits
from resources.feedback.audit_draw import AuditDraw, AuditFrame
from sambodhan_assets.assets.audit_batch import AUDIT_BATCH
from sambodhan_assets.domain.dataset.cleaning import clean_text
from sambodhan_assets.domain.dataset.files import read_dataset
from sambodhan_assets.domain.evaluation.text_groups import group_keys
from sambodhan_assets.domain.evaluation.window_rows import WindowRows, select_window
from sambodhan_assets.domain.labelling.audit_rows import AuditRow, not_to_audit, rows_of
from sambodhan_assets.domain.labelling.purposes import Purpose
from sambodhan_assets.domain.labelling.review_queue import margins, queue_sheet
from sambodhan_assets.domain.labelling.sheet import Question
from sambodhan_assets.label_tasks import LABEL_TASKS
from tests.citizens import grievances, truth_of
from tests.databases import execute
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, ROWS, World
from tests.test_audit_batch import NOON, read_csv, write_csv

JOB = "draw_review_queue_department"
ALL = 1000


def choose(world: World, *, size: int = 20) -> list[AuditRow]:
    """Runs the job; returns the rows of the newest queue."""
    outcome = run(world.but(REVIEW_QUEUE=str(size)), JOB)
    assert outcome.success
    assert outcome.made == ["department/review_queue"]
    return [row for row in registered(world) if row.batch == registered(world)[-1].batch]


def registered(world: World) -> list[AuditRow]:
    return open_audit_store(world.settings).rows()


def ids_of(rows: list[AuditRow]) -> list[int]:
    return [row.complaint_id for row in rows]


def fill_in(world: World, rows: list[AuditRow]) -> None:
    """An official gives the true label to every row of a sheet."""
    truth = {row.id: truth_of(row) for row in grievances()}
    path = Path(world.home / "sheets" / f"{rows[0].batch}.csv")
    lines = [
        {
            name: truth[int(line["complaint_id"])][name.removeprefix("verified_")]
            if name in ("verified_department", "verified_urgency")
            else value
            for name, value in line.items()
        }
        for line in read_csv(path)
    ]
    write_csv(path, lines)
    audits = open_audit_store(world.settings)
    assert load_audits(path, audits, now=NOON, db_timezone="UTC").labelled == len(rows)


def audit_drawn(world: World) -> AuditDraw:
    """What an audit with a fixed key would draw now."""
    excluded = not_to_audit(registered(world), [task.column for task in LABEL_TASKS])
    frame = AuditFrame(after_id=ROWS, excluded=excluded)
    store = open_feedback_store(world.settings)
    return store.draw_complaints(frame, quota=30, seed=7, tasks=LABEL_TASKS)


def window_of(world: World) -> WindowRows:
    """The rows on which a candidate of a fresh dataset version would be judged."""
    run(world, "prepare_department")
    newest = world.registry.newest(world.lanes.dataset_repository(DEPARTMENT))
    assert newest is not None
    with world.registry.fetched(newest) as folder:
        return select_window(read_dataset(folder), mode="crossfit", after_id=ROWS)


def test_the_queue_holds_the_least_sure_unflagged_complaints_of_the_window(second_round: World):
    drawn = choose(second_round)
    flagged = {
        n for (n,) in execute(second_round.url, "SELECT complaint_id FROM misclassified_complaints")
    }
    frame = [row for row in grievances()[ROWS:] if row.id not in flagged]
    texts = [clean_text(row.grievance) for row in frame]
    unsure = margins(second_round.serving_model().predict_proba(texts))
    margin = {row.id: value for row, value in zip(frame, unsure, strict=True)}
    values = [margin[number] for number in ids_of(drawn)]
    assert len(drawn) == 20
    assert values == sorted(values)
    # Only a near-duplicate of what is asked may be less sure than the last one that is asked.
    group = dict(zip(margin, group_keys(texts), strict=True))
    asked = {group[number] for number in ids_of(drawn)}
    assert len(asked) == 20
    assert {group[number] for number, value in margin.items() if value < values[-1]} == asked - {
        group[drawn[-1].complaint_id]
    }
    assert {(row.stratum, row.inclusion_probability, row.asked) for row in drawn} == {
        ("review", None, ("department",))
    }


def test_the_sheet_is_the_one_format_with_the_least_sure_first(second_round: World):
    drawn = choose(second_round)
    folder = second_round.home / "sheets"
    assert {path.suffix for path in folder.iterdir()} == {".csv", ".xlsx", ".txt"}
    lines = read_csv(folder / f"{drawn[0].batch}.csv")
    assert [int(line["complaint_id"]) for line in lines] == ids_of(drawn)
    assert {(line["purpose"], line["inclusion_probability"]) for line in lines} == {("review", "")}


def test_a_complaint_of_an_audit_is_never_queued_filled_in_or_not(second_round: World):
    outcome = run(second_round.but(AUDIT_QUOTA="60"), "draw_audit_batch")
    assert outcome.made == [AUDIT_BATCH]
    audited = set(ids_of(registered(second_round)))
    # Not all at once: something has to be left for the second queue.
    assert audited.isdisjoint(ids_of(choose(second_round, size=45)))
    fill_in(second_round, [row for row in registered(second_round) if row.purpose == Purpose.AUDIT])
    assert audited.isdisjoint(ids_of(choose(second_round, size=ALL)))


def test_audits_draw_the_same_complaints_whether_or_not_a_queue_was_filled_in(second_round: World):
    before = audit_drawn(second_round)
    queue = choose(second_round, size=ALL)
    # So many that the audit and the queue share complaints.
    assert set(ids_of(queue)) & set(before.rows["complaint_id"].to_pylist())
    drawn = audit_drawn(second_round)
    fill_in(second_round, queue)
    filled = audit_drawn(second_round)
    assert before.rows.equals(drawn.rows)
    assert before.rows.equals(filled.rows)
    assert before.frame_size == drawn.frame_size == filled.frame_size


def test_a_filled_queue_changes_no_audited_row_and_no_weight(second_round: World):
    run(second_round.but(AUDIT_QUOTA="60"), "draw_audit_batch")
    fill_in(second_round, registered(second_round))
    before = window_of(second_round)
    queue = choose(second_round)
    fill_in(second_round, queue)
    after = window_of(second_round)

    def audits(rows: WindowRows) -> list[tuple[int, int, float]]:
        random = rows.labelled & ~rows.certain
        columns = (rows.complaint_ids[random], rows.truth[random], rows.weight[random])
        return list(zip(*(column.tolist() for column in columns), strict=True))

    assert audits(before) == audits(after)
    assert len(audits(after)) == 60
    # What was queued stands for itself, and leaves what the audits stand for.
    queued = np.isin(after.complaint_ids, ids_of(queue))
    assert queued.sum() == 20
    assert after.certain[queued].all()
    assert (after.weight[queued] == 1).all()
    assert not before.certain[np.isin(before.complaint_ids, ids_of(queue))].any()
    assert after.weight.sum() == pytest.approx(before.weight.sum())


def test_labels_of_the_queue_join_training_under_their_own_stratum(second_round: World):
    fill_in(second_round, choose(second_round))
    run(second_round, "prepare_department")
    newest = second_round.registry.newest(second_round.lanes.dataset_repository(DEPARTMENT))
    assert newest is not None
    assert newest.manifest.details["source"]["stratum_sizes"]["review"] == 20
    assert newest.manifest.details["rows_by_source"]["audit"] == 20


def test_the_next_queue_asks_about_other_complaints(second_round: World):
    first, second = choose(second_round), choose(second_round)
    assert first[0].batch != second[0].batch
    assert set(ids_of(first)).isdisjoint(ids_of(second))


def test_a_queue_whose_run_was_killed_is_finished_by_the_next(second_round: World):
    asked = Question(column=DEPARTMENT.column, labels=DEPARTMENT.labels)
    sheet = queue_sheet("review-department-20250601-120000", NOON, asked, [(ROWS + 9, "x")])
    open_audit_store(second_round.settings).add(rows_of(sheet))
    assert not open_sheets(second_round.settings).is_written(sheet.batch)
    finished = choose(second_round)
    assert (finished[0].batch, ids_of(finished)) == (sheet.batch, [ROWS + 9])
    assert open_sheets(second_round.settings).is_written(sheet.batch)
    (line,) = read_csv(second_round.home / "sheets" / f"{sheet.batch}.csv")
    assert line["text"] == grievances()[ROWS + 8].grievance


def test_where_every_complaint_is_asked_about_the_run_is_green_and_says_so(second_round: World):
    # A near-duplicate of what is asked now is asked the next time, so it takes a few rounds.
    while (outcome := run(second_round.but(REVIEW_QUEUE=str(ALL)), JOB)).made:
        assert outcome.success
    assert "Wait until more complaints are answered" in outcome.events
    assert len(registered(second_round)) == len(set(ids_of(registered(second_round))))


def test_without_a_deployed_model_the_run_says_what_to_do(first_round: World):
    outcome = run(first_round, JOB)
    assert not outcome.success
    assert outcome.failure is not None
    assert "Run the job department_pipeline first." in str(outcome.failure.description)
