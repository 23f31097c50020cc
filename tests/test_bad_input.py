"""Risk: bad rows end in a wrong dataset instead of a clear red run.

Every failure must say what was found, change nothing that serves, and leave the next run a way.
"""

import pytest

from sambodhan_assets.domain.dataset.files import read_dataset
from tests.databases import execute
from tests.lane_runs import run, words_of_failure
from tests.lane_world import DEPARTMENT, STAGES, World, keys

PREPARED = keys(DEPARTMENT, *STAGES[:3])
TEN_MEGABYTES = 10_000_000


def prepared_dataset(world: World):
    version = world.registry.newest(world.lanes.dataset_repository(DEPARTMENT))
    assert version is not None
    with world.registry.fetched(version) as folder:
        return read_dataset(folder)


# Rows


def test_unknown_labels_are_an_error_that_names_values_and_complaints(first_round: World):
    changed = execute(
        first_round.url,
        "UPDATE complaints SET department = 'Forestry' WHERE id = 7",
        "DELETE FROM misclassified_complaints WHERE complaint_id = 7",
        "UPDATE misclassified_complaints SET correct_department = 'security' WHERE id ="
        " (SELECT min(id) FROM misclassified_complaints WHERE correct_department IS NOT NULL)"
        " RETURNING complaint_id, id",
    )
    found = words_of_failure(run(first_round, "prepare_department"))
    assert "'Forestry' in 1 rows (complaints 7)" in found
    complaint, review = changed[0]
    assert f"'security' in 1 rows (complaints {complaint} in review {review})" in found
    assert all(repr(label) in found for label in DEPARTMENT.labels)
    assert first_round.dataset_tags() == []


def test_a_complaint_in_the_column_of_a_label_is_not_quoted(first_round: World):
    execute(first_round.url, "UPDATE complaints SET department = message || message WHERE id = 7")
    execute(first_round.url, "DELETE FROM misclassified_complaints WHERE complaint_id = 7")
    outcome = run(first_round, "prepare_department")
    assert " characters in 1 rows (complaints 7)" in words_of_failure(outcome)
    ((message,),) = execute(first_round.url, "SELECT message FROM complaints WHERE id = 7")
    assert message not in outcome.events


FLAGGED = "SELECT complaint_id FROM misclassified_complaints"
CORRECTED = f"{FLAGGED} WHERE correct_department IS NOT NULL"


@pytest.mark.parametrize("chosen", [f"IN ({CORRECTED})", f"NOT IN ({FLAGGED})"])
def test_a_text_of_ten_megabytes_is_left_out_and_counted(first_round: World, chosen: str):
    execute(
        first_round.url,
        f"UPDATE complaints SET message = repeat('वडा ', {TEN_MEGABYTES // 4})"
        f" WHERE id = (SELECT min(id) FROM complaints WHERE id {chosen})",
    )
    outcome = run(first_round, "prepare_department")
    assert outcome.success
    assert outcome.made == PREPARED
    dataset = prepared_dataset(first_round)
    assert dataset.report.excluded["longer than 20000 characters"] == 1
    longest = max(
        len(text)
        for table in (*dataset.splits.values(), dataset.replay, dataset.window)
        for text in table["grievance"].to_pylist()
    )
    assert longest <= 20_000


@pytest.mark.parametrize("message", ["NULL", "''", r"E'<p>\n</p>  <br/>'"])
def test_a_text_without_a_word_is_left_out_and_counted(first_round: World, message: str):
    execute(
        first_round.url,
        f"UPDATE complaints SET message = {message} WHERE id IN"
        f" (SELECT id FROM complaints WHERE id NOT IN ({FLAGGED}) LIMIT 3)",
    )
    assert run(first_round, "prepare_department").success
    assert prepared_dataset(first_round).report.excluded["empty after cleaning"] == 3


def test_empty_tables_are_green_and_amber(first_round: World):
    execute(first_round.url, "TRUNCATE complaints, misclassified_complaints")
    outcome = run(first_round)
    assert outcome.success
    assert outcome.made == keys(DEPARTMENT, "raw_feedback")
    assert outcome.amber("MIN_DATASET_LEN")
    assert outcome.checks["MIN_DATASET_LEN"].description == "0 of 30 rows."


def test_rows_of_one_label_are_an_error_that_names_it(first_round: World):
    only = DEPARTMENT.labels[0]
    execute(
        first_round.url,
        f"UPDATE complaints SET department = '{only}'",
        f"UPDATE misclassified_complaints SET correct_department = '{only}'"
        " WHERE correct_department IS NOT NULL",
        "UPDATE misclassified_complaints SET model_predicted_department ="
        f" '{DEPARTMENT.labels[1]}'",
    )
    found = words_of_failure(run(first_round))
    assert f"rows have the label '{only}'" in found
    assert "review complaints of the other labels" in found
    assert first_round.dataset_tags() == []


def test_a_label_with_two_rows_is_prepared_trained_on_and_reported(first_round: World):
    rare, common = DEPARTMENT.labels[3], DEPARTMENT.labels[0]
    execute(
        first_round.url,
        f"UPDATE complaints SET department = '{common}' WHERE department = '{rare}'",
        f"UPDATE misclassified_complaints SET correct_department = '{common}'"
        f" WHERE correct_department = '{rare}'",
        f"UPDATE misclassified_complaints SET correct_department = '{rare}',"
        f" model_predicted_department = '{common}' WHERE id IN (SELECT id FROM"
        f" misclassified_complaints WHERE correct_department = '{common}' ORDER BY id LIMIT 2)",
        "UPDATE complaints c SET message = 'A word for each of two: ' || repeat(c.id || ' ', 9)"
        " FROM misclassified_complaints m"
        f" WHERE m.complaint_id = c.id AND m.correct_department = '{rare}'",
    )
    outcome = run(first_round)
    assert outcome.success
    assert outcome.made[:5] == keys(DEPARTMENT, *STAGES[:5])
    dataset = prepared_dataset(first_round)
    assert dataset.report.thin_labels[rare] == 2
    counts = dataset.report.labels_by_split
    assert sum(counts[split][rare] for split in ("train", "eval", "test")) == 2
