"""A small world for tests of the lane: citizens, officials, a registry, and real Dagster runs.

    outcome = run(world, "department_pipeline")
    assert outcome.made == ["department/raw_feedback", ...]

`conftest.py` makes the fixtures known. A state is built once per session; every test gets a copy of
its database and of its folders, so no test sees what another one did:

    first_round    300 complaints, every wrong answer corrected; nothing has run
    deployed       the same after `department_pipeline`: a first department model serves
    second_round   300 more complaints that this model answered; every error is corrected, so the
                   next candidate is better
    promotable     that candidate is trained, and the verdict on it is PROMOTE
    held           300 more complaints, most errors corrected: the next candidate is better, but
                   only the labels of its sheet of disagreements can show it; the verdict is HOLD
"""

import os
import random
import shutil
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from resources.artifact_store import ArtifactStore
from resources.assembly import build_lane_settings
from resources.feedback_store import FeedbackStore
from resources.lane_settings import LaneSettings
from resources.postgres.embedded import EmbeddedPostgres
from resources.profiles import Settings, load_settings
from resources.registry.folder import FolderRegistry
from sambodhan_assets.domain.dataset.cleaning import clean_text
from sambodhan_assets.domain.models.classifier import TextClassifier, load_classifier
from sambodhan_assets.domain.sample.grievances import Grievance, generate_grievances
from sambodhan_assets.domain.sample.officials import TIDY, correct_errors
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask
from tests.databases import execute, feedback_store, text_of

ROOT = Path(__file__).parents[1]
DEPARTMENT, URGENCY = LABEL_TASKS
ROWS = 300
# Wrong answers among those of the first round, which no model gave.
ERROR_SHARE = 0.1
SEED = 7
FIRST_MONTH, SECOND_MONTH = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)
STAGES = (
    "raw_feedback",
    "balanced_dataset",
    "dataset_version",
    "trained_model",
    "evaluation",
    "deployed_tag",
)

# Task name -> complaint id -> label.
Answers = Mapping[str, Mapping[int, str]]


