"""Risk: on the Hub, other programs get another embedding model than the one that serves.

Deployments, rollbacks, kills and refusals: test_embedding_deployments.py.
"""

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from resources.embedding.base_model import version_model
from sambodhan_assets.domain.embedding.model import load_sentence_model
from sambodhan_assets.label_tasks import EMBEDDING
from tests.embedding_world import (
    MODEL,
    ZIPS,
    as_json,
    bad_zip,
    heads,
    hub_lane,
    is_a_zip,
    moves,
    put_on_hub,
    registry_of,
    start,
    zip_of_folder,
)
from tests.hub_servers import TOKENS
from tests.lane_world import World, child_environment
from tests.standins.hubserver import LiveHub
from tests.tiny_sentence_model import build_tiny_sentence_model

EARLIER = "officials/earlier"
TEXTS = ["car brand: toyta", "car model: corola"]
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


def test_a_red_run_leaves_nothing_among_the_temporary_files(trained: Trained, tmp_path: Path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    archive = bad_zip(tmp_path / "bad.zip", "model.pkl")
    put_on_hub(trained.hub, "officials/bad", {f"{ZIPS}-20260701.zip": archive})
    red = trained.world.but(
        EMBEDDING_CHECKPOINT="officials/bad",
        EMBEDDING_DATASET="officials/other-typos",
        EMBEDDING_MODEL="officials/other-model",
    )
    assert start(red, trained.hub, scratch, "{}").wait() == 1
    assert list(scratch.iterdir()) == []
    assert "models/officials/other-model" not in trained.hub.state()
