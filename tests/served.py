"""Servers of a deployed model, each a process of its own as in production."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

from tests.lane_world import DEPARTMENT, World
from tests.services import Machine, Service, free_port, wait_for


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A running server."""

    world: World
    service: Service
    port: int

    @property
    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)


@contextmanager
def serving(world: World, here: Machine) -> Generator[Serving]:
    """A server of the department's model, once it answers."""
    port = free_port()
    with here.running("sambodhan", "serve", DEPARTMENT.name, "--port", str(port)) as service:
        wait_for(lambda: "answers on" in service.text, "the server's first word", service)
        yield Serving(world=world, service=service, port=port)
