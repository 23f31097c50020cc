"""The demo: two rounds of the loop on one machine, with simulated citizens and officials."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from resources.embedded_postgres import EmbeddedPostgres
from resources.feedback_store import FeedbackStore
from resources.profiles import Settings, build_lane_settings, load_settings, open_feedback_store
from resources.registry.folder import FolderRegistry
from sambodhan_assets.definitions import build_definitions
from sambodhan_assets.demo_world import (
    Period,
    live_through,
    read_truth,
    sample_truth,
    train_first_models,
    write_anchor,
)
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.classifier import TextClassifier, load_classifier
from sambodhan_assets.jobs import pipeline_name
from sambodhan_assets.label_tasks import LABEL_TASKS

BOOTSTRAP_SHARE = 0.25
# A real dataset version needs a thousand rows; the demo's officials correct some dozen.
DEMO_MIN_DATASET_LEN = 30
# Each of the two rounds lasts half of it, long enough for reviews that come two weeks late.
PERIOD = timedelta(days=30)
# Names of the folders under SAMBODHAN_HOME that a new demo replaces.
STATE_FOLDERS = ("registry", "artifacts", "postgres", "demo")

Say = Callable[[str], None]


def run_demo(data: Path | None, say: Say) -> Settings:
    """Runs the loop twice for every label task.

    Args:
        data: CSV with id, grievance and one column of true labels per task; None for the sample.
        say: Receives one line per step.

    Returns:
        The settings of the demo's own runs.

    Raises:
        PermanentError: The database holds data that the demo did not make, or a run failed.
    """
    truth = read_truth(data) if data else sample_truth()
    settings = load_settings()
    store = _start_afresh(settings, say)
    cut = int(len(truth) * BOOTSTRAP_SHARE)
    middle = (cut + len(truth)) // 2
    anchor = write_anchor(truth[:cut], settings.home / "demo" / "anchor.csv")
    settings = load_settings(
        {"MIN_DATASET_LEN": str(DEMO_MIN_DATASET_LEN), "ANCHOR_DATASET": str(anchor)}
    )
    say(f"{len(truth)} labelled grievances: {cut} train a first model and stay as the anchor.")
    say(f"MIN_DATASET_LEN is {DEMO_MIN_DATASET_LEN} in the demo's own runs; the default is 1000.")
    models = train_first_models(truth[:cut])
    for number, rows in enumerate((truth[cut:middle], truth[middle:]), start=1):
        period = live_through(rows, models, started_at=datetime.now(UTC) - PERIOD / number)
        _store(number, period, store, say)
        _run_pipelines(settings, say)
        models = {**models, **_deployed_models(settings)}
    return settings


def _start_afresh(settings: Settings, say: Say) -> FeedbackStore:
    if settings.postgres_url or settings.artifact_store or settings.registry_url:
        raise PermanentError(
            tried="Starting the demo",
            found="POSTGRES_URL, ARTIFACT_STORE or REGISTRY_URL name a store of yours.",
            todo="Unset them: the demo fills stores of its own under SAMBODHAN_HOME.",
        )
    store = open_feedback_store(settings)
    if (settings.home / "demo").exists():
        say(f"Replacing the state of an earlier demo in {settings.home}.")
        EmbeddedPostgres(settings.home / "postgres").stop()
        for name in STATE_FOLDERS:
            shutil.rmtree(settings.home / name, ignore_errors=True)
    elif (newest := store.newest_complaint_id()) is not None:
        raise PermanentError(
            tried="Starting the demo",
            found=f"{settings.home} holds complaints up to id {newest} that no demo made.",
            todo="Set SAMBODHAN_HOME to a new folder; nothing was changed.",
        )
    return store


def _store(number: int, period: Period, store: FeedbackStore, say: Say) -> None:
    store.upsert_complaints(period.complaints)
    store.upsert_corrections([correction.row() for correction in period.corrections])
    errors = ", ".join(f"{count} wrong in {name}" for name, count in period.errors.items())
    say(f"Round {number}: {len(period.complaints)} complaints, {errors}.")
    say(f"Round {number}: officials filed {len(period.corrections)} reviews.")


def _run_pipelines(settings: Settings, say: Say) -> None:
    definitions = build_definitions(LABEL_TASKS, settings)
    folder = settings.home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        for task in LABEL_TASKS:
            job = definitions.resolve_job_def(pipeline_name(task))
            result = job.execute_in_process(instance=instance, raise_on_error=False)
            if not result.success:
                raise PermanentError(
                    tried=f"Running {job.name}",
                    found=f"run {result.run_id} failed.",
                    todo="Its log says why: open the UI with `make ui`.",
                )
            say(f"Ran {job.name}.")


def _deployed_models(settings: Settings) -> dict[str, TextClassifier]:
    registry = FolderRegistry(url=settings.registry_location)
    lanes = build_lane_settings(settings, LABEL_TASKS)
    models: dict[str, TextClassifier] = {}
    for task in LABEL_TASKS:
        repository = lanes.model_repository(task)
        deployment = registry.deployed(repository)
        if deployment is not None:
            with registry.fetched(registry.version(repository, deployment.tag)) as folder:
                models[task.name] = load_classifier(folder, labels=task.labels)
    return models
