"""Hubs on which a version is about to be published or deployed, and readers that trust nobody.

with open_world(tmp_path, xet=False) as world:
    world.restore(DEPLOY_OVER)            # a first model serves, a second one was accepted
    job = world.start(DEPLOY_OVER)        # a process of its own
    job.kill()
    world.check_readers(DEPLOY_OVER)      # main and every tag hold one whole version
    world.start(DEPLOY_OVER).result()
    world.check_finished(DEPLOY_OVER)     # one new version, one tag, the pointer on it
"""

import hashlib
import json
import os
import pickle
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hub_jobs import Job, end, forking_process
from tests.hub_scenes import DATASET, MODEL, Scene, accept, write_datasets
from tests.hub_servers import TOKENS, WRITER
from tests.standins.hubserver import LiveHub

# What the Hub and this platform keep beside the files of a version.
BESIDE = {".gitattributes", "deployments.json"}
PATIENCE = 30.0


@dataclass
class World:
    """A Hub, the process that publishes to it, and the work that waits.

    Attributes:
        hub: The stand-in.
        folder: Holds datasets to publish, and artifact stores with accepted models.
    """

    hub: LiveHub
    folder: Path
    environment: dict[str, str]
    saved: dict[Scene, tuple[bytes, set[str]]] = field(default_factory=dict)
    children: list[subprocess.Popen[str]] = field(default_factory=list)
    jobs: dict[int, Job] = field(default_factory=dict)

    def start(self, scene: Scene, *, by: int = 0, hurry: bool = False, **registry: Any) -> Job:
        """Starts the work of a scene in a process of its own.

        Args:
            scene: What to do.
            by: Who does it; two can work at once.
            hurry: Do not wait between tries.
            registry: Settings of the registry.
        """
        while len(self.children) <= by:
            self.children.append(forking_process(self.environment))
        child = self.children[by]
        order = {
            "action": scene.action,
            "name": DATASET if scene.action == "publish" else MODEL,
            "folder": str(self.folder / f"{scene.action}-{scene.over}"),
            "run_id": f"run-{by}",
            "hurry": hurry,
            "registry": {"endpoint": self.hub.endpoint, "token": WRITER, **registry},
        }
        assert child.stdin is not None
        child.stdin.write(f"{json.dumps(order)}\n")
        child.stdin.flush()
        self.jobs[by] = Job(child)
        return self.jobs[by]

    def restore(self, scene: Scene) -> None:
        """Puts the Hub into the state before a scene, with an empty log and without faults."""
        for job in self.jobs.values():
            if not job.ended:  # a test failed
                job.kill()
        if scene not in self.saved:
            if scene.over:
                before = scene._replace(over=0)
                self.restore(before)
                said = self.start(before).result()
                assert said.error is None, said
                if scene.action == "deploy":
                    accept(self.folder, number=scene.over, deployed=said.tag)
            repositories = pickle.dumps(self.hub.hub.repos if scene.over else {})
            self.saved[scene] = repositories, self._blobs() if scene.over else set()
        repositories, blobs = self.saved[scene]
        self.hub.hub.repos = pickle.loads(repositories)
        # What an earlier run uploaded would not be sent again.
        for name in self._blobs() - blobs.union(*(kept for _, kept in self.saved.values())):
            Path(self.hub.hub.blob(name)).unlink()
        self.hub.clear()

    def requests(self, scene: Scene) -> list[str]:
        """What the work of a scene sends when nothing goes wrong, in order."""
        self.restore(scene)
        assert self.start(scene).result().error is None
        self.check_finished(scene)
        return [f"{entry['method']} {entry['path']}" for entry in self.hub.hub.log]

    def hold(self, skip: int, when: str, match: str = "") -> int:
        """Makes the server hold a request before or after it handles it."""
        return self.hub.fault(match, "hold", when=when, skip=skip, times=1)

    def wait_held(self, fault: int, *, patience: float = PATIENCE) -> None:
        """Waits until a request is held."""
        self._wait_log(lambda e: e["fault"] == fault and "held" in e, "a held request", patience)

    def let_go(self, fault: int, *, drop: bool) -> None:
        """Lets the server go on with a held request, or forget it, and waits until it has."""
        self.hub.release(fault, drop=drop)
        self._wait_log(lambda e: e["fault"] == fault and "ms" in e, "the end of a held request")

    def faulted(self) -> list[dict[str, Any]]:
        """Requests that met a fault since the last `restore`."""
        return [entry for entry in self.hub.hub.log if entry["fault"] is not None]

    def end_faults(self) -> None:
        """Takes all faults away; what the server still holds is forgotten."""
        self.hub.release(drop=True)
        self.hub.clear(log=False)
        self._wait_log(lambda _: all("ms" in e for e in self.hub.hub.log), "the end of all")

    def check_readers(self, scene: Scene) -> None:
        """Whatever main ever was, and every tag, is nothing at all or one whole version."""
        state = self.hub.state().get(scene.repository)
        if state is None:
            return
        by_id = {commit["oid"]: commit for commit in state["commits"]}
        for tag, oid in state["tags"].items():
            assert self.whole_version(by_id[oid]["files"]) == tag
        oid = state["refs"]["main"]
        while oid:
            self.whole_version(by_id[oid]["files"])
            oid = next(iter(by_id[oid]["parents"]), None)

    def check_unchanged(self, scene: Scene) -> None:
        """No version has come, or none was deployed: what readers relied on serves as before."""
        self.check_readers(scene)
        state = self.hub.state().get(scene.repository, {"tags": {}, "commits": []})
        if scene.action == "publish":
            assert len(state["tags"]) == scene.over
            return
        heads = [c["files"] for c in state["commits"] if c["oid"] == state["refs"]["main"]]
        serving = [self.whole_version(files) for files in heads]
        assert serving in ([], [next(iter(state["tags"]), None) if scene.over else None])

    def check_finished(self, scene: Scene) -> None:
        """One more version, committed once and tagged once, and the pointer on it."""
        self.check_readers(scene)
        state = self.hub.state()[scene.repository]
        by_id = {commit["oid"]: commit for commit in state["commits"]}
        tags = sorted(state["tags"])
        published = sorted(c["title"] for c in state["commits"] if c["title"][:7] == "Publish")
        assert published == [f"Publish {tag}" for tag in tags]
        assert len(tags) == scene.over + 1
        hashes = [
            self._manifest(by_id[oid]["files"])["content_hash"] for oid in state["tags"].values()
        ]
        assert len(set(hashes)) == len(tags)
        deploys = scene.action == "deploy"
        assert state["refs"].keys() == ({"main", "versions"} if deploys else {"main"})
        assert state["refs"]["versions" if deploys else "main"] == state["tags"][tags[-1]]
        main = by_id[state["refs"]["main"]]["files"]
        assert self.whole_version(main) == tags[-1]
        if deploys:
            moves = json.loads(self._bytes(main["deployments.json"]))
            assert [move["tag"] for move in moves] == tags
            assert [move["replaced"] for move in moves] == [None, *tags[:-1]]

    def whole_version(self, files: dict[str, dict[str, Any]]) -> str | None:
        """Tag of the version that a commit holds byte for byte; None if it holds nothing."""
        held = files.keys() - BESIDE
        if not held:
            assert "deployments.json" not in files
            return None
        manifest = self._manifest(files)
        assert held == {*manifest["files"], "manifest.json"}, "files of two versions"
        for name, entry in manifest["files"].items():
            assert hashlib.sha256(self._bytes(files[name])).hexdigest() == entry["sha256"], name
        if "deployments.json" in files:
            moves = json.loads(self._bytes(files["deployments.json"]))
            assert [move["sequence"] for move in moves] == list(range(1, len(moves) + 1))
            assert moves[-1]["tag"] == manifest["tag"], "the pointer names another version"
        return manifest["tag"]

    def _blobs(self) -> set[str]:
        return {path.name for path in Path(self.hub.hub.data, "blobs").iterdir()}

    def _manifest(self, files: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return json.loads(self._bytes(files["manifest.json"]))

    def _bytes(self, file: dict[str, Any]) -> bytes:
        return Path(self.hub.hub.blob(file["sha256"])).read_bytes()

    def _wait_log(
        self, found: Callable[[dict[str, Any]], bool], what: str, patience: float = PATIENCE
    ) -> None:
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if any(found(entry) for entry in list(self.hub.hub.log)):
                return
            time.sleep(0.005)
        raise TimeoutError(f"{what} did not come; sent was {self.hub.hub.log}")


@contextmanager
def open_world(folder: Path, *, xet: bool) -> Generator[World]:
    """A Hub in one of its two modes, and the work that waits for it."""
    write_datasets(folder)
    accept(folder, number=0, deployed=None)
    # Weights and tables are large files here, as they are on the Hub by their names.
    with LiveHub(xet=xet) as hub:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        # A process with threads must not be forked, and NumPy's and Arrow's libraries start some.
        alone = {
            "OPENBLAS_NUM_THREADS": "1",
            "JE_ARROW_MALLOC_CONF": "background_thread:false",
        }
        # Xet's own client waits for minutes between its tries, and for two minutes in each.
        soon = {"HF_XET_CLIENT_RETRY_BASE_DELAY": "10ms", "HF_XET_CLIENT_READ_TIMEOUT": "1s"}
        environment = {**kept, **alone, **soon, **hub.env(folder / "hf", token=None, xet=xet)}
        world = World(hub=hub, folder=folder, environment=environment)
        hub.call("POST", "/_tokens", TOKENS)
        try:
            yield world
        finally:
            hub.release(drop=True)
            for child in world.children:
                end(child)
