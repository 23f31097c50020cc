"""Risk: on the Hub, the program that reads the newest zip gets another model than the one that
serves, or a run that was killed or refused leaves half a version behind."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from resources.embedding.base_model import version_model
from sambodhan_assets.domain.embedding.model import load_sentence_model
from sambodhan_assets.label_tasks import EMBEDDING
from tests.embedding_world import (
    DEPLOYED,
    JOB,
    MODEL,
    NOWHERE,
    ZIPS,
    accept,
    as_json,
    bad_zip,
    heads,
    hub_lane,
    is_a_zip,
    moves,
    newest_for_readers,
    put_on_hub,
    registry_of,
    zip_of_folder,
)
from tests.hub_servers import TOKENS, WRITER, lfs_hub  # noqa: F401  (fixture)
from tests.hub_world import World as Hub
from tests.lane_runs import run, words_of_failure
from tests.lane_world import ROOT, World, child_environment
from tests.standins.hubserver import LiveHub
from tests.tiny_sentence_model import build_tiny_sentence_model

EARLIER = "officials/earlier"
TEXTS = ["car brand: toyta", "car model: corola"]
RUN = """
import json, sys
import dagster as dg
from sambodhan_assets.definitions import defs
with dg.DagsterInstance.ephemeral() as instance:
    result = defs.resolve_job_def(sys.argv[1]).execute_in_process(
        instance=instance, run_config=json.loads(sys.argv[2]), raise_on_error=False,
        asset_selection=[dg.AssetKey(key.split("/")) for key in sys.argv[3:]] or None)
sys.exit(0 if result.success else 1)
"""
# A program that knows nothing of this platform: it takes the newest zip by name.
READER = """
import json, sys, tempfile, zipfile
from huggingface_hub import HfApi, hf_hub_download
from sentence_transformers import SentenceTransformer
repository, texts = sys.argv[1], json.loads(sys.argv[2])
zips = [path for path in HfApi().list_repo_files(repository)
        if path.startswith("models/finetuned-embedding-model") and path.endswith(".zip")]
newest = sorted(zips)[-1]
with tempfile.TemporaryDirectory() as folder:
    with zipfile.ZipFile(hf_hub_download(repository, newest)) as archive:
        archive.extractall(folder)
    zipped = SentenceTransformer(folder).encode(texts).tolist()
named = SentenceTransformer(repository).encode(texts).tolist()
print(json.dumps([newest, zipped, named]))
"""


class Trained(NamedTuple):
    """A Hub after the lane has run there once.

    Attributes:
        world: The lane.
        hub: The stand-in.
        newest: The zip that the training started from.
        scratch: The temporary folder of the run.
    """

    world: World
    hub: LiveHub
    newest: str
    scratch: Path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Generator[Trained]:
    """The whole lane in a process of its own, from a repository with zips of another program."""
    home = tmp_path_factory.mktemp("lane")
    scratch = tmp_path_factory.mktemp("scratch")
    model = build_tiny_sentence_model(home / "tiny")
    with LiveHub(xet=True) as hub:
        hub.call("POST", "/_tokens", TOKENS)
        older, newest = f"{ZIPS}-20250101.zip", f"{ZIPS}-20991231.zip"
        archive = zip_of_folder(model, home / "newest.zip")
        put_on_hub(hub, EARLIER, {older: b"no zip at all", newest: archive})
        world = hub_lane(home, hub, EMBEDDING_CHECKPOINT=EARLIER)
        done = start(world, hub, scratch, as_json(learning_rate=0.01, epochs=3)).wait()
        assert done == 0
        yield Trained(world, hub, newest, scratch)


def start(
    world: World, hub: LiveHub, scratch: Path, config: str, only: str = "", *, xet: bool = True
) -> subprocess.Popen[bytes]:
    """The job in a process of its own, whose temporary files go to `scratch`."""
    environment = {
        **child_environment(world),
        **hub.env(world.home / "hf", token=WRITER, xet=xet),
        "TMPDIR": str(scratch),
    }
    order = [sys.executable, "-c", RUN, JOB, config, *([only] if only else [])]
    return subprocess.Popen(order, cwd=ROOT, env=environment)


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


def test_one_commit_holds_model_and_zip_and_main_is_what_serves(trained: Trained):
    state = trained.hub.state()[f"models/{MODEL}"]
    (tag,) = state["tags"]
    (published,) = [c for c in state["commits"] if c["title"].startswith("Publish")]
    assert published["title"] == f"Publish {tag}"
    assert state["tags"][tag] == published["oid"]
    files = {path: file["sha256"] for path, file in published["files"].items()}
    assert {"model.safetensors", "modules.json", "README.md", "manifest.json"} < files.keys()
    assert len([path for path in files if is_a_zip(path)]) == 1
    main = heads(trained.hub)["main"]
    assert {**files, "deployments.json": main["deployments.json"]} == main
    assert [served for _, served in moves(trained.world)] == [tag]


def test_the_first_zip_sorts_after_the_one_that_the_training_started_from(trained: Trained):
    names = [path for path in heads(trained.hub)["main"] if is_a_zip(path)]
    assert [path > trained.newest for path in names] == [True]


def test_a_run_leaves_nothing_among_the_temporary_files(trained: Trained):
    assert list(trained.scratch.iterdir()) == []


def test_other_programs_get_the_vectors_of_what_serves(trained: Trained, tmp_path: Path):
    environment = {
        **child_environment(trained.world),
        **trained.hub.env(tmp_path / "reader", token="hf_officials_read", xet=True),
    }
    read = subprocess.run(
        [sys.executable, "-c", READER, MODEL, json.dumps(TEXTS)],
        check=False,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert read.returncode == 0, read.stderr[-3000:]
    newest, zipped, named = json.loads(read.stdout.splitlines()[-1])
    assert newest in heads(trained.hub)["main"]
    registry, world = registry_of(trained.world), trained.world
    models = world.lanes.model_repository(EMBEDDING)
    version = registry.version(models, str(moves(world)[-1][1]))
    with version_model(registry, version) as served:
        ours = load_sentence_model(served.folder).encode(TEXTS)
    assert np.array_equal(np.asarray(zipped, dtype=ours.dtype), ours)
    assert np.array_equal(np.asarray(named, dtype=ours.dtype), ours)


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


@pytest.mark.parametrize("match", ["POST .*/commit/versions", "POST .*/commit/main"])
def test_a_refused_commit_is_red_leaves_no_file_and_the_next_run_ends_it(
    world: World,
    hub: LiveHub,
    tmp_path: Path,
    match: str,
):
    accept(world, "weights")
    hub.fault(f"{match}", "status", status=403, times=1)
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


COMMIT, TAG, MOVE = "POST .*/commit/versions", "POST .*/tag/", "POST .*/commit/main"


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
