"""The demo: two rounds of the loop on one machine, with simulated citizens and officials."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import dagster as dg

from resources.artifact_store import ArtifactStore
from resources.assembly import (
    build_lane_settings,
    open_audit_store,
    open_feedback_store,
    open_registry,
    open_sheets,
)
from resources.audits.files import load_audits
from resources.embedding.base_model import MISSING, packaged_model
from resources.embedding.postgres_pairs import PostgresPairs
from resources.feedback_store import FeedbackStore
from resources.postgres.embedded import EmbeddedPostgres
from resources.profiles import Settings, load_settings
from sambodhan_assets.definitions import build_definitions
from sambodhan_assets.demo_world import (
    Complaint,
    Period,
    fill_in,
    live_through,
    read_truth,
    sample_truth,
    train_first_models,
    write_anchor,
)
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.models.classifier import TextClassifier, load_classifier
from sambodhan_assets.domain.sample.typos import generate_pairs
from sambodhan_assets.jobs import pipeline_name
from sambodhan_assets.label_tasks import EMBEDDING, LABEL_TASKS, LabelTask, Lane
from sambodhan_assets.status import task_status
from sensors.run_outcome import summarise

BOOTSTRAP_SHARE = 0.25
# A real dataset version needs a thousand rows; the demo's officials correct some dozen.
DEMO_MIN_DATASET_LEN = 30
# Each of the two rounds lasts half of it, long enough for reviews that come two weeks late.
PERIOD = timedelta(days=30)
ROUNDS = 2
DEMO_PAIRS, DEMO_SEED = 1000, 1
# Of one candidate; after them it may stay on hold.
MOST_SHEETS = 2
# `make ui` links the same file; without it Dagster would send telemetry.
INSTANCE_FILE = Path(__file__).parents[1] / "dagster.yaml"
# Names of the folders under SAMBODHAN_HOME that a new demo replaces.
STATE_FOLDERS = ("registry", "artifacts", "postgres", "sheets", "demo")

Say = Callable[[str], None]


def run_demo(data: Path | None, *, typos: bool, say: Say) -> Settings:
    """Runs the loop twice for every label task; Dagster's own log goes to a file.

    Args:
        data: CSV with id, grievance and one column of true labels per task; None for the sample.
        typos: Whether to run the embedding lane too, on generated pairs.
        say: Receives one line per step.

    Returns:
        The settings of the demo's own runs.

    Raises:
        PermanentError: The database holds data that the demo did not make, or a run failed.
    """
    truth = read_truth(data) if data else sample_truth()
    settings = load_settings()
    if typos and (settings.embedding_pairs or settings.supabase_url):
        raise PermanentError(
            tried="Starting the demo",
            found="EMBEDDING_PAIRS or SUPABASE_URL name pairs of yours.",
            todo="Unset them: the demo trains on pairs of its own.",
        )
    store = _start_afresh(settings, say)
    cut = int(len(truth) * BOOTSTRAP_SHARE)
    middle = (cut + len(truth)) // 2
    anchor = write_anchor(truth[:cut], settings.home / "demo" / "anchor.csv")
    settings = load_settings(
        {"MIN_DATASET_LEN": str(DEMO_MIN_DATASET_LEN), "ANCHOR_DATASET": str(anchor)}
    )
    say(f"The demo writes to {settings.home}; Dagster's log is {_log_file(settings)}.")
    say(
        f"{len(truth)} labelled grievances: {cut} train the first models and are the anchor corpus."
    )
    say(f"MIN_DATASET_LEN is {DEMO_MIN_DATASET_LEN} in the demo's own runs; the default is 1000.")
    models = train_first_models(truth[:cut])
    for number, rows in enumerate((truth[cut:middle], truth[middle:]), start=1):
        period = live_through(rows, models, started_at=datetime.now(UTC) - PERIOD / number)
        said = partial(_say_of_round, number, say)
        _store(period, store, said)
        with _open_instance(settings.home / "dagster") as instance:
            for task in LABEL_TASKS:
                _run_job(pipeline_name(task), task, settings, instance, said)
                _answer_sheets(task, truth, settings, instance, said)
        models = {**models, **_deployed_models(settings)}
    if typos:
        _correct_typos(settings, say)
    return settings


def _start_afresh(settings: Settings, say: Say) -> FeedbackStore:
    databases = settings.postgres_url or settings.platform_db_url
    registry = settings.registry_url or settings.registry != "folder"
    if databases or settings.artifact_store or registry:
        raise PermanentError(
            tried="Starting the demo",
            found="POSTGRES_URL, PLATFORM_DB_URL, ARTIFACT_STORE, REGISTRY or REGISTRY_URL name a"
            " store of yours.",
            todo="Unset them: the demo fills stores of its own under SAMBODHAN_HOME.",
        )
    store = open_feedback_store(settings)
    if (settings.home / "demo").exists():
        say(f"Replacing the state of an earlier demo in {settings.home}.")
        if not EmbeddedPostgres(settings.home / "postgres").stop():
            raise PermanentError(
                tried="Starting the demo",
                found=f"another process uses the database in {settings.home}.",
                todo="Stop the UI or the run that uses it, then start the demo again.",
            )
        for name in STATE_FOLDERS:
            shutil.rmtree(settings.home / name, ignore_errors=True)
    elif (newest := store.newest_complaint_id()) is not None:
        raise PermanentError(
            tried="Starting the demo",
            found=f"{settings.home} holds complaints up to id {newest} that no demo made.",
            todo="Set SAMBODHAN_HOME to a new folder; nothing was changed.",
        )
    return store


def _say_of_round(number: int, say: Say, line: str) -> None:
    say(f"Round {number} of {ROUNDS}: {line}")


def _store(period: Period, store: FeedbackStore, say: Say) -> None:
    store.upsert_complaints(period.complaints)
    store.upsert_corrections([correction.row() for correction in period.corrections])
    errors = ", ".join(f"{count} wrong in {name}" for name, count in period.errors.items())
    say(f"{len(period.complaints)} complaints answered, {errors}.")
    say(f"officials filed {len(period.corrections)} reviews.")


def _correct_typos(settings: Settings, say: Say) -> None:
    pairs = PostgresPairs(url="", home=str(settings.home))
    count = pairs.add(generate_pairs(DEMO_PAIRS, seed=DEMO_SEED))
    say(f"{count} invented typos of car brands and models; the training takes minutes.")
    if settings.embedding_checkpoint is None and packaged_model() is None:
        say(MISSING)
    with _open_instance(settings.home / "dagster") as instance:
        _run_job(EMBEDDING.pipeline_job, EMBEDDING, settings, instance, say)


def _run_job(
    name: str, task: Lane, settings: Settings, instance: dg.DagsterInstance, say: Say
) -> None:
    job = build_definitions(LABEL_TASKS, settings).resolve_job_def(name)
    started = time.monotonic()
    with _log_file(settings).open("a", encoding="utf-8") as log, redirect_stderr(log):
        result = job.execute_in_process(instance=instance, raise_on_error=False)
    if not result.success:
        reasons = summarise(instance, result.dagster_run).reasons
        raise PermanentError(
            tried=f"Running {name}",
            found=f"run {result.run_id} failed: {' '.join(reasons)}",
            todo=f"{_log_file(settings)} tells more.",
        )
    say(f"{name}: {_outcome(task, settings)} ({time.monotonic() - started:.0f} s)")


def _answer_sheets(
    task: LabelTask,
    truth: Sequence[Complaint],
    settings: Settings,
    instance: dg.DagsterInstance,
    say: Say,
) -> None:
    """On HOLD officials fill in the sheet, as true as their labels are, and the gate decides."""
    audits, sheets = open_audit_store(settings), open_sheets(settings)
    for _ in range(MOST_SHEETS):
        waiting = [batch for batch in audits.open_batches() if batch.asked == (task.column,)]
        if not waiting:
            return
        file = sheets.file_of(waiting[0].name).with_suffix(".csv")
        fill_in(file, truth)
        loaded = load_audits(file, audits, now=datetime.now(UTC), db_timezone=settings.db_timezone)
        say(
            f"officials labelled {loaded.labelled} complaints that the two models answer otherwise."
        )
        _run_job(f"decide_{task.name}", task, settings, instance, say)


def _open_instance(folder: Path) -> dg.DagsterInstance:
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / INSTANCE_FILE.name
    if INSTANCE_FILE.exists() and not link.exists():
        link.symlink_to(INSTANCE_FILE)
    return dg.DagsterInstance.from_config(str(folder))


def _log_file(settings: Settings) -> Path:
    return settings.home / "demo" / "dagster.log"


def _outcome(task: Lane, settings: Settings) -> str:
    state = task_status(
        task,
        build_lane_settings(settings, LABEL_TASKS),
        ArtifactStore(url=settings.artifact_url),
        open_registry(settings),
    )
    decided = state.verdict or "nothing to decide"
    return f"dataset {state.dataset_version}, {decided}, {state.deployed or 'nothing'} serves."


def _deployed_models(settings: Settings) -> dict[str, TextClassifier]:
    registry = open_registry(settings)
    lanes = build_lane_settings(settings, LABEL_TASKS)
    models: dict[str, TextClassifier] = {}
    for task in LABEL_TASKS:
        repository = lanes.model_repository(task)
        deployment = registry.deployed(repository)
        if deployment is not None:
            with registry.fetched(registry.version(repository, deployment.tag)) as folder:
                models[task.name] = load_classifier(folder, labels=task.labels)
    return models
