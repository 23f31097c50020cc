"""Risk: a fault of the Hub, at whatever request, makes two versions or none without a word; or a
run asks for ever, or again and again where it was told no."""

# ruff: noqa: F811  (fixtures)
from typing import Any, NamedTuple

import pytest

from tests.hub_jobs import Said
from tests.hub_points import (  # noqa: F401  (fixtures)
    LANDING,
    POINTS,
    XET_POINTS,
    Point,
    lfs_world,
    xet_world,
)
from tests.hub_world import World

MADE = "one version, after another try"
REFUSED = "a permanent error after this one request"
GIVEN_UP = "a transient error after some tries"


class Fault(NamedTuple):
    """What goes wrong with a request.

    Attributes:
        mode: The server's name for it.
        status: Status that it answers; None for no answer.
        landed: The server has done what was asked when it goes wrong.
    """

    mode: str
    status: int | None
    landed: bool


def answered(status: int, *, landed: bool) -> Fault:
    return Fault("lost_ack" if landed else "status", status, landed)


# The fault -> what becomes of a run that meets it once, and of one that meets it every time. In
# both cases the next run without a fault ends in one version; until then the earlier one serves.
REFUSALS = {answered(status, landed=False): (REFUSED, REFUSED) for status in (401, 403, 404)}
REFUSALS_TOO_LATE = {
    answered(status, landed=True): (REFUSED, REFUSED) for status in (401, 403, 404)
}
BUSY = {
    answered(status, landed=False): (MADE, GIVEN_UP) for status in (409, 412, 429, 500, 503)
} | {
    Fault("drop", None, landed=False): (MADE, GIVEN_UP),
    Fault("hold", None, landed=False): (MADE, GIVEN_UP),
}
# What was asked for is there all the same, and the next try finds it (see LANDING).
LOST = {answered(status, landed=True): (MADE, MADE) for status in (409, 412, 429, 500, 503)} | {
    Fault("lost_ack", None, landed=True): (MADE, MADE),
    Fault("truncate", None, landed=True): (MADE, MADE),
    Fault("hold", None, landed=True): (MADE, MADE),
}
FAULTS = REFUSALS | REFUSALS_TOO_LATE | BUSY | LOST
# After these refusals the client looks itself whether what it wanted is there.
LOOKED_UP = {
    ("create", answered(401, landed=True)),
    ("create", answered(403, landed=True)),
    ("branch", answered(403, landed=True)),
}
# Sent for several files at once: all of them meet the fault.
PARALLEL = {"storage": 2, "verify": 2}
# Once a file is stored, the next try is told so and does not ask for this again.
NOT_NEEDED = {"verify"}
# A silent server is given up after so many seconds.
SILENCE = 1.0
TRIES = 3
# The client itself asks so often before the registry's own next try.
CLIENT_TRIES = 6
# `make test` tries these at every point, and every fault at the two that readers see.
ANYWHERE = (answered(500, landed=False), Fault("lost_ack", None, landed=True))
QUICK = ("commit", "deployment")


def meet(world: World, point: Point, fault: Fault, *, always: bool) -> Said:
    """Runs a scene whose request meets a fault, once or every time."""
    world.restore(point.scene)
    world.hub.fault(
        point.match,
        fault.mode,
        status=fault.status,
        when="after" if fault.landed else "before",
        skip=point.skip,
        times=0 if always else 1,
        bytes=0,
    )
    settings: dict[str, Any] = {"attempts": TRIES} if always else {}
    if fault.mode == "hold":
        settings["timeout_seconds"] = SILENCE
    said = world.start(point.scene, hurry=True, **settings).result()
    world.end_faults()
    return said


def check(world: World, name: str, point: Point, fault: Fault, said: Said, outcome: str) -> None:
    """Compares what became of a run with the table, and lets the next one finish."""
    met = len(world.faulted())
    if outcome == MADE:
        assert said.error is None, said
    else:
        assert said.error == {REFUSED: "PermanentError", GIVEN_UP: "TransientError"}[outcome], said
        if outcome == REFUSED:
            assert met <= PARALLEL.get(name, 1)
        else:
            assert 1 < met <= PARALLEL.get(name, 1) * TRIES * CLIENT_TRIES
        if not (fault.landed and name in LANDING):
            world.check_unchanged(point.scene)
    world.check_readers(point.scene)
    assert world.start(point.scene).result().error is None
    world.check_finished(point.scene)


def outcome_of(name: str, fault: Fault, *, always: bool) -> str:
    """What the table says."""
    if (name, fault) in LOOKED_UP:
        return MADE
    once, ever = FAULTS[fault]
    if not always:
        return once
    if ever == GIVEN_UP and name in NOT_NEEDED:
        return MADE
    return GIVEN_UP if ever == MADE and name not in LANDING else ever


def name_of(fault: object) -> str:
    if not isinstance(fault, Fault):
        return str(fault)
    what = fault.mode if fault.status is None else str(fault.status)
    return f"{'landed' if fault.landed else 'not-landed'}-{what}"


def cases(points: dict[str, Point], *, quick: tuple[str, ...]) -> list[object]:
    """Every point with every fault; all but those of the quick points are slow."""

    def is_quick(name: str, fault: Fault) -> bool:
        if quick and fault in ANYWHERE:
            return True
        return name in quick and (name in LANDING or not fault.landed)

    return [
        pytest.param(name, fault, marks=() if is_quick(name, fault) else pytest.mark.slow)
        for name in points
        for fault in FAULTS
    ]


@pytest.mark.parametrize(("name", "fault"), cases(POINTS, quick=QUICK), ids=name_of)
def test_a_fault_at_one_request(lfs_world: World, name: str, fault: Fault):
    said = meet(lfs_world, POINTS[name], fault, always=False)
    check(lfs_world, name, POINTS[name], fault, said, outcome_of(name, fault, always=False))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fault"), cases(POINTS, quick=()), ids=name_of)
def test_a_fault_at_every_request_of_a_kind(lfs_world: World, name: str, fault: Fault):
    said = meet(lfs_world, POINTS[name], fault, always=True)
    check(lfs_world, name, POINTS[name], fault, said, outcome_of(name, fault, always=True))


@pytest.mark.slow
@pytest.mark.parametrize("always", [False, True])
@pytest.mark.parametrize(("name", "fault"), cases(XET_POINTS, quick=()), ids=name_of)
def test_a_fault_in_xet_mode(xet_world: World, name: str, fault: Fault, always: bool):
    said = meet(xet_world, XET_POINTS[name], fault, always=always)
    check(xet_world, name, XET_POINTS[name], fault, said, outcome_of(name, fault, always=always))
