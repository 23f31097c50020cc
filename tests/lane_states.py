"""States of the small world of `lane_world`, built once per session.

`conftest.py` makes the fixtures known. Every test gets a copy of a state's database and of its
folders, so no test sees what another one did:

    first_round    300 complaints, every wrong answer corrected; nothing has run
    deployed       the same after `department_pipeline`: a first department model serves
    second_round   300 more complaints that this model answered; every error is corrected, so the
                   next candidate is better
    promotable     that candidate is trained, and the verdict on it is PROMOTE
    held           300 more complaints, most errors corrected: the next candidate is better, but
                   only the labels of its sheet of disagreements can show it; the verdict is HOLD
"""

import shutil
import uuid
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from resources.postgres.embedded import EmbeddedPostgres
from tests.citizens import careless_answers, complain, grievances, live_second_round, review
from tests.databases import execute, feedback_store, text_of
from tests.lane_runs import run
from tests.lane_world import DEPARTMENT, ROWS, STAGES, World, keys


def _live_first_round(world: World) -> None:
    rows = grievances(ROWS)
    complain(world, rows, careless_answers(rows))
    review(world, rows, careless_answers(rows))


def _deploy_first_model(world: World) -> None:
    outcome = run(world)
    assert outcome.success
    assert outcome.made == keys(DEPARTMENT, *STAGES)


def _live_well(world: World) -> None:
    live_second_round(world, share=1.0)


def _decide_but_deploy_nothing(world: World) -> None:
    outcome = run(world, only=keys(DEPARTMENT, *STAGES[:-1]))
    assert outcome.checks["F1_GATE"].passed


def _live_and_hold(world: World) -> None:
    live_second_round(world, share=0.7)
    outcome = run(world)
    assert outcome.amber("F1_GATE")
    assert len(list((world.home / "sheets").glob("*.xlsx"))) == 1


# State -> (the state before it, what happens then).
STATES: dict[str, tuple[str | None, Callable[[World], None]]] = {
    "first_round": (None, _live_first_round),
    "deployed": ("first_round", _deploy_first_model),
    "second_round": ("deployed", _live_well),
    "promotable": ("second_round", _decide_but_deploy_nothing),
    "held": ("deployed", _live_and_hold),
}


class Worlds:
    """Builds every state once and hands out copies."""

    def __init__(self, server: EmbeddedPostgres, folder: Path) -> None:
        self._server = server.url()
        self._folder = folder
        self._built: dict[str, World] = {}

    def copy(self, state: str) -> World:
        """A copy of a state that the caller may change."""
        return self._copy(self._state(state))

    def drop(self, world: World) -> None:
        """Removes a copy."""
        name = world.url.rpartition("/")[2].partition("?")[0]
        execute(text_of(self._server), f'DROP DATABASE "{name}" WITH (FORCE)')
        shutil.rmtree(world.home, ignore_errors=True)

    def _state(self, state: str) -> World:
        if state not in self._built:
            before, happen = STATES[state]
            world = self._copy(None if before is None else self._state(before))
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("POSTGRES_URL", world.url)
                happen(world)
            self._built[state] = world
        return self._built[state]

    def _copy(self, world: World | None) -> World:
        name = f"world_{uuid.uuid4().hex}"
        home = self._folder / name
        url = text_of(self._server.set(database=name))
        if world is None:
            execute(text_of(self._server), f'CREATE DATABASE "{name}"')
            feedback_store(url).initialise()
            home.mkdir()
        else:
            origin = world.home.name
            execute(text_of(self._server), f'CREATE DATABASE "{name}" TEMPLATE "{origin}"')
            shutil.copytree(world.home, home)
        return World(home=home, url=url)


@pytest.fixture(scope="session")
def worlds(postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """The states of this session."""
    return Worlds(postgres_server, tmp_path_factory.mktemp("worlds"))


def _fixture(state: str):
    """A copy of a state for one test; the settings of the process lead to it."""

    @pytest.fixture(name=state)
    def copied(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
        world = worlds.copy(state)
        monkeypatch.setenv("POSTGRES_URL", world.url)
        yield world
        worlds.drop(world)

    return copied


first_round = _fixture("first_round")
deployed = _fixture("deployed")
second_round = _fixture("second_round")
promotable = _fixture("promotable")
held = _fixture("held")
