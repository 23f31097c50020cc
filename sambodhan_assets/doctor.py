"""Checks that the platform can work with its settings, and says what to do where it cannot."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from resources.anchor_corpus import read_anchor_corpus
from resources.assembly import (
    hub_account,
    open_audit_store,
    open_feedback_store,
    open_notifier,
)
from resources.profiles import Settings
from resources.registry.base import Publication, Repository
from resources.registry.folder import FolderRegistry
from resources.task_lease import TaskLeases
from sambodhan_assets.domain.errors import PlatformError
from sambodhan_assets.jobs import TASK_TAG
from sambodhan_assets.label_tasks import LABEL_TASKS, LANES
from sambodhan_assets.lane_examination import examine_lanes
from sambodhan_assets.space.examination import examine_spaces

# The daemon reports every 30 s.
DAEMON_SILENT_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the examination.

    Attributes:
        level: ok, warning (works, but not well) or error (does not work).
        text: What was found, and what to do.
    """

    level: Literal["ok", "warning", "error"]
    text: str


def examine(settings: Settings) -> list[Finding]:
    """Checks settings, databases, anchor corpus, stores, versions, Spaces and the instance."""
    return [
        Finding(level="ok", text=f"SAMBODHAN_HOME is {settings.home}."),
        *_database(settings),
        *_audits(settings),
        *_anchor(settings),
        *_registry(settings),
        *_store("Artifact store", settings.artifact_url),
        *(Finding(level=level, text=text) for level, text in examine_lanes(settings)),
        *messages(settings),
        *(Finding(level=level, text=text) for level, text in examine_spaces(settings)),
        *_dagster(settings),
    ]


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        health = open_feedback_store(settings).health()
    except PlatformError as error:
        yield Finding(level="error", text=str(error))
        return
    if health.reachable:
        kind = "embedded" if health.embedded else "from POSTGRES_URL"
        yield Finding(level="ok", text=f"PostgreSQL {health.server_version}, {kind}, answers.")
    if health.read_only:
        text = "This role may only read, which is enough; `load` and `db init` need another one."
        yield Finding(level="ok", text=text)
    yield from (Finding(level="error", text=text) for text in health.problems)
    yield from (Finding(level="warning", text=text) for text in health.warnings)


def _audits(settings: Settings) -> Iterator[Finding]:
    """Where the labels go that people give on request, and whether they can be written there."""
    audits = open_audit_store(settings)
    try:
        table = audits.table()
        rights = table.rights()
        if settings.platform_db_url and not rights.usable:
            text = "The role of PLATFORM_DB_URL may not read and write complaint_audits, or create"
            yield Finding(level="error", text=f"{text} it; `sambodhan db init` says what is to do.")
            return
        waiting = len(audits.open_batches())
        kept = f"Labels given on request are kept in {audits.place()}; open sheets: {waiting}."
    except PlatformError as error:
        yield Finding(level="error", text=str(error))
        return
    if rights.usable:
        yield Finding(level="ok", text=kept)
        return
    unread = " What complaint_audits holds there is not read." if rights.exists else ""
    todo = "PLATFORM_DB_URL names a database that may be written."
    yield Finding(level="warning", text=f"{kept}{unread} {todo}")


def _anchor(settings: Settings) -> Iterator[Finding]:
    if settings.anchor_dataset is None:
        yield Finding(
            level="warning",
            text="No anchor corpus: set ANCHOR_DATASET to labelled rows, so that models do not "
            "forget what they were first trained on.",
        )
        return
    try:
        for task in LABEL_TASKS:
            read_anchor_corpus(settings.anchor_dataset, task)
    except PlatformError as error:
        yield Finding(level="error", text=str(error))
        return
    yield Finding(level="ok", text=f"Anchor corpus {settings.anchor_dataset} can be read.")


def _registry(settings: Settings) -> Iterator[Finding]:
    if settings.registry == "folder":
        yield from _store("Registry", settings.registry_location)
        return
    try:
        account = hub_account(settings)
    except PlatformError as error:
        yield Finding(level="error", text=str(error))
        return
    yield Finding(level="ok", text=f"Registry: the Hub knows HF_TOKEN as the account {account}.")


