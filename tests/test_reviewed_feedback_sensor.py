"""Risk: corrections pile up and nothing starts, or one state of them starts run after run."""

import uuid
from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.feedback_store import FeedbackStore
from resources.lane_settings import decision_repository
from resources.task_lease import TaskLeases
from sambodhan_assets.domain.feedback_watch import (
    MAX_ATTEMPTS,
    WatchDecision,
    compare_corrections,
    decide_start,
    fingerprint,
)
from sambodhan_assets.jobs import TASK_TAG
from sambodhan_assets.label_tasks import LabelTask
from sensors.reviewed_feedback import LOOK_CLOSELY_EVERY, STATE_TAG
from tests.citizens import live_second_round
from tests.databases import execute
from tests.lane_child import start
from tests.lane_runs import run, run_job
from tests.lane_world import DEPARTMENT, STAGES, URGENCY, World, keys

NEW = "misclassified_complaints WHERE complaint_id > 300 AND correct_department IS NOT NULL"

# The decision

CORRECTIONS = st.dictionaries(st.integers(1, 50), st.sampled_from("abc"), max_size=20)


@given(CORRECTIONS, CORRECTIONS)
def test_every_difference_counts_once_and_nothing_else_does(
    current: dict[int, str], known: dict[int, str]
):
    changes = compare_corrections(current, known)
    assert changes.total == sum(
        current.get(review) != known.get(review) for review in current.keys() | known.keys()
    )
    assert compare_corrections(known, current).total == changes.total
    assert (fingerprint(current) == fingerprint(known)) == (changes.total == 0)


def decide(
    *, current: int = 100, known: int = 0, needed: int = 20, rows: int = 30, failed: int = 0
) -> WatchDecision:
    labels = dict.fromkeys(range(current), "a")
    return decide_start(
        task_name="department",
        changes=compare_corrections(labels, dict.fromkeys(range(known), "a")),
        state=fingerprint(labels),
        min_new_records=needed,
        expected_rows=current,
        min_dataset_len=rows,
        failed_attempts=failed,
    )


@pytest.mark.parametrize(
    ("case", "starts"),
    [
        ({"current": 120, "known": 100}, True),
        ({"current": 119, "known": 100}, False),
        ({"current": 100, "known": 100}, False),
        ({"current": 80, "known": 100}, True),
        ({"current": 81, "known": 100}, False),
        ({"current": 29, "rows": 30}, False),
        ({"current": 30, "rows": 30}, True),
        ({"failed": MAX_ATTEMPTS - 1}, True),
        ({"failed": MAX_ATTEMPTS}, False),
    ],
)
def test_a_run_starts_when_enough_has_changed_and_can_be_used(case: dict[str, int], starts: bool):
    assert (decide(**case).run_key is not None) == starts


def test_one_state_has_one_key_per_attempt():
    run_keys = [decide(failed=attempt).run_key for attempt in range(MAX_ATTEMPTS)]
    assert len({*run_keys, decide(current=101).run_key}) == MAX_ATTEMPTS + 1
    assert decide().run_key == run_keys[0]


def test_the_reason_of_a_skip_gives_the_numbers():
    assert decide(current=5).reason == "5 changed corrections, 20 start a run."
    assert decide(current=25).reason == "About 25 of 30 rows (MIN_DATASET_LEN)."
    assert "3 runs failed" in decide(failed=3).reason


# The sensor


@pytest.fixture
def instance() -> Generator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def just_looked() -> str:
    return datetime.now(UTC).isoformat()


def look(
    world: World,
    instance: dg.DagsterInstance,
    task: LabelTask = DEPARTMENT,
    *,
    cursor: str | None = None,
) -> dg.SensorResult:
    repository = world.definitions.get_repository_def()
    sensor = repository.get_sensor_def(f"{task.name}_reviewed_feedback")
    with dg.build_sensor_context(
        instance=instance, resources=repository.get_top_level_resources(), cursor=cursor
    ) as context:
        result = sensor(context)
    assert isinstance(result, dg.SensorResult)
    return result


def requests(result: dg.SensorResult) -> list[dg.RunRequest]:
    return list(result.run_requests or [])


def new_corrections(world: World) -> int:
    return execute(world.url, f"SELECT count(*) FROM {NEW}")[0][0]


