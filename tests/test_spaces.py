"""Risk: a Space is waited for in vain, or the token goes to a server that must not have it."""

import pytest

from resources import hub_spaces
from resources.hub_spaces import HubSpaces, is_same_origin
from resources.spaces import NoSpaces
from sambodhan_assets.domain.errors import PermanentError, TransientError
from tests.hub_servers import WRITER, lfs_hub  # noqa: F401  (fixture)
from tests.inference_spaces import SPACE, create_space, restarts
from tests.lane_world import DEPARTMENT, URGENCY
from tests.standins.hubserver import LiveHub

NOBODY = "http://127.0.0.1:1/predict"


@pytest.fixture
def hub(lfs_hub: LiveHub) -> LiveHub:  # noqa: F811
    create_space(lfs_hub, SPACE)
    return lfs_hub


def spaces(hub: LiveHub, **overrides) -> HubSpaces:
    fields = {
        "endpoint": hub.endpoint,
        "token": WRITER,
        "inference": {"department": SPACE},
        "endpoints": {"department": NOBODY},
        "wait_seconds": 0.2,
        "poll_seconds": 0.02,
        "attempts": 2,
    }
    return HubSpaces(**{**fields, **overrides})


def test_a_space_is_paused_restarted_and_given_hardware(hub: LiveHub):
    here = spaces(hub)
    here.check_rights(SPACE)
    here.pause(SPACE)
    assert here.state(SPACE).stage == "PAUSED"
    here.request_hardware(SPACE, "t4-small")
    assert here.state(SPACE).requested_hardware == "t4-small"
    assert here.state(SPACE).stage == "PAUSED"
    here.restart(SPACE)
    assert here.state(SPACE).stage != "PAUSED"


@pytest.mark.parametrize("stage", ["BUILD_ERROR", "RUNTIME_ERROR", "CONFIG_ERROR", "PAUSED"])
def test_a_stage_that_will_not_pass_ends_the_wait(hub: LiveHub, stage: str):
    hub.call("POST", "/_space", {"repo": SPACE, "stage": stage})
    with pytest.raises(PermanentError, match=f"it is in the stage {stage}") as caught:
        spaces(hub, wait_seconds=600, settle_seconds=0).wait_until_served(DEPARTMENT, "v1")
    assert f"/spaces/{SPACE}?logs=container" in str(caught.value)


@pytest.mark.parametrize("stage", ["RUNTIME_ERROR", "PAUSED"])
def test_a_stage_from_before_the_restart_is_not_believed(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch, stage: str
):
    def start_at_last(_seconds: float) -> None:
        hub.call("POST", "/_space", {"repo": SPACE, "stage": "RUNNING"})

    hub.call("POST", "/_space", {"repo": SPACE, "stage": stage})
    monkeypatch.setattr(hub_spaces.time, "sleep", start_at_last)
    with pytest.raises(TransientError, match="in the stage RUNNING"):
        spaces(hub).wait_until_served(DEPARTMENT, "v1")


@pytest.mark.parametrize("stage", ["RUNNING", "BUILDING", "APP_STARTING", "A_NEW_STAGE"])
def test_a_space_that_never_answers_is_given_up(hub: LiveHub, stage: str):
    hub.call("POST", "/_space", {"repo": SPACE, "stage": stage})
    with pytest.raises(TransientError, match=f"in the stage {stage}.*names no version"):
        spaces(hub).wait_until_served(DEPARTMENT, "v1")


def test_nobody_at_the_address_is_no_version_and_no_answer(hub: LiveHub):
    assert spaces(hub).served_version(DEPARTMENT) is None
    with pytest.raises(TransientError, match="no usable answer"):
        spaces(hub).ask(DEPARTMENT, "text")


@pytest.mark.parametrize(
    ("token", "name", "found"),
    [
        ("hf_nobody", SPACE, "401"),
        ("hf_officials_read", SPACE, "403"),
        (WRITER, "officials/nothing", "404"),
    ],
)
def test_a_refusal_is_told_at_once_and_a_busy_hub_is_asked_again(
    hub: LiveHub, token: str, name: str, found: str
):
    with pytest.raises(PermanentError, match=found) as caught:
        spaces(hub, token=token).restart(name)
    with pytest.raises(PermanentError, match=found):
        spaces(hub, token=token).check_rights(name)
    assert token not in str(caught.value)
    assert len(hub.log("/restart")) == 1
    hub.clear()
    hub.fault("POST .*/restart", "status", status=500)
    spaces(hub).restart(SPACE)
    assert restarts(hub) == 1


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("https://officials-department.hf.space/version", True),
        ("https://OFFICIALS-department.hf.space", True),
        ("http://officials-department.hf.space", False),
        ("https://officials-department.hf.space.example.org", False),
        ("https://officials-department.hf.space:8443", False),
        ("https://officials-department.hf.space@example.org", False),
    ],
)
def test_only_the_spaces_own_address_gets_the_token(address: str, same: bool):
    assert is_same_origin(address, "https://officials-department.hf.space") is same


@pytest.mark.parametrize(
    ("address", "private", "given"),
    [(None, True, True), (None, False, False), (NOBODY, True, False)],
)
def test_the_token_goes_to_a_private_space_only(
    hub: LiveHub, address: str | None, private: bool, given: bool
):
    from huggingface_hub import HfApi

    api = HfApi(endpoint=hub.endpoint, token=WRITER)
    api.update_repo_settings(SPACE, repo_type="space", private=private)
    here = spaces(hub, endpoints={} if address is None else {"department": address})
    door = here.door(DEPARTMENT)
    assert (WRITER in str(door.headers)) is given
    base = "http://127.0.0.1:1" if address else "https://officials-department.hf.space"
    assert (door.predict, door.version_address) == (f"{base}/predict", f"{base}/version")


def test_a_key_behind_the_address_goes_along_and_is_shown_to_nobody(hub: LiveHub):
    here = spaces(hub, endpoints={"department": f"{NOBODY}?key=sesame"})
    assert here.door(DEPARTMENT).version_address == "http://127.0.0.1:1/version?key=sesame"
    hub.call("POST", "/_space", {"repo": SPACE, "stage": "RUNNING"})
    with pytest.raises(TransientError, match=r"/version at 127\.0\.0\.1:1 names") as silent:
        here.wait_until_served(DEPARTMENT, "v1")
    with pytest.raises(TransientError, match=r"Asking /predict at 127\.0\.0\.1:1:") as unanswered:
        here.ask(DEPARTMENT, "text")
    assert "sesame" not in f"{silent.value} {unanswered.value}"


def test_where_no_space_is_set_nothing_serves_and_nothing_can_be_asked():
    nowhere = NoSpaces()
    assert nowhere.inference_space(DEPARTMENT) is None
    for ask in (
        lambda: nowhere.state(SPACE),
        lambda: nowhere.restart(SPACE),
        lambda: nowhere.check_rights(SPACE),
        lambda: nowhere.pause(SPACE),
        lambda: nowhere.request_hardware(SPACE, "t4-small"),
        lambda: nowhere.served_version(DEPARTMENT),
        lambda: nowhere.wait_until_served(DEPARTMENT, "v1"),
        lambda: nowhere.ask(DEPARTMENT, "text"),
    ):
        with pytest.raises(PermanentError, match="no Space is set"):
            ask()


def test_a_task_without_a_space_is_served_by_nobody(hub: LiveHub):
    assert spaces(hub).inference_space(URGENCY) is None
    with pytest.raises(PermanentError, match="no Space is set"):
        spaces(hub).served_version(URGENCY)
