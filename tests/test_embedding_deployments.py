"""Risk: an embedding model that is deployed, brought back or killed on its way to the Hub leaves
half a version behind, or the program that takes the newest zip by name gets another one.

Nothing is trained here: candidates are accepted as they are.
"""

import signal
import tempfile
from pathlib import Path

import pytest

from tests.embedding_world import (
    DEPLOYED,
    JOB,
    MODEL,
    NOWHERE,
    ZIPS,
    accept,
    bad_zip,
    heads,
    hub_lane,
    is_a_zip,
    moves,
    newest_for_readers,
    put_on_hub,
    start,
)
from tests.hub_servers import WRITER, lfs_hub  # noqa: F401  (fixture)
from tests.hub_world import World as Hub
from tests.lane_runs import run, words_of_failure
from tests.lane_world import World
from tests.standins.hubserver import LiveHub

COMMIT, TAG, MOVE = "POST .*/commit/versions", "POST .*/tag/", "POST .*/commit/main"


@pytest.fixture
def hub(lfs_hub: LiveHub) -> LiveHub:  # noqa: F811
    return lfs_hub


@pytest.fixture
def world(hub: LiveHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("POSTGRES_URL", NOWHERE)
    monkeypatch.setenv("HF_TOKEN", WRITER)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    return hub_lane(tmp_path, hub)


def deploy(world: World, weights: str, **how: str) -> None:
    accept(world, weights, **how)
    outcome = run(world, JOB, only=[DEPLOYED])
    assert outcome.success, outcome.failure
    assert outcome.made == [DEPLOYED]
    assert left_over(world) == []


def left_over(world: World) -> list[Path]:
    return list((world.home / "scratch").iterdir())


def test_readers_get_the_zip_of_what_serves_through_deployments_and_rollbacks(
    world: World,
    hub: LiveHub,
    tmp_path: Path,
):
    names: list[str] = []
    for weights in ("first weights", "second weights"):
        deploy(world, weights)
        name, found = newest_for_readers(hub, tmp_path)
        assert found == weights
        names.append(name)
    assert run(world, "rollback_embedding").success
    assert newest_for_readers(hub, tmp_path) == (names[0], "first weights")
    deploy(world, "third weights")
    names.append(newest_for_readers(hub, tmp_path)[0])
    assert names == sorted(set(names))
    main = heads(hub)["main"]
    assert [path for path in main if is_a_zip(path)] == names[2:]
    state = hub.state()[f"models/{MODEL}"]
    kept = {c["oid"]: [path for path in c["files"] if is_a_zip(path)] for c in state["commits"]}
    assert [kept[oid] for _, oid in sorted(state["tags"].items())] == [[name] for name in names]


def test_a_repository_of_dated_zips_is_adopted_and_comes_back(
    world: World,
    hub: LiveHub,
    tmp_path: Path,
):
    theirs = {f"{ZIPS}-{day}.zip": tmp_path / f"{day}.zip" for day in ("20250101", "20991231")}
    for path in theirs.values():
        bad_zip(path, "model.safetensors")
    put_on_hub(hub, MODEL, {**theirs, "README.md": b"# By hand\n"})
    older, newest = theirs
    deploy(world, "our weights")
    ours, found = newest_for_readers(hub, tmp_path)
    assert (found, ours > newest) == ("our weights", True)
    main = heads(hub)["main"]
    assert [path for path in sorted(main) if is_a_zip(path)] == [older, ours]
    (adopted, _), (_, _) = moves(world)
    assert adopted == "adopt"
    assert run(world, "rollback_embedding").success
    assert newest_for_readers(hub, tmp_path) == (newest, "evil")


def test_a_zip_that_another_program_adds_meanwhile_does_not_hide_the_next_version(
    world: World,
    hub: LiveHub,
    tmp_path: Path,
):
    deploy(world, "first weights")
    theirs = bad_zip(tmp_path / "theirs.zip", "model.safetensors")
    put_on_hub(hub, MODEL, {f"{ZIPS}-20991231.zip": theirs})
    assert newest_for_readers(hub, tmp_path)[1] == "evil"
    deploy(world, "second weights")
    assert newest_for_readers(hub, tmp_path)[1] == "second weights"


@pytest.mark.parametrize("match", [COMMIT, MOVE])
def test_a_refused_commit_is_red_leaves_no_file_and_the_next_run_ends_it(
    world: World,
    hub: LiveHub,
    tmp_path: Path,
    match: str,
):
    accept(world, "weights")
    hub.fault(match, "status", status=403, times=1)
    outcome = run(world, JOB, only=[DEPLOYED])
    assert "may not do that (403)" in words_of_failure(outcome)
    assert left_over(world) == []
    assert moves(world) == []
    assert run(world, JOB, only=[DEPLOYED]).success
    assert newest_for_readers(hub, tmp_path)[1] == "weights"
    check_one_effect(world, hub)


def check_one_effect(world: World, hub: LiveHub) -> None:
    """One version, committed once, tagged once, and one move of the pointer to it."""
    state = hub.state()[f"models/{MODEL}"]
    (tag,) = state["tags"]
    published = [c["oid"] for c in state["commits"] if c["title"].startswith("Publish")]
    assert published == [state["tags"][tag]]
    assert moves(world) == [("deploy", tag)]
    main = heads(hub)
    assert {k: v for k, v in main["main"].items() if k != "deployments.json"} == main["versions"]


@pytest.mark.parametrize(
    ("match", "when"),
    [
        (COMMIT, "after"),
        (MOVE, "before"),
        pytest.param(COMMIT, "before", marks=pytest.mark.slow),
        pytest.param(TAG, "before", marks=pytest.mark.slow),
        pytest.param(TAG, "after", marks=pytest.mark.slow),
        pytest.param(MOVE, "after", marks=pytest.mark.slow),
    ],
)
def test_a_deployment_that_was_killed_is_ended_by_the_next_run(
    world: World,
    hub: LiveHub,
    tmp_path: Path,
    match: str,
    when: str,
):
    accept(world, "weights")
    remote = Hub(hub=hub, folder=tmp_path, environment={})
    held = remote.hold(0, when, match)
    child = start(world, hub, tmp_path, "{}", only=DEPLOYED, xet=False)
    try:
        remote.wait_held(held, patience=60.0)
    finally:
        child.kill()
        child.wait()
    remote.let_go(held, drop=when == "before")
    assert run(world, JOB, only=[DEPLOYED]).success
    check_one_effect(world, hub)
    assert newest_for_readers(hub, tmp_path)[1] == "weights"


def test_an_interrupted_run_leaves_nothing_among_the_temporary_files(
    world: World, hub: LiveHub, tmp_path: Path
):
    scratch = tmp_path / "of-the-run"
    scratch.mkdir()
    accept(world, "weights")
    remote = Hub(hub=hub, folder=tmp_path, environment={})
    held = remote.hold(0, "before", COMMIT)
    child = start(world, hub, scratch, "{}", only=DEPLOYED, xet=False)
    try:
        remote.wait_held(held, patience=60.0)
        assert list(scratch.iterdir())
        child.send_signal(signal.SIGINT)
        assert child.wait(60) != 0
    finally:
        child.kill()
        child.wait()
    assert list(scratch.iterdir()) == []
