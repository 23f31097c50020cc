"""Risk: a server starts without what it should serve, misses what was deployed, or never ends.

The server is a process of its own, as in production; the deployed version comes from a real run.
"""

import signal
import socket
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from resources.registry.base import Publication
from tests.lane_world import DEPARTMENT, URGENCY, World
from tests.served import serving
from tests.services import Machine, machine


@pytest.fixture
def here(deployed: World, tmp_path: Path) -> Generator[Machine]:
    with machine(deployed.variables, tmp_path) as found:
        yield found


def publish_again(world: World) -> str:
    """The same weights as a second version, which serves from now on."""
    repository = world.lanes.model_repository(DEPARTMENT)
    first = world.registry.deployments(repository)[-1]
    version = world.registry.version(repository, first.tag)
    publication = Publication(run_id="test", details=dict(version.manifest.details))
    with world.registry.fetched(version) as folder:
        (folder / "manifest.json").unlink()
        newer = world.registry.publish(repository, folder, publication)
    move = replace(first, sequence=2, tag=newer.tag, replaced=first.tag)
    world.registry.move_pointer(repository, move)
    return newer.tag


def test_a_server_follows_the_pointer_when_it_starts_again(here: Machine, deployed: World):
    with serving(deployed, here) as before:
        first, newer = deployed.serving(), publish_again(deployed)
        with before.client as client:
            assert client.get("/version").json()["version"] == first
    with serving(deployed, here) as after, after.client as client:
        assert client.get("/version").json()["version"] == newer != first


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_cleanly(
    here: Machine, deployed: World, number: signal.Signals
):
    with serving(deployed, here) as found:
        with found.client as client:
            client.post("/predict", json={"text": "pipe"})
        assert found.service.interrupt(number) == 0
        assert "Traceback" not in found.service.text


def test_nothing_deployed_is_no_server(here: Machine):
    with here.running("sambodhan", "serve", URGENCY.name, "--port", "0") as service:
        assert service.process.wait(120) == 1
        assert "nothing is deployed in model sambodhan-urgency-classifier" in service.text
        assert "urgency_pipeline" in service.text


def test_a_changed_byte_is_no_server(here: Machine, deployed: World):
    (weights,) = deployed.home.glob("registry/models/*/versions/*/linear.skops")
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with here.running("sambodhan", "serve", DEPARTMENT.name, "--port", "0") as service:
        assert service.process.wait(120) == 1
        assert "linear.skops" in service.text
        assert "answers on" not in service.text


def test_a_taken_port_is_no_server(here: Machine):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with here.running("sambodhan", "serve", DEPARTMENT.name, "--port", str(port)) as service:
            assert service.process.wait(120) == 1
            assert f"Listening on 127.0.0.1 port {port}" in service.text
