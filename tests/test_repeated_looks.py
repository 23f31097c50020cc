"""Risk: a state whose run failed, was stopped or was killed starts none again, or one for ever."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from sambodhan_assets.domain.feedback_watch import MAX_ATTEMPTS
from sensors.lane_watch import STATE_TAG
from sensors.reviewed_feedback import LOOK_CLOSELY_EVERY
from tests.databases import execute
from tests.lane_child import start
from tests.lane_runs import run_job
from tests.lane_world import DEPARTMENT, STAGES, World, keys
from tests.sensor_looks import just_looked, look, record_run, requests

NEW = "misclassified_complaints WHERE complaint_id > 300 AND correct_department IS NOT NULL"


@pytest.fixture
def instance() -> Generator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_a_failed_run_is_tried_again_under_new_keys_and_not_for_ever(
    second_round: World, instance: dg.DagsterInstance
):
    run_keys = []
    for _ in range(MAX_ATTEMPTS):
        (request,) = requests(look(second_round, instance))
        run_keys.append(request.run_key)
        record_run(instance, dg.DagsterRunStatus.FAILURE, **{STATE_TAG: request.tags[STATE_TAG]})
    assert len(set(run_keys)) == MAX_ATTEMPTS
    result = look(second_round, instance)
    assert requests(result) == []
    assert "3 runs failed on this state" in str(result.skip_reason)
    execute(second_round.url, f"DELETE FROM {NEW} AND id = (SELECT max(id) FROM {NEW})")
    assert len(requests(look(second_round, instance))) == 1


def test_a_run_that_somebody_stopped_is_not_started_again(
    second_round: World, instance: dg.DagsterInstance
):
    (request,) = requests(look(second_round, instance))
    record_run(instance, dg.DagsterRunStatus.CANCELED, **{STATE_TAG: request.tags[STATE_TAG]})
    (again,) = requests(look(second_round, instance))
    # Dagster starts no second run of a key.
    assert again.run_key == request.run_key


def test_a_run_that_the_sensor_asked_for_counts_as_an_attempt(
    second_round: World, instance: dg.DagsterInstance
):
    """The tags that the sensor gives are those that it looks for."""
    (request,) = requests(look(second_round, instance))
    execute(second_round.url, "UPDATE complaints SET department = 'Forestry'")
    job = second_round.definitions.resolve_job_def("department_pipeline")
    result = job.execute_in_process(
        instance=instance, tags=dict(request.tags), raise_on_error=False
    )
    assert not result.success
    (again,) = requests(look(second_round, instance))
    assert again.run_key != request.run_key


def test_withdrawn_and_backdated_corrections_are_found_within_the_hour(
    deployed: World, instance: dg.DagsterInstance
):
    withdrawn = execute(
        deployed.url,
        "UPDATE misclassified_complaints SET reviewed = false WHERE id IN"
        " (SELECT id FROM misclassified_complaints WHERE correct_department IS NOT NULL"
        "  ORDER BY id LIMIT 6) RETURNING id",
    )
    execute(
        deployed.url,
        "INSERT INTO misclassified_complaints (complaint_id, model_predicted_department,"
        " correct_department, reviewed, reviewed_at) SELECT id, department,"
        f" '{DEPARTMENT.labels[0]}', true, '2020-01-01' FROM complaints"
        f" WHERE department <> '{DEPARTMENT.labels[0]}' AND id NOT IN"
        " (SELECT complaint_id FROM misclassified_complaints) ORDER BY id LIMIT 5",
    )
    changes = len(withdrawn) + 5
    world = deployed.but(MIN_NEW_RECORDS=str(changes))
    assert requests(look(world, instance, cursor=just_looked())) == []
    long_ago = (datetime.now(UTC) - LOOK_CLOSELY_EVERY - timedelta(seconds=1)).isoformat()
    result = look(world, instance, cursor=long_ago)
    assert len(requests(result)) == 1
    assert result.cursor is not None
    assert result.cursor > long_ago
    more = deployed.but(MIN_NEW_RECORDS=str(changes + 1))
    assert f"{changes} changed corrections" in str(look(more, instance).skip_reason)


def test_a_decision_that_a_killed_run_did_not_carry_out_starts_a_run(
    promotable: World, instance: dg.DagsterInstance
):
    child = start(promotable, "decide_department", after="model", stop="die")
    child.communicate()
    assert len(promotable.moves()) == 1
    assert len(requests(look(promotable, instance))) == 1
    outcome = run_job(promotable.definitions, "department_pipeline", instance)
    assert outcome.made == keys(DEPARTMENT, *STAGES)
    assert requests(look(promotable, instance)) == []