def record_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, **tags: str) -> None:
    instance.add_run(
        dg.DagsterRun(
            job_name="department_pipeline",
            run_id=str(uuid.uuid4()),
            status=status,
            tags={TASK_TAG: DEPARTMENT.name, **tags},
        )
    )


@pytest.mark.parametrize("looked", [False, True], ids=["first look", "looked just before"])
def test_exactly_one_run_is_asked_for_when_enough_corrections_are_new(
    second_round: World, instance: dg.DagsterInstance, looked: bool
):
    cursor = just_looked() if looked else None
    new = new_corrections(second_round)
    assert new > 20
    enough, too_many = (second_round.but(MIN_NEW_RECORDS=str(needed)) for needed in (new, new + 1))
    (request,) = requests(look(enough, instance, cursor=cursor))
    assert request.run_key
    assert request.run_key.startswith("department-")
    skipped = look(too_many, instance, cursor=cursor)
    assert requests(skipped) == []
    assert f"{new + 1} start a run" in str(skipped.skip_reason)


def test_asking_again_for_the_same_state_names_the_same_run(
    second_round: World, instance: dg.DagsterInstance
):
    (first,) = requests(look(second_round, instance))
    (second,) = requests(look(second_round, instance))
    assert first.run_key == second.run_key


def test_only_the_task_whose_labels_were_corrected_starts(
    deployed: World, instance: dg.DagsterInstance
):
    assert run(deployed.but(BOOTSTRAP_MIN_F1="0.3"), "urgency_pipeline").success
    live_second_round(deployed, share=1.0)
    execute(
        deployed.url,
        "UPDATE misclassified_complaints SET correct_department = NULL WHERE complaint_id > 300",
    )
    assert requests(look(deployed, instance, DEPARTMENT)) == []
    assert len(requests(look(deployed, instance, URGENCY))) == 1


@pytest.mark.parametrize(
    "status",
    [
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ],
)
def test_nothing_starts_while_a_run_works_on_the_task(
    second_round: World, instance: dg.DagsterInstance, status: dg.DagsterRunStatus
):
    record_run(instance, status)
    result = look(second_round, instance)
    assert requests(result) == []
    assert "works on department" in str(result.skip_reason)


def test_nothing_starts_while_somebody_materializes_an_asset_of_the_task(
    second_round: World, instance: dg.DagsterInstance
):
    leases = TaskLeases(home=str(second_round.home))
    leases.hold("department", run_id="of-the-ui")
    result = look(second_round, instance)
    leases.release()
    assert requests(result) == []
    assert "run of-the-ui" in str(result.skip_reason)
    assert len(requests(look(second_round, instance))) == 1


def test_a_finished_run_of_the_task_is_in_nobodys_way(
    second_round: World, instance: dg.DagsterInstance
):
    record_run(instance, dg.DagsterRunStatus.SUCCESS)
    assert len(requests(look(second_round, instance))) == 1


@pytest.mark.parametrize("share", [1.0, 0.2], ids=["PROMOTE", "HOLD"])
def test_nothing_starts_after_the_decision_whatever_it_was(
    deployed: World, instance: dg.DagsterInstance, share: float
):
    live_second_round(deployed, share=share)
    eager = deployed.but(MIN_NEW_RECORDS="1")
    assert len(requests(look(eager, instance))) == 1
    assert run(eager).success
    assert requests(look(eager, instance)) == []
    decision = deployed.artifacts.newest(decision_repository(DEPARTMENT))
    assert decision is not None
    assert decision.manifest.details["verdict"] == ("PROMOTE" if share == 1.0 else "HOLD")


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


def test_an_empty_database_starts_nothing(first_round: World, instance: dg.DagsterInstance):
    execute(first_round.url, "TRUNCATE complaints, misclassified_complaints")
    result = look(first_round, instance)
    assert requests(result) == []
    assert "0 changed corrections" in str(result.skip_reason)


def test_what_dagster_stores_of_a_failed_look_quotes_no_complaint(
    first_round: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object, **__: object) -> None:
        raise ValueError("the bridge of our ward has fallen")

    monkeypatch.setattr(FeedbackStore, "reviewed_since", broken)
    with pytest.raises(dg.Failure) as caught:
        look(first_round, instance)
    assert "bridge" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert "ValueError" in str(caught.value.description)
    told = (first_round.home / "errors/sensor-department.txt").read_text()
    assert "the bridge of our ward has fallen" in told
