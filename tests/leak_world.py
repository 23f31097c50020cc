"""Real runs with planted secrets and marked complaints, and all that they leave behind.

A first deployment and a candidate on hold, on the stand-in Hub; then four red runs: the Hub
refuses the token, the database refuses the password, a library quotes all that it has at hand, and
a complaint stands in the column of a label.
"""

import json
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from resources.postgres.embedded import EmbeddedPostgres
from resources.registry.hub import HubRegistry
from tests.citizens import live_second_round
from tests.databases import execute, text_of
from tests.lane_states import Worlds
from tests.lane_world import ROOT, World, child_environment
from tests.mail_servers import PASSWORD, mail_server, make_certificate, webhook
from tests.standins.hubserver import LiveHub

# Every complaint begins with the one and ends with the other.
MARKS = ("zqkleakmark", "गोप्यचिन्ह")
DATABASE_PASSWORD = "pLanted/Db@geheim:1%42"
WRONG_PASSWORD = "pLanted/Wrong@geheim:2"
TOKEN = "hf_pLantedRightGeheim3"
WRONG_TOKEN = "hf_pLantedWrongGeheim4"
TRACKER_KEY = "pLantedTrackerGeheim5".ljust(40, "0")
WEBHOOK_PATH = "/services/geheim-hook"
SECRETS = (
    DATABASE_PASSWORD,
    WRONG_PASSWORD,
    TOKEN,
    WRONG_TOKEN,
    TRACKER_KEY,
    PASSWORD,
    WEBHOOK_PATH,
)


@dataclass(frozen=True, kw_only=True)
class Traces:
    """All that the runs left behind.

    Attributes:
        home: SAMBODHAN_HOME, DAGSTER_HOME in it.
        runs: Outcome by job, in order: green or red.
        printed: Output and errors of the processes.
        mails: Messages as the mail server got them.
        chats: Bodies that the webhook got.
        hub: Bytes of each file of every commit on the Hub, by repository and path.
        commits: What the commits on the Hub say.
    """

    home: Path
    runs: tuple[str, ...]
    printed: bytes
    mails: tuple[bytes, ...]
    chats: tuple[bytes, ...]
    hub: Mapping[str, bytes]
    commits: str


@contextmanager
def guarded_role(postgres_server: EmbeddedPostgres) -> Generator[None]:
    """A role whose password the server demands."""
    url = text_of(postgres_server.url())
    hba = postgres_server.data_folder / "pg_hba.conf"
    before = hba.read_text()
    hba.write_text("local all planted scram-sha-256\n" + before)
    role = DATABASE_PASSWORD.replace("'", "''").replace("%", "%%")
    execute(url, f"CREATE ROLE planted SUPERUSER LOGIN PASSWORD '{role}'".replace("%%", "%"))
    execute(url, "SELECT pg_reload_conf()")
    yield
    hba.write_text(before)
    execute(url, "DROP ROLE planted", "SELECT pg_reload_conf()")


def with_password(url: str, password: str) -> str:
    return text_of(sa.make_url(url).set(username="planted", password=password))


def mark(url: str) -> None:
    first, last = MARKS
    execute(
        url,
        f"UPDATE complaints SET message = '{first} ' || message || ' {last}'"
        f" WHERE message NOT LIKE '{first}%'",
    )


class Runner:
    """A process that runs jobs, and all that it prints."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.printed = b""
        self.runs: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.leak_child"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *, broken: bool = False, **variables: str) -> None:
        """Runs the lane under changed variables, which later runs keep, to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"job": "department_pipeline", "broken": broken, "variables": variables}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            self.printed += line
            if line.endswith((b" green\n", b" red\n")):
                self.runs.append(line.split()[1].decode())
                return
        raise AssertionError(self.printed.decode()[-3000:])

    def end(self) -> None:
        rest, _ = self._process.communicate()
        self.printed += rest


@contextmanager
def left_traces(worlds: Worlds, scratch: Path) -> Generator[Traces]:
    """Runs everything; `scratch` is an empty folder that is not searched."""
    world = worlds.copy("first_round")
    certificate = make_certificate(scratch)
    with (
        mail_server(certificate, "starttls") as mails,
        webhook() as (slack_url, chats, codes),
        LiveHub(xet=False) as hub,
    ):
        hub.call("POST", "/_tokens", {TOKEN: {"user": "alice", "role": "write", "orgs": []}})
        runner = Runner(
            {
                **child_environment(world),
                **mail_variables(mails.port, certificate),
                "DAGSTER_HOME": str(dagster_home(world)),
                "POSTGRES_URL": with_password(world.url, DATABASE_PASSWORD),
                "SLACK_WEBHOOK_URL": slack_url,
                "WANDB_MODE": "offline",
                "WANDB_API_KEY": TRACKER_KEY,
                **hub_variables(hub, scratch),
            }
        )
        # What is tried again is logged, and the address of a webhook is a secret.
        codes.append(503)
        try:
            run_all(runner, world, hub)
        finally:
            runner.end()
        yield Traces(
            home=world.home,
            runs=tuple(runner.runs),
            printed=runner.printed,
            mails=tuple(message.as_bytes() for message in mails.messages),
            chats=tuple(body.encode() for body in dict.fromkeys(chats)),
            hub=dict(files_on(hub)),
            commits=json.dumps(hub.state(), ensure_ascii=False),
        )
    worlds.drop(world)


def run_all(runner: Runner, world: World, hub: LiveHub) -> None:
    """A first deployment, a candidate on hold, and four red runs."""
    mark(world.url)
    runner.run()
    # What the test itself asks the registry for, too, is on the Hub.
    vars(world)["registry"] = HubRegistry(endpoint=hub.endpoint, token=TOKEN)
    live_second_round(world, share=0.7)
    mark(world.url)
    runner.run()
    runner.run(HF_TOKEN=WRONG_TOKEN, WANDB_MODE="disabled")
    right = with_password(world.url, DATABASE_PASSWORD)
    runner.run(POSTGRES_URL=with_password(world.url, WRONG_PASSWORD), HF_TOKEN=TOKEN)
    runner.run(POSTGRES_URL=right, WANDB_MODE="offline", broken=True)
    execute(
        world.url,
        "UPDATE misclassified_complaints SET correct_department = (SELECT message || message"
        " FROM complaints WHERE complaints.id = complaint_id) WHERE id ="
        " (SELECT max(id) FROM misclassified_complaints WHERE correct_department IS NOT NULL)",
    )
    runner.run(WANDB_MODE="disabled")


def dagster_home(world: World) -> Path:
    folder = world.home / "dagster"
    folder.mkdir()
    (folder / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
    return folder


def hub_variables(hub: LiveHub, scratch: Path) -> dict[str, str]:
    return {
        "REGISTRY": "hub",
        "HF_ENDPOINT": hub.endpoint,
        "HF_TOKEN": TOKEN,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HOME": str(scratch / "hf"),
    }


def mail_variables(port: int, certificate: Path) -> dict[str, str]:
    return {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port),
        "SMTP_USER": "sambodhan",
        "SMTP_PASSWORD": PASSWORD,
        "SSL_CERT_FILE": str(certificate),
        "MAIL_FROM": "sambodhan@example.org",
        "MAIL_TO": "admin@example.org",
    }


def files_on(hub: LiveHub) -> Iterator[tuple[str, bytes]]:
    for (kind, name), repository in hub.hub.repos.items():
        for oid, commit in repository.commits.items():
            for path, file in commit.files.items():
                yield f"{kind}/{name}@{oid}/{path}", hub.hub.get(file)
