"""The command line in the process of a test."""

import pytest
from typer.testing import CliRunner, Result

from sambodhan_assets import cli
from tests.lane_world import World


def sambodhan(world: World, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """The command in this process; a PlatformError stays one."""
    for name, value in world.variables.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(cli.app, arguments)
