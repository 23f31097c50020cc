"""A small world for tests of the lane: its database, its folders, and what serves there.

    outcome = run(world, "department_pipeline")
    assert outcome.made == ["department/raw_feedback", ...]

Its runs stand in `lane_runs`, its citizens in `citizens`, its states in `lane_states`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.assembly import build_lane_settings
from resources.feedback_store import FeedbackStore
from resources.lane_settings import LaneSettings
from resources.profiles import Settings, load_settings
from resources.registry.folder import FolderRegistry
from sambodhan_assets.domain.models.classifier import TextClassifier, load_classifier
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask
from tests.databases import feedback_store

ROOT = Path(__file__).parents[1]
DEPARTMENT, URGENCY = LABEL_TASKS
ROWS = 300
STAGES = (
    "raw_feedback",
    "balanced_dataset",
    "dataset_version",
    "trained_model",
    "evaluation",
    "deployed_tag",
)


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


def keys(task: LabelTask, *stages: str) -> list[str]:
    """Asset keys as text."""
    return [f"{task.name}/{stage}" for stage in stages]


def child_environment(world: World) -> dict[str, str]:
    """The environment of a process of its own: nothing of ours but what a process needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, **world.variables}
