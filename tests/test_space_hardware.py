"""Risk: a Space keeps hardware that its job does not need, asks for it twice, or works without."""

import pytest

from sambodhan_assets.domain.errors import TransientError
from sambodhan_assets.space import own_space
from tests.hub_servers import lfs_hub  # noqa: F401  (fixture)
from tests.lane_world import World
from tests.space_jobs import (
    PREPARE,
    RETRAIN,
    end,
    in_folder,
    mails,
    own,
    spaces_of,
    stage,
    start,
    with_job_spaces,
)
from tests.standins.hubserver import LiveHub


@pytest.fixture
def hub(lfs_hub: LiveHub) -> LiveHub:  # noqa: F811
    return with_job_spaces(lfs_hub)


def hardware_requests(hub: LiveHub, name: str) -> int:
    return len(hub.log(f"POST /api/spaces/{name}/hardware"))


@pytest.fixture
def retrain_space(second_round: World, hub: LiveHub) -> dict[str, str]:
    return in_folder(
        second_round,
        hub,
        LABEL="department",
        RETRAIN_SPACE_ID=RETRAIN,
        SPACE_HARDWARE="t4-small",
        PREPARE_DATASET_SPACE_ID=PREPARE,
    )


def test_a_container_without_its_hardware_asks_for_it_and_leaves_the_job_to_the_next(
    second_round: World, retrain_space: dict[str, str], hub: LiveHub
):
    code, said = end(start(retrain_space, "space", "retrain"))
    assert code == 0, said
    assert "The Hub starts another container for the job; this one ends." in said
    assert (stage(hub, RETRAIN), hardware_requests(hub, RETRAIN)) == ("RUNNING", 1)
    assert not (second_round.home / "mail").exists()


def test_a_red_retraining_gives_its_hardware_back(
    first_round: World, hub: LiveHub, retrain_space: dict[str, str]
):
    spaces_of(hub).request_hardware(RETRAIN, "t4-small")
    nothing = str(first_round.home / "registry")
    code, said = end(start({**retrain_space, "REGISTRY_URL": nothing}, "space", "retrain"))
    assert code == 1, said
    assert stage(hub, RETRAIN) == "PAUSED"
    assert spaces_of(hub).state(RETRAIN).requested_hardware == "cpu-basic"


@pytest.mark.slow
def test_retraining_gives_its_hardware_back_at_the_end(
    second_round: World, retrain_space: dict[str, str], hub: LiveHub
):
    spaces_of(hub).request_hardware(RETRAIN, "t4-small")
    code, said = end(start(retrain_space, "space", "retrain"))
    assert code == 0, said
    assert stage(hub, RETRAIN) == "PAUSED"
    assert spaces_of(hub).state(RETRAIN).requested_hardware == "cpu-basic"
    assert hardware_requests(hub, RETRAIN) == 2
    assert stage(hub, PREPARE) == "RUNNING"
    assert "retrain_department" in mails(second_round)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_space, "POLL_SECONDS", 0.02)


@pytest.mark.usefixtures("impatient")
def test_a_container_that_comes_while_the_hardware_is_pending_asks_for_none(hub: LiveHub):
    spaces_of(hub).request_hardware(RETRAIN, "t4-small")
    hub.call("POST", "/_space", {"repo": RETRAIN, "stage": "APP_STARTING"})
    with pytest.raises(TransientError, match="stage APP_STARTING on nothing yet"):
        own(hub, []).has_hardware()
    hub.call("POST", "/_space", {"repo": RETRAIN, "stage": "RUNNING"})
    assert own(hub, []).has_hardware()
    assert hardware_requests(hub, RETRAIN) == 1


def test_a_container_that_is_ended_while_it_waits_leaves_the_job_to_the_next(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch
):
    def end_it(_seconds: float) -> None:
        raise KeyboardInterrupt

    hub.call("POST", "/_space", {"repo": RETRAIN, "stage": "BUILDING"})
    monkeypatch.setattr(own_space.time, "sleep", end_it)
    assert not own(hub, [], wait_seconds=60).has_hardware()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("problem", [402, 403])
def test_hardware_that_the_hub_refuses_is_an_error(hub: LiveHub, problem: int):
    hub.fault("POST .*/hardware", "status", status=problem)
    with pytest.raises(Exception, match=str(problem)):
        own(hub, []).has_hardware()


def test_a_job_without_hardware_of_its_own_asks_for_none(hub: LiveHub):
    assert own(hub, [], hardware=None).has_hardware()
    assert own(hub, [], hardware=None).rest().paused
    assert hardware_requests(hub, RETRAIN) == 0


def test_hardware_is_given_back_only_by_a_space_that_rests(hub: LiveHub):
    said: list[str] = []
    hub.fault("POST .*/pause", "status", status=403)
    rest = own(hub, said).rest()
    assert not rest.paused
    assert hardware_requests(hub, RETRAIN) == 0
    assert [line for line in said if line.startswith("Warning: Pausing")] == said
    hub.clear()
    hub.fault("POST .*/hardware", "status", status=403)
    rest = own(hub, said).rest()
    assert rest.paused
    assert "403" in rest.problems[0]
    assert stage(hub, RETRAIN) == "PAUSED"