@dataclass(frozen=True, kw_only=True)
class World:
    """One database and one SAMBODHAN_HOME.

    Attributes:
        home: SAMBODHAN_HOME.
        url: Address of the database; POSTGRES_URL must hold it while a run lasts.
        tasks: Label tasks of the code location.
        overrides: Settings that differ from those of every test.
    """

    home: Path
    url: str
    tasks: tuple[LabelTask, ...] = LABEL_TASKS
    overrides: Mapping[str, str] = field(default_factory=dict)

    def but(self, **overrides: str) -> "World":
        """The same world under other settings."""
        return replace(self, overrides={**self.overrides, **overrides})

    @property
    def variables(self) -> dict[str, str]:
        """The settings as environment variables."""
        return {
            "SAMBODHAN_HOME": str(self.home),
            "POSTGRES_URL": self.url,
            "MIN_DATASET_LEN": "30",
            "MIN_NEW_RECORDS": "20",
            **self.overrides,
        }

    @cached_property
    def settings(self) -> Settings:
        return load_settings(self.variables)

    @cached_property
    def definitions(self) -> dg.Definitions:
        # Here, so that tests of other parts do not load the graph.
        from sambodhan_assets.definitions import build_definitions

        return build_definitions(self.tasks, self.settings)

    @cached_property
    def lanes(self) -> LaneSettings:
        return build_lane_settings(self.settings, self.tasks)

    @cached_property
    def registry(self) -> FolderRegistry:
        return FolderRegistry(url=self.settings.registry_location)

    @cached_property
    def artifacts(self) -> ArtifactStore:
        return ArtifactStore(url=self.settings.artifact_url)

    @cached_property
    def store(self) -> FeedbackStore:
        return feedback_store(self.url)

    def dataset_tags(self, task: LabelTask = DEPARTMENT) -> list[str]:
        """Tags of the published dataset versions, oldest first."""
        return self.registry.tags(self.lanes.dataset_repository(task))

    def model_tags(self, task: LabelTask = DEPARTMENT) -> list[str]:
        """Tags of the published models, oldest first."""
        return self.registry.tags(self.lanes.model_repository(task))

    def moves(self, task: LabelTask = DEPARTMENT) -> list[tuple[str, str]]:
        """Every move of the pointer as (action, tag)."""
        history = self.registry.deployments(self.lanes.model_repository(task))
        return [(move.action, move.tag) for move in history]

    def serving(self, task: LabelTask = DEPARTMENT) -> str | None:
        """Tag of the version that serves."""
        deployment = self.registry.deployed(self.lanes.model_repository(task))
        return None if deployment is None else deployment.tag

    def serving_model(self, task: LabelTask = DEPARTMENT) -> TextClassifier:
        """The model that serves."""
        repository = self.lanes.model_repository(task)
        version = self.registry.version(repository, str(self.serving(task)))
        with self.registry.fetched(version) as folder:
            return load_classifier(folder, labels=task.labels)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        run_id: The run.
        success: False for a red run.
        made: Keys of the materialized assets, in order.
        skipped: Keys of the skipped steps.
        checks: Evaluated checks by name.
        observations: Observations by asset key.
        failure: Description and metadata of the failed step; None in a green run.
        events: The whole event log as Dagster stores it.
    """

    run_id: str
    success: bool
    made: list[str]
    skipped: list[str]
    checks: dict[str, dg.AssetCheckEvaluation]
    observations: dict[str, dg.AssetObservation]
    failure: dg.Failure | None
    events: str

    def amber(self, check: str) -> bool:
        """Whether a check failed without turning the run red."""
        found = self.checks[check]
        return not found.passed and found.severity == dg.AssetCheckSeverity.WARN


def keys(task: LabelTask, *stages: str) -> list[str]:
    """Asset keys as text."""
    return [f"{task.name}/{stage}" for stage in stages]


def run_job(
    definitions: dg.Definitions,
    name: str,
    instance: dg.DagsterInstance,
    run_config: Mapping[str, Any] | None = None,
    selection: Sequence[dg.AssetKey] | None = None,
) -> Outcome:
    """Runs a job, or some of its assets, in this process."""
    job = definitions.resolve_job_def(name)
    result = job.execute_in_process(
        instance=instance,
        run_config=run_config,
        asset_selection=selection,
        raise_on_error=False,
    )
    return outcome_of(instance, result.run_id)


def run(
    world: World,
    name: str = "department_pipeline",
    *,
    only: Sequence[str] = (),
    run_config: Mapping[str, Any] | None = None,
) -> Outcome:
    """Runs a job on an instance of its own; `only` selects some of its assets, as the UI can."""
    selection = [dg.AssetKey(key.split("/")) for key in only] or None
    with dg.DagsterInstance.ephemeral() as instance:
        return run_job(world.definitions, name, instance, run_config, selection)


def outcome_of(instance: dg.DagsterInstance, run_id: str) -> Outcome:
    """Reads a finished run."""
    logs = instance.all_logs(run_id)
    events = [record.dagster_event for record in logs if record.dagster_event is not None]

    def of(kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
        return [event for event in events if event.event_type == kind]

    checks = [e.asset_check_evaluation_data for e in of(dg.DagsterEventType.ASSET_CHECK_EVALUATION)]
    seen = [e.asset_observation_data for e in of(dg.DagsterEventType.ASSET_OBSERVATION)]
    failures = [event.step_failure_data for event in of(dg.DagsterEventType.STEP_FAILURE)]
    found = failures[0].user_failure_data if failures else None
    run_record = instance.get_run_by_id(run_id)
    assert run_record is not None
    return Outcome(
        run_id=run_id,
        success=run_record.status == dg.DagsterRunStatus.SUCCESS,
        made=[
            event.asset_key.to_user_string()
            for event in of(dg.DagsterEventType.ASSET_MATERIALIZATION)
            if event.asset_key is not None
        ],
        skipped=[str(event.step_key) for event in of(dg.DagsterEventType.STEP_SKIPPED)],
        checks={found.check_name: found for found in checks},
        observations={
            data.asset_observation.asset_key.to_user_string(): data.asset_observation
            for data in seen
        },
        failure=None if found is None else dg.Failure(found.description, found.metadata),
        events="\n".join(record.to_json() for record in logs),
    )


def grievances(count: int = 2 * ROWS) -> list[Grievance]:
    """The first `count` citizens of the world; ids run from 1."""
    return generate_grievances(count, seed=SEED)


def truth_of(row: Grievance) -> dict[str, str]:
    """True label per task."""
    return {task.name: getattr(row, task.name) for task in LABEL_TASKS}


def careless_answers(rows: Sequence[Grievance], *, share: float = ERROR_SHARE) -> Answers:
    """True labels, but for a share of the rows per task."""
    draw = random.Random(SEED)
    answers: dict[str, dict[int, str]] = {task.name: {} for task in LABEL_TASKS}
    for task in LABEL_TASKS:
        for row in rows:
            true = truth_of(row)[task.name]
            others = [label for label in task.labels if label != true]
            answers[task.name][row.id] = draw.choice(others) if draw.random() < share else true
    return answers


def model_answers(world: World, rows: Sequence[Grievance]) -> Answers:
    """What the deployed department model answers; urgency is answered as carelessly as ever."""
    texts = [clean_text(row.grievance) for row in rows]
    best = world.serving_model().predict_proba(texts).argmax(axis=1).tolist()
    labels = [DEPARTMENT.labels[label_id] for label_id in best]
    ids = [row.id for row in rows]
    return {**careless_answers(rows), DEPARTMENT.name: dict(zip(ids, labels, strict=True))}


def complain(world: World, rows: Sequence[Grievance], answers: Answers) -> None:
    """Citizens complain and are answered."""
    world.store.upsert_complaints(
        [
            {"id": row.id, "message": row.grievance}
            | {name: given[row.id] for name, given in answers.items()}
            for row in rows
        ]
    )


def review(
    world: World,
    rows: Sequence[Grievance],
    answers: Answers,
    *,
    share: float = 1.0,
    month: datetime = FIRST_MONTH,
) -> int:
    """Officials correct a share of the wrong answers; returns how many complaints."""
    corrections = correct_errors(
        {row.id: truth_of(row) for row in rows},
        {row.id: {name: given[row.id] for name, given in answers.items()} for row in rows},
        share=share,
        seed=SEED,
        started_at=month,
        habits=TIDY,
    )
    return world.store.upsert_corrections([correction.row() for correction in corrections])


def second_round_rows() -> list[Grievance]:
    """Those who complain after the first deployment."""
    return grievances()[ROWS:]


def live_second_round(world: World, *, share: float) -> int:
    """The deployed model answers, officials correct a share; returns how many complaints."""
    rows = second_round_rows()
    answers = model_answers(world, rows)
    complain(world, rows, answers)
    return review(world, rows, answers, share=share, month=SECOND_MONTH)


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


def _copied(state: str, worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    world = worlds.copy(state)
    monkeypatch.setenv("POSTGRES_URL", world.url)
    yield world
    worlds.drop(world)


@pytest.fixture
def first_round(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    """Corrected complaints; nothing has run."""
    yield from _copied("first_round", worlds, monkeypatch)


@pytest.fixture
def deployed(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    """A first department model serves; nothing new has happened."""
    yield from _copied("deployed", worlds, monkeypatch)


@pytest.fixture
def second_round(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    """A first department model serves; the corrections that make the next one better are there."""
    yield from _copied("second_round", worlds, monkeypatch)


@pytest.fixture
def promotable(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    """The verdict on a second department model is PROMOTE; the first one still serves."""
    yield from _copied("promotable", worlds, monkeypatch)


@pytest.fixture
def held(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    """A better candidate is on hold, and its sheet of disagreements waits for people."""
    yield from _copied("held", worlds, monkeypatch)


def child_environment(world: World) -> dict[str, str]:
    """The environment of a process of its own: nothing of ours but what a process needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, **world.variables}