def _store(name: str, url: str) -> Iterator[Finding]:
    """Publishes and reads back a small version: listing alone would not show missing rights."""
    registry = FolderRegistry(url=url)
    probe = Repository(kind="probe", name="doctor")
    try:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "probe.txt").write_text("can be written\n", encoding="utf-8")
            registry.publish(probe, Path(folder), Publication(run_id="doctor", details={}))
        registry.discard(probe)
    except PlatformError as error:
        yield Finding(level="error", text=str(error))
        return
    yield Finding(level="ok", text=f"{name} {url} can be written and read back.")


def messages(settings: Settings) -> Iterator[Finding]:
    """Whether the mail server would take a mail; none is sent, and Slack is not called."""
    if settings.smtp_host is None:
        text = f"Mails are files in {settings.home / 'mail'}; SMTP_HOST would send them."
        yield Finding(level="ok", text=text)
    elif problem := open_notifier(settings).try_login():
        yield Finding(level="error", text=f"No mail can be sent: {problem}")
    else:
        login = "takes the login" if settings.smtp_user else "answers; no login is set"
        where = f"{settings.smtp_host}:{settings.mail_port} ({settings.smtp_security})"
        yield Finding(level="ok", text=f"Mail server {where} {login}.")
    if settings.slack_webhook_url:
        text = "SLACK_WEBHOOK_URL is set; it was not called, since that would post a message."
        yield Finding(level="ok", text=text)


def _dagster(settings: Settings) -> Iterator[Finding]:
    """Runs must be kept somewhere, and sensors and schedules need the daemon."""
    from dagster_postgres.utils import DagsterPostgresException

    try:
        with dg.DagsterInstance.get() as instance:
            yield from _instance(settings, instance)
    except (dg.DagsterError, DagsterPostgresException, SQLAlchemyError) as error:
        yield Finding(
            level="warning",
            text=f"Dagster keeps no runs: {str(error).splitlines()[0].strip().rstrip('.')}. "
            f"`make ui` sets DAGSTER_HOME={settings.home / 'dagster'}; set it for `dagster` too.",
        )


def _instance(settings: Settings, instance: dg.DagsterInstance) -> Iterator[Finding]:
    place = instance.root_directory
    beat = instance.get_daemon_heartbeats().get("SENSOR")
    if beat is not None and time.time() - beat.timestamp < DAEMON_SILENT_SECONDS:
        text = f"Dagster's instance is {place}; its daemon runs, so sensors and schedules fire."
        yield Finding(level="ok", text=text)
    else:
        text = f"Dagster's instance is {place}, but no daemon runs: sensors and schedules do not"
        yield Finding(level="warning", text=f"{text} fire. `make ui` starts one.")
    for state in instance.all_instigator_state():
        if (state.instigator_type.value, state.status.value) == ("SENSOR", "STOPPED"):
            text = f"The sensor {state.instigator_name} is switched off; the UI shows it under"
            yield Finding(level="warning", text=f"{text} Automation.")
    for task_name, run_id in _killed_runs(settings, instance):
        text = f"Run {run_id} is recorded as running, but no process works on {task_name}: it was"
        text += " killed, and the sensor waits for it. A daemon ends it; "
        text += f"`dagster run delete {run_id}` forgets it."
        yield Finding(level="warning", text=text)
    if instance.telemetry_enabled:
        text = f"Dagster sends telemetry: link this project's dagster.yaml into {place}."
        yield Finding(level="warning", text=text)


def _killed_runs(settings: Settings, instance: dg.DagsterInstance) -> list[tuple[str, str]]:
    """(task, run) of runs whose process is gone; Dagster notices only those that it started."""
    leases = TaskLeases(home=str(settings.home))
    free = [lane.name for lane in LANES if not leases.is_held(lane.name)]
    return [
        (name, run.run_id)
        for name in free
        for run in instance.get_runs(
            dg.RunsFilter(tags={TASK_TAG: name}, statuses=[dg.DagsterRunStatus.STARTED])
        )
    ]
