"""Jobs of Spaces in processes of their own, on a Hub with two Spaces."""

import subprocess
import sys
from collections.abc import Mapping

from resources.hub_spaces import HubSpaces
from sambodhan_assets.space.own_space import OwnSpace
from tests.hub_servers import WRITER
from tests.inference_spaces import create_space
from tests.lane_world import ROOT, World, child_environment
from tests.standins.hubserver import LiveHub

PREPARE, RETRAIN = "officials/prepare-dataset", "officials/department-retrain"
SAMBODHAN = (sys.executable, "-c", "from sambodhan_assets.cli import main; main()")


def with_job_spaces(hub: LiveHub) -> LiveHub:
    """A Hub on which the Spaces of both jobs stand."""
    create_space(hub, PREPARE)
    create_space(hub, RETRAIN)
    return hub


def variables(world: World, hub: LiveHub, **overrides: str) -> dict[str, str]:
    """What the Spaces on the Hub are given; the Hub itself sets SPACE_ID."""
    return {
        **child_environment(world),
        **hub.env(world.home / "hf", token=WRITER),
        "REGISTRY": "hub",
        "DEPARTMENT_DATASET": "officials/department-data",
        "URGENCY_DATASET": "officials/urgency-data",
        "DEPARTMENT_MODEL": "officials/department-model",
        "SPACE_ID": PREPARE,
        **overrides,
    }


def in_folder(world: World, hub: LiveHub, **overrides: str) -> dict[str, str]:
    """The same where versions stand in the world's folder, and only the Spaces are on the Hub."""
    place = {"REGISTRY": "folder", "REGISTRY_URL": str(world.home / "registry")}
    given = variables(world, hub, **place, **overrides)
    named = ("DEPARTMENT_DATASET", "DEPARTMENT_MODEL", "URGENCY_DATASET")
    return {name: value for name, value in given.items() if name not in named}


def start(environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*SAMBODHAN, *arguments],
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=120)
    assert WRITER not in said
    return process.returncode, said


def stage(hub: LiveHub, name: str) -> str:
    return spaces_of(hub).state(name).stage


def spaces_of(hub: LiveHub) -> HubSpaces:
    return HubSpaces(endpoint=hub.endpoint, token=WRITER, poll_seconds=0.02, attempts=1)


def mails(world: World) -> str:
    """All mails, long header lines unfolded."""
    texts = (file.read_text() for file in (world.home / "mail").glob("*.eml"))
    return "\n".join(texts).replace("\n ", " ").replace("  ", " ")


def own(hub: LiveHub, said: list[str], **overrides) -> OwnSpace:
    """The retraining's Space as its own job sees it."""
    fields = {
        "name": RETRAIN,
        "hardware": "t4-small",
        "spaces": spaces_of(hub),
        "wait_seconds": 0.05,
        "say": said.append,
    }
    return OwnSpace(**{**fields, **overrides})
