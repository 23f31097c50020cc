"""A Hub for tests: the stand-in on a free loopback port, in LFS and in Xet mode."""

import huggingface_hub.constants
import pytest

from resources.registry.hub import HubRegistry
from tests.standins.hubserver import LiveHub

WRITER = "hf_officials_write"
TOKENS = {
    WRITER: {"user": "alice", "role": "write", "orgs": ["officials"]},
    "hf_officials_read": {"user": "alice", "role": "read", "orgs": ["officials"]},
    "hf_stranger_write": {"user": "bob", "role": "write", "orgs": []},
}


@pytest.fixture
def lfs_hub(monkeypatch):
    """The Hub as clients see it that have no Xet."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    with LiveHub(xet=False) as hub:
        hub.call("POST", "/_tokens", TOKENS)
        yield hub


@pytest.fixture
def xet_hub(monkeypatch):
    """The Hub as the clients see it by default."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", False)
    with LiveHub(xet=True) as hub:
        hub.call("POST", "/_tokens", TOKENS)
        yield hub


def hub_registry(hub: LiveHub, **overrides) -> HubRegistry:
    """A registry on a stand-in, with the rights of the organisation's writer."""
    return HubRegistry(**{"endpoint": hub.endpoint, "token": WRITER, **overrides})
