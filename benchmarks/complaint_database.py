"""Builds a PostgreSQL database of many complaints, one in a hundred of them corrected."""

import random
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from benchmarks.generated_texts import generate_texts
from resources.feedback_store import FeedbackStore
from resources.postgres.embedded import EmbeddedPostgres
from sambodhan_assets.label_tasks import LABEL_TASKS, LabelTask

CORRECTED_ONE_IN = 100
SEED = 20_250_601
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
LINES_PER_WRITE = 5_000
# What separates columns and rows in COPY's text format, and the backslash itself.
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})

COMPLAINT_COLUMNS = ("id", "message", *(task.column for task in LABEL_TASKS))
REVIEW_COLUMNS = (
    "complaint_id",
    *(f"model_predicted_{task.column}" for task in LABEL_TASKS),
    *(f"correct_{task.column}" for task in LABEL_TASKS),
    "reviewed",
    "reviewed_at",
)


@contextmanager
def database_of(complaints: int) -> Generator[tuple[str, Path]]:
    """Build a database on a server of its own; both are gone afterwards.

    The settings of the server are those of a fresh installation.

    Yields:
        Its address, and the data folder of the server.
    """
    folder = Path(tempfile.mkdtemp(prefix="sambodhan-benchmark-"))
    # Where root runs this, the server is another user, who must be able to enter.
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres")
    try:
        url = server.url().render_as_string(hide_password=False)
        FeedbackStore(url=url, home=str(folder)).initialise()
        fill(url, complaints)
        yield url, folder / "postgres"
    finally:
        server.stop()
        shutil.rmtree(folder)


def fill(url: str, complaints: int) -> None:
    """Write the rows into the two empty tables, and leave them as a server at rest has them."""
    address = url.replace("postgresql+psycopg:", "postgresql:")
    reviews: list[str] = []
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        lines = _complaint_lines(complaints, reviews)
        _copy(connection, "complaints", COMPLAINT_COLUMNS, lines)
        _copy(connection, "misclassified_complaints", REVIEW_COLUMNS, iter(reviews))
        # Autovacuum would do this minutes later, in the middle of a measurement.
        connection.execute("VACUUM (ANALYZE, FREEZE)")
        connection.execute("CHECKPOINT")


def _copy(
    connection: psycopg.Connection, table: str, columns: tuple[str, ...], lines: Iterator[str]
) -> None:
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor().copy(statement.encode()) as copy:
        waiting: list[str] = []
        for line in lines:
            waiting.append(line)
            if len(waiting) == LINES_PER_WRITE:
                copy.write("".join(waiting))
                waiting.clear()
        copy.write("".join(waiting))


def _complaint_lines(count: int, reviews: list[str]) -> Iterator[str]:
    """Yield the complaints for COPY, and add the reviews of the corrected ones to `reviews`."""
    rng = random.Random(SEED)
    corrected = set(rng.sample(range(1, count + 1), count // CORRECTED_ONE_IN))
    for number, text in enumerate(generate_texts(count, seed=SEED), start=1):
        answers = [_any_label(rng, task) for task in LABEL_TASKS]
        yield "\t".join([str(number), text.translate(ESCAPES), *answers]) + "\n"
        if number in corrected:
            right = [_other_label(rng, task, a) for task, a in zip(LABEL_TASKS, answers)]  # noqa: B905
            moment = FIRST_DAY + timedelta(seconds=rng.randrange(360 * 24 * 3600))
            line = [str(number), *answers, *right, "t", moment.isoformat()]
            reviews.append("\t".join(line) + "\n")


def _any_label(rng: random.Random, task: LabelTask) -> str:
    # Unequal shares, as real departments have them.
    size = len(task.labels)
    return task.labels[int(rng.random() ** 1.5 * size)]


def _other_label(rng: random.Random, task: LabelTask, answer: str) -> str:
    return rng.choice([label for label in task.labels if label != answer])
