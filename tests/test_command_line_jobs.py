"""Risk: a job works in the UI only: not from the command line, not after a kill, not elsewhere."""

import signal
from collections.abc import Generator
from pathlib import Path

import dagster as dg
import pytest

from resources.task_lease import TaskLeases
from tests.lane_runs import outcome_of
from tests.lane_world import DEPARTMENT, STAGES, URGENCY, World, keys
from tests.services import Machine, machine, wait_for

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def at_the_start(first_round: World, tmp_path: Path) -> Generator[Machine]:
    """Corrected complaints; nothing has run."""
    with machine(first_round.variables, tmp_path) as here:
        yield here


@pytest.fixture
def before_the_second(second_round: World, tmp_path: Path) -> Generator[Machine]:
    """A first department model serves, and the next one will be better."""
    with machine(second_round.variables, tmp_path) as here:
        yield here


@pytest.fixture
def with_a_verdict(promotable: World, tmp_path: Path) -> Generator[Machine]:
    """A first department model serves; the verdict on the second one is PROMOTE."""
    with machine(promotable.variables, tmp_path) as here:
        yield here


def made_by_last_run(here: Machine, job: str) -> list[str]:
    """Assets that the newest run of a job materialized, in order."""
    with here.instance() as instance:
        return outcome_of(instance, here.runs(job)[-1].run_id).made


def statuses(here: Machine, job: str) -> list[dg.DagsterRunStatus]:
    return [run.status for run in here.runs(job)]


def look_for_lost_runs(here: Machine, world: World) -> None:
    """What a daemon does every minute."""
    repository = world.definitions.get_repository_def()
    resources = repository.get_top_level_resources()
    with (
        here.instance() as instance,
        dg.build_sensor_context(instance=instance, resources=resources) as context,
    ):
        repository.get_sensor_def("lost_runs")(context)


def test_datasets_are_prepared_from_another_folder_and_then_urgency_retrained(
    at_the_start: Machine, first_round: World, tmp_path: Path
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    prepared = at_the_start.execute("prepare_datasets", cwd=elsewhere)
    assert prepared.returncode == 0, prepared.stdout
    both = [*keys(DEPARTMENT, *STAGES[:3]), *keys(URGENCY, *STAGES[:3])]
    assert sorted(made_by_last_run(at_the_start, "prepare_datasets")) == sorted(both)
    assert list(elsewhere.iterdir()) == []
    retrained = at_the_start.execute("retrain_urgency")
    assert retrained.returncode == 0, retrained.stdout
    assert made_by_last_run(at_the_start, "retrain_urgency") == keys(URGENCY, *STAGES[3:])
    assert first_round.serving(URGENCY) == first_round.model_tags(URGENCY)[0]
    assert first_round.serving(DEPARTMENT) is None


def test_a_red_run_exits_with_one_and_says_what_to_do(at_the_start: Machine):
    outcome = at_the_start.execute("retrain_urgency")
    assert outcome.returncode == 1
    assert "Run the job prepare_urgency first." in outcome.stdout
    assert statuses(at_the_start, "retrain_urgency") == [dg.DagsterRunStatus.FAILURE]


def test_a_run_of_one_process_per_step_hands_over_between_them(
    at_the_start: Machine, first_round: World
):
    outcome = at_the_start.execute("prepare_department", EXECUTOR="multiprocess")
    assert outcome.returncode == 0, outcome.stdout
    assert made_by_last_run(at_the_start, "prepare_department") == keys(DEPARTMENT, *STAGES[:3])
    assert len(first_round.dataset_tags()) == 1


@pytest.mark.slow
def test_a_whole_lane_of_one_process_per_step_deploys(
    before_the_second: Machine, second_round: World
):
    outcome = before_the_second.execute("department_pipeline", EXECUTOR="multiprocess")
    assert outcome.returncode == 0, outcome.stdout
    assert made_by_last_run(before_the_second, "department_pipeline") == keys(DEPARTMENT, *STAGES)
    assert second_round.serving() == second_round.model_tags()[1]


def test_a_rollback_lets_the_replaced_version_serve_again(
    with_a_verdict: Machine, promotable: World
):
    first = promotable.serving()
    decided = with_a_verdict.execute("decide_department")
    assert decided.returncode == 0, decided.stdout
    second = promotable.serving()
    assert second != first
    rolled_back = with_a_verdict.execute("rollback_department")
    assert rolled_back.returncode == 0, rolled_back.stdout
    assert promotable.moves() == [("deploy", first), ("deploy", second), ("rollback", first)]
    made = made_by_last_run(with_a_verdict, "rollback_department")
    assert made == keys(DEPARTMENT, "deployed_tag")


def test_a_killed_lane_is_finished_by_the_next_one(before_the_second: Machine, second_round: World):
    first = second_round.serving()
    with before_the_second.executing("department_pipeline") as service:
        wait_for(lambda: len(second_round.dataset_tags()) == 2, "the second dataset", service)
        assert service.kill() == -signal.SIGKILL
    assert second_round.moves() == [("deploy", first)]
    outcome = before_the_second.execute("department_pipeline")
    assert outcome.returncode == 0, outcome.stdout
    assert made_by_last_run(before_the_second, "department_pipeline") == keys(DEPARTMENT, *STAGES)
    assert len(second_round.dataset_tags()) == 2
    assert second_round.moves() == [("deploy", first), ("deploy", second_round.model_tags()[1])]
    killed, green = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.SUCCESS
    assert statuses(before_the_second, "department_pipeline") == [killed, green]
    look_for_lost_runs(before_the_second, second_round)
    assert statuses(before_the_second, "department_pipeline") == [
        dg.DagsterRunStatus.FAILURE,
        green,
    ]


def test_an_interrupted_run_ends_red_and_gives_the_task_back(
    at_the_start: Machine, first_round: World
):
    others = TaskLeases(home=str(first_round.home))
    with others.training(run_id="of somebody else", on_wait=pytest.fail):
        for number in (signal.SIGINT, signal.SIGTERM):
            with at_the_start.executing("department_pipeline") as service:
                wait_for(lambda: "Waiting until another" in service.text, "its turn", service)  # noqa: B023
                assert service.interrupt(number) == 1
            assert "Execution was interrupted" in service.text
    # Only Terminate in the UI makes a run CANCELED.
    failed = [dg.DagsterRunStatus.FAILURE] * 2
    assert statuses(at_the_start, "department_pipeline") == failed
    assert first_round.moves() == []
    assert others.holder("department") is None
    assert others.lost_runs() == []
