"""What a person at the UI can see and click."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import dagster as dg
from playwright.sync_api import Page

from resources.feedback_store import FeedbackStore
from tests.lane_runs import Outcome, outcome_of
from tests.lane_world import World
from tests.services import Machine, Service, wait_for

GROUP = "/locations/__repository__@sambodhan/asset-groups/{}/lineage"


class LaptopWorld(World):
    """A world with the embedded database, as it is where nothing is set."""

    @cached_property
    def store(self) -> FeedbackStore:
        return FeedbackStore(url="", home=str(self.home))

    @property
    def variables(self) -> dict[str, str]:
        return {name: value for name, value in super().variables.items() if name != "POSTGRES_URL"}


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Somebody at a browser with a running `dagster dev`.

    Attributes:
        world: What is behind it.
        machine: Where it runs.
        service: `dagster dev`.
        page: The browser's only tab.
        address: Where the UI is served.
        pictures: Folder of screenshots.
    """

    world: World
    machine: Machine
    service: Service
    page: Page
    address: str
    pictures: Path

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.address}{path}")
        return self.page

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)

    def materialize_all(self, group: str) -> str:
        """Clicks the button of one task's group; returns the new run."""
        known = {run.run_id for run in self.machine.runs()}
        self.open(GROUP.format(group))
        self.page.get_by_role("button", name="Materialize all").click()

        def new_runs() -> set[str]:
            return {run.run_id for run in self.machine.runs()} - known

        (run_id,) = wait_for(new_runs, "the run of the button", self.service)
        return run_id

    def end_of(self, run_id: str) -> tuple[dg.DagsterRunStatus, Outcome]:
        """Waits for a run; says how it ended."""
        with self.machine.instance() as instance:

            def finished() -> dg.DagsterRun | None:
                run = instance.get_run_by_id(run_id)
                return run if run is not None and run.is_finished else None

            run = wait_for(finished, "the end of the run", self.service)
            assert run is not None
            return run.status, outcome_of(instance, run_id)
