"""Risk: corrections pile up and nothing starts, or a run starts beside another one."""

from collections.abc import Generator

import dagster as dg
import pytest

from resources.feedback_store import FeedbackStore
from resources.lane_settings import decision_repository
from resources.task_lease import TaskLeases
from tests.citizens import live_second_round
from tests.databases import execute
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, URGENCY, World
from tests.sensor_looks import just_looked, look, record_run, requests

NEW = "misclassified_complaints WHERE complaint_id > 300 AND correct_department IS NOT NULL"


@pytest.fixture
def instance() -> Generator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def new_corrections(world: World) -> int:
    return execute(world.url, f"SELECT count(*) FROM {NEW}")[0][0]


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
