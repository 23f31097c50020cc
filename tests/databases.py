"""Databases for tests: one embedded server per session, one fresh database per test, builders.

`tests/conftest.py` makes the fixtures known. The builders take overrides by keyword:

    store.upsert_complaints([complaint(3, department="Security & Law Enforcement")])
    store.upsert_corrections([correction(3, correct_urgency="URGENT")])
"""

import shutil
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from resources.audits.postgres import PostgresAudits
from resources.feedback_store import FeedbackStore
from resources.postgres.embedded import EmbeddedPostgres
from resources.postgres.url import database_url
from sambodhan_assets.domain.dataset.snapshot import FeedbackSnapshot
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask

DEPARTMENT, URGENCY = LABEL_TASKS
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


@contextmanager
def open_folder() -> Generator[Path]:
    """A short temporary folder that the server's own user may enter too when root runs tests."""
    folder = Path(tempfile.mkdtemp(prefix="sambodhan-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Generator[EmbeddedPostgres]:
    """A running server in a folder of its own, stopped and removed at the end."""
    with open_folder() as folder:
        server = EmbeddedPostgres(folder / "postgres")
        server.url()
        yield server
        server.stop()


@pytest.fixture
def empty_database(postgres_server: EmbeddedPostgres) -> Generator[str]:
    """URL of a fresh database without any table, dropped after the test."""
    server = postgres_server.url()
    name = f"test_{uuid.uuid4().hex}"
    execute(text_of(server), f'CREATE DATABASE "{name}"')
    yield text_of(server.set(database=name))
    execute(text_of(server), f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def feedback_url(empty_database: str) -> str:
    """URL of a fresh database with the two empty tables of feedback."""
    feedback_store(empty_database).initialise()
    return empty_database


def text_of(url: sa.URL) -> str:
    """The address as text, password included."""
    return url.render_as_string(hide_password=False)


def connect(url: str) -> psycopg.Connection:
    """A plain driver connection, for what the store itself must never do."""
    address = database_url(url)
    options = address.translate_connect_args(username="user", database="dbname")
    return psycopg.connect(**options, **address.query, autocommit=True)


def execute(url: str, *statements: str) -> list[tuple]:
    """Runs statements, each committed; returns the rows of the last one."""
    with connect(url) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def feedback_store(url: str, **overrides: str) -> FeedbackStore:
    """A store on that database."""
    return FeedbackStore(**{"url": url, "home": "/nonexistent"} | overrides)


def audit_store(url: str) -> PostgresAudits:
    """Audits in a database of the server of all tests."""
    return PostgresAudits(url=url, home="/nonexistent")


def read_only(url: str) -> str:
    """The address under which nothing can be written."""
    return f"{url}{'&' if '?' in url else '?'}options=-c%20default_transaction_read_only%3Don"


def complaint(complaint_id: int, **overrides: object) -> dict[str, object]:
    """A complaint with plain labels."""
    return {
        "id": complaint_id,
        "message": f"Complaint number {complaint_id}",
        "department": DEPARTMENT.labels[0],
        "urgency": URGENCY.labels[0],
        "created_at": NOON,
    } | overrides


def correction(complaint_id: int, **overrides: object) -> dict[str, object]:
    """A reviewed report that corrects both labels of `complaint(complaint_id)`."""
    return {
        "complaint_id": complaint_id,
        "model_predicted_department": DEPARTMENT.labels[0],
        "model_predicted_urgency": URGENCY.labels[0],
        "correct_department": DEPARTMENT.labels[1],
        "correct_urgency": URGENCY.labels[1],
        "reviewed": True,
        "reviewed_at": NOON,
    } | overrides


def snapshot(
    store: FeedbackStore, task: LabelTask = DEPARTMENT, **overrides: object
) -> FeedbackSnapshot:
    """A snapshot of everything as the window, with no replay and no window sample."""
    defaults = {
        "correct_ratio": 0.5,
        "replay_max": 0,
        "window_after_id": None,
        "window_max": 0,
        "seed": 42,
    }
    return store.snapshot(task, **defaults | overrides)
