"""Risk: a process that is killed while it publishes or deploys leaves readers of main or of a tag a
mixture, or what runs next publishes a version twice or finds no way on."""

# ruff: noqa: F811  (fixtures)
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from tests.hub_points import LANDING, POINTS, XET_POINTS, Point, lfs_world, xet_world  # noqa: F401  (fixtures)
from tests.hub_scenes import DEPLOY_OVER, PUBLISH_OVER, SCENES, Scene
from tests.hub_world import World

# When the process dies: the server has the request and never handles it; it has handled it, and the
# answer finds nobody; or it handles it only after the next run has come and gone.
DEATHS = ("before", "after", "late")


def kill_and_run_again(world: World, point: Point, death: str) -> None:
    """Kills a process while the server holds one of its requests, and starts the next one."""
    scene = point.scene
    world.restore(scene)
    held = world.hold(point.skip, "after" if death == "after" else "before", point.match)
    job = world.start(scene)
    world.wait_held(held)
    world.check_readers(scene)
    job.kill()
    if death != "late":
        world.let_go(held, drop=death == "before")
    world.check_readers(scene)
    assert world.start(scene).result().error is None
    if death == "late":
        world.check_readers(scene)
        world.let_go(held, drop=False)
    world.check_finished(scene)


@contextmanager
def named(case: str) -> Generator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(case)
        raise


def deaths_at(points: dict[str, Point]) -> list[tuple[str, str]]:
    """Late is another case only where something is written."""
    return [(n, death) for n in points for death in DEATHS if death != "late" or n in LANDING]


@pytest.mark.parametrize(("name", "death"), deaths_at(POINTS))
def test_after_a_kill_the_next_run_ends_in_one_version(lfs_world: World, name: str, death: str):
    kill_and_run_again(lfs_world, POINTS[name], death)


@pytest.mark.parametrize(("name", "death"), deaths_at(XET_POINTS))
def test_after_a_kill_in_xet_mode_the_next_run_ends_in_one_version(
    xet_world: World, name: str, death: str
):
    kill_and_run_again(xet_world, XET_POINTS[name], death)


@pytest.mark.slow
@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("scene", SCENES, ids=str)
@pytest.mark.parametrize("mode", ["lfs_world", "xet_world"])
def test_a_kill_at_any_request_at_all_ends_in_one_version(
    request: pytest.FixtureRequest, mode: str, scene: Scene, death: str
):
    """The requests are those of a clean run, so that a new one is covered by itself."""
    world: World = request.getfixturevalue(mode)
    requests = world.requests(scene)
    assert len(requests) > 10
    for number, sent in enumerate(requests):
        with named(f"killed {death} request {number} of {len(requests)}: {sent}"):
            kill_and_run_again(world, Point(scene, "", skip=number), death)


def test_a_commit_that_lands_while_the_next_run_is_about_to_commit_is_the_one_version(
    lfs_world: World,
):
    world = lfs_world
    for scene, match in ((PUBLISH_OVER, "/commit/main"), (DEPLOY_OVER, "/commit/versions")):
        world.restore(scene)
        first, second = (world.hold(0, "before", match) for _ in range(2))
        killed = world.start(scene)
        world.wait_held(first)
        killed.kill()
        job = world.start(scene)
        world.wait_held(second)
        world.let_go(first, drop=False)
        world.let_go(second, drop=False)
        assert job.result().error is None
        world.check_finished(scene)


@pytest.mark.parametrize("scene", [PUBLISH_OVER, DEPLOY_OVER], ids=str)
def test_two_kills_in_a_row_end_in_one_version(lfs_world: World, scene: Scene):
    """The second one dies while it finishes what the first one left behind."""
    world = lfs_world
    world.restore(scene)
    for match in (r"POST .*/commit/(main|versions)", "POST .*/tag/"):
        held = world.hold(0, "after", match)
        job = world.start(scene)
        world.wait_held(held)
        job.kill()
        world.let_go(held, drop=False)
        world.check_readers(scene)
    assert world.start(scene).result().error is None
    world.check_finished(scene)
