"""Risk: with a real daemon corrections start no run, one after the other, or tell nobody."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

import dagster as dg
import pytest

from sambodhan_assets.jobs import TASK_TAG
from sensors.lane_watch import STATE_TAG
from tests.databases import execute
from tests.lane_runs import outcome_of
from tests.lane_states import Worlds
from tests.lane_world import DEPARTMENT, STAGES, World, keys
from tests.services import WORKSPACE, Machine, Service, machine, wait_for

pytestmark = pytest.mark.timeout(1200)

DEPARTMENT_SENSOR, URGENCY_SENSOR = "department_reviewed_feedback", "urgency_reviewed_feedback"
SENSORS = (DEPARTMENT_SENSOR, URGENCY_SENSOR, "run_succeeded", "run_failed")


@dataclass(frozen=True, kw_only=True)
class Tick:
    """One evaluation of a sensor that has ended.

    Attributes:
        status: SKIPPED, SUCCESS or FAILURE.
        began_at: Seconds since the epoch.
        run_ids: Runs that it requested.
        reason: Why it requested none.
    """

    status: str
    began_at: float
    run_ids: list[str]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What a daemon did in a world whose officials had just reviewed.

    Attributes:
        world: The world.
        machine: Where the daemon ran.
        run_id: The run that the reviews started.
        red: Output of a job of the command line that failed while the daemon ran.
        runs: All pipeline runs after two more ticks of both sensors.
        idle: Those ticks by sensor.
        runs_after_restart: All pipeline runs after two ticks of another daemon.
    """

    world: World
    machine: Machine
    run_id: str
    red: str
    runs: list[str]
    idle: dict[str, list[Tick]]
    runs_after_restart: list[str]


def ticks(here: Machine, sensor: str, *, after: float = 0.0) -> list[Tick]:
    """Ended ticks that began after a time, oldest first."""
    with here.instance() as instance:
        state = next((s for s in instance.all_instigator_state() if s.name == sensor), None)
        found = instance.get_ticks(state.instigator_origin_id, state.selector_id) if state else []
        return [
            Tick(
                status=tick.status.name,
                began_at=tick.timestamp,
                run_ids=list(tick.run_ids),
                reason=tick.skip_reason or "",
            )
            for tick in reversed(found)
            if tick.timestamp > after and tick.status.name != "STARTED"
        ]


def pipeline_runs(here: Machine) -> list[str]:
    return [run.run_id for run in here.runs() if run.job_name.endswith("_pipeline")]


def two_more_ticks(here: Machine, daemon: Service) -> dict[str, list[Tick]]:
    """The next two ticks of both sensors that may start runs."""
    last = {sensor: ticks(here, sensor)[-1].began_at for sensor in SENSORS[:2]}

    def ticked_twice() -> bool:
        return all(len(ticks(here, sensor, after=last[sensor])) >= 2 for sensor in last)

    wait_for(ticked_twice, "two more ticks", daemon)
    return {sensor: ticks(here, sensor, after=last[sensor]) for sensor in last}


def mail(world: World, run_id: str) -> Callable[[], str]:
    """Reads the text of the mail about a run; empty while there is none."""
    file = world.home / "mail" / f"{run_id}.eml"

    def text() -> str:
        if not file.exists():
            return ""
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        assert body is not None
        return body.get_content()

    return text


def live_with_a_daemon(world: World, here: Machine) -> Watch:
    """Officials review the department while a daemon runs; later another daemon takes over."""
    command = ("dagster-daemon", "run", "-w", WORKSPACE)
    # Makes Dagster's tables: two programs that make them at once get in each other's way.
    assert not any(ticks(here, name) for name in SENSORS)
    assert pipeline_runs(here) == []
    with here.running(*command) as daemon:
        wait_for(lambda: all(ticks(here, name) for name in SENSORS), "all first ticks", daemon)
        assert pipeline_runs(here) == []
        execute(world.url, "UPDATE misclassified_complaints SET reviewed = true")
        run_id = wait_for(lambda: pipeline_runs(here), "a run", daemon)[0]
        red = here.execute("retrain_urgency")
        wait_for(mail(world, run_id), "the message about the green run", daemon)
        wait_for(mail(world, here.runs("retrain_urgency")[0].run_id), "that about the red", daemon)
        idle = two_more_ticks(here, daemon)
        runs = pipeline_runs(here)
    with here.running(*command) as daemon:
        two_more_ticks(here, daemon)
    return Watch(
        world=world,
        machine=here,
        run_id=run_id,
        red=red.stdout,
        runs=runs,
        idle=idle,
        runs_after_restart=pipeline_runs(here),
    )


@pytest.fixture(scope="module")
def watch(worlds: Worlds, tmp_path_factory: pytest.TempPathFactory) -> Generator[Watch]:
    world = worlds.copy("first_round").but(SENSOR_INTERVAL_SECONDS="1")
    execute(
        world.url, "UPDATE misclassified_complaints SET reviewed = false, correct_urgency = NULL"
    )
    with machine(world.variables, tmp_path_factory.mktemp("daemon")) as here:
        yield live_with_a_daemon(world, here)
    worlds.drop(world)


def test_reviews_start_one_run_of_the_task_that_they_correct(watch: Watch):
    with watch.machine.instance() as instance:
        run = instance.get_run_by_id(watch.run_id)
        outcome = outcome_of(instance, watch.run_id)
    assert run is not None
    assert run.job_name == "department_pipeline"
    assert run.tags[TASK_TAG] == "department"
    assert run.tags[STATE_TAG] in run.tags["dagster/run_key"]
    assert outcome.success
    assert outcome.made == keys(DEPARTMENT, *STAGES)
    assert watch.world.serving() == watch.world.model_tags()[0]
    requested = [tick.run_ids for tick in ticks(watch.machine, DEPARTMENT_SENSOR) if tick.run_ids]
    assert requested == [[watch.run_id]]


def test_the_next_ticks_start_none_and_say_why(watch: Watch):
    assert watch.runs == [watch.run_id]
    assert {tick.status for found in watch.idle.values() for tick in found} == {"SKIPPED"}
    assert watch.idle[URGENCY_SENSOR][-1].reason == "0 new corrections, 20 start a run."
    assert watch.idle[DEPARTMENT_SENSOR][-1].reason.endswith("20 start a run.")


def test_another_daemon_starts_none(watch: Watch):
    assert watch.runs_after_restart == [watch.run_id]


def test_people_are_told_how_the_run_of_the_sensor_ended(watch: Watch):
    message = mail(watch.world, watch.run_id)().splitlines()
    assert message[0] == "OK department_pipeline: department accepted"
    assert "made department/deployed_tag" in message
    assert any(line.startswith("check F1_GATE passed: ") for line in message)


def test_people_are_told_why_a_run_of_the_command_line_failed(watch: Watch):
    (run,) = watch.machine.runs("retrain_urgency")
    assert run.status == dg.DagsterRunStatus.FAILURE
    message = mail(watch.world, run.run_id)()
    assert message.startswith("FAILED retrain_urgency\n")
    assert "Run the job prepare_urgency first." in message
    assert "Run the job prepare_urgency first." in watch.red
    assert "Nothing is deployed, as before." in message
