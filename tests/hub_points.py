"""Where tests kill and fault what is published and deployed, and the Hubs on which they do."""

from collections.abc import Generator
from typing import NamedTuple

import pytest

from tests.hub_scenes import DEPLOY_FIRST, DEPLOY_OVER, PUBLISH_FIRST, PUBLISH_OVER, Scene
from tests.hub_world import World, open_world


class Point(NamedTuple):
    """A request of a scene; `skip` lets so many that match pass."""

    scene: Scene
    match: str
    skip: int = 0


POINTS = {
    "create": Point(PUBLISH_FIRST, "POST /api/repos/create"),
    "first commit": Point(PUBLISH_FIRST, "POST .*/commit/main"),
    "first tag": Point(PUBLISH_FIRST, "POST .*/tag/"),
    "references": Point(PUBLISH_OVER, "GET .*/refs"),
    "right": Point(PUBLISH_OVER, "GET .*/auth-check/write"),
    "listing": Point(PUBLISH_OVER, "GET .*/tree/"),
    "card": Point(PUBLISH_OVER, "POST .*/validate-yaml"),
    "preupload": Point(PUBLISH_OVER, "POST .*/preupload/main"),
    "batch": Point(PUBLISH_OVER, "POST .*/lfs/objects/batch"),
    "storage": Point(PUBLISH_OVER, "PUT /_cdn/upload/"),
    "verify": Point(PUBLISH_OVER, "POST .*/lfs/objects/verify"),
    "commit": Point(PUBLISH_OVER, "POST .*/commit/main"),
    "read back": Point(PUBLISH_OVER, "GET .*/tree/", skip=1),
    "tag": Point(PUBLISH_OVER, "POST .*/tag/"),
    "branch": Point(DEPLOY_FIRST, "POST .*/branch/versions"),
    "first deployment": Point(DEPLOY_FIRST, "POST .*/commit/main"),
    "upload of a model": Point(DEPLOY_OVER, "PUT /_cdn/upload/"),
    "commit of a model": Point(DEPLOY_OVER, "POST .*/commit/versions"),
    "read back of a model": Point(DEPLOY_OVER, "GET .*/tree/", skip=1),
    "tag of a model": Point(DEPLOY_OVER, "POST .*/tag/"),
    "preupload of the move": Point(DEPLOY_OVER, "POST .*/preupload/main"),
    "deployment": Point(DEPLOY_OVER, "POST .*/commit/main"),
}
# Requests that change something which the next try finds; the others must be answered.
LANDING = {
    "create", "first commit", "first tag", "storage", "verify", "commit", "tag", "branch",
    "first deployment", "upload of a model", "commit of a model", "tag of a model", "deployment",
}  # fmt: skip
# In Xet mode only the uploads differ.
XET_POINTS = {
    "write token": Point(PUBLISH_OVER, "GET .*/xet-write-token/main"),
    "write token of a model": Point(DEPLOY_OVER, "GET .*/xet-write-token/versions"),
    **{name: POINTS[name] for name in ("commit", "tag", "commit of a model", "deployment")},
}


@pytest.fixture(scope="module")
def lfs_world(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    """A Hub whose clients have no Xet."""
    with open_world(tmp_path_factory.mktemp("lfs"), xet=False) as world:
        yield world


@pytest.fixture(scope="module")
def xet_world(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    """A Hub with the clients' default."""
    with open_world(tmp_path_factory.mktemp("xet"), xet=True) as world:
        yield world
