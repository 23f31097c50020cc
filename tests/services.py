"""Real Dagster processes for tests, each group with a DAGSTER_HOME of its own.

    with machine(world.variables, tmp_path) as here:
        assert here.execute("department_pipeline").returncode == 0
        with here.running("dagster-daemon", "run", "-w", WORKSPACE):
            wait_for(here.some_condition, "the daemon's first tick")

Whatever a test does, `machine` ends every process that it started and their children.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import dagster as dg
import psutil
import sqlalchemy as sa

from tests.databases import open_folder

ROOT = Path(__file__).parents[1]
WORKSPACE = ROOT / "workspace.yaml"
DEFINITIONS = "sambodhan_assets.definitions"
LAPTOP = ROOT / "dagster.yaml"
SERVER = ROOT / "deploy/dagster.postgres.yaml"

# Generous: a loaded machine of two cores takes ten times as long as a quiet one.
DEADLINE = 240.0
POLL_SECONDS = 0.2
GRACE_SECONDS = 30.0
PATIENCE_SECONDS = 15.0

T = TypeVar("T")

# What a process needs beside our settings.
_KEPT = ("PATH", "HOME", "LANG")


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running program.

    Attributes:
        process: The program; it leads a process group of its own.
        log: What it has written to its output and error streams.
    """

    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> int:
        """Ends the program alone, at once; returns its exit code."""
        self.process.kill()
        return self.process.wait(DEADLINE)

    def interrupt(self, number: signal.Signals) -> int:
        """Interrupts the program alone, and waits for its exit code.

        Python loses a signal that comes inside a destructor: it is sent again, as people do.
        """
        deadline = time.monotonic() + DEADLINE
        while self.process.poll() is None and time.monotonic() < deadline:
            self.process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(PATIENCE_SECONDS)
        return self.process.wait(POLL_SECONDS)

    @property
    def text(self) -> str:
        """Everything written so far."""
        return self.log.read_text(errors="replace")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One DAGSTER_HOME and the environment of all programs that use it.

    Attributes:
        folder: Holds DAGSTER_HOME and the logs of the programs.
        environment: Complete environment of every program.
    """

    folder: Path
    environment: Mapping[str, str]

    @property
    def dagster_home(self) -> Path:
        return self.folder / "dagster"

    def execute(
        self, job: str, *options: str, cwd: Path = ROOT, **settings: str
    ) -> "subprocess.CompletedProcess[str]":
        """`dagster job execute`, to its end."""
        with self.executing(job, *options, cwd=cwd, **settings) as service:
            code = service.process.wait(DEADLINE)
        return subprocess.CompletedProcess([job, *options], code, service.text)

    @contextmanager
    def executing(
        self, job: str, *options: str, cwd: Path = ROOT, **settings: str
    ) -> Generator[Service]:
        """`dagster job execute`, while it runs."""
        command = ("dagster", "job", "execute", "-m", DEFINITIONS, "-j", job, *options)
        with self.running(*command, cwd=cwd, **settings) as service:
            yield service

    @contextmanager
    def running(
        self, *command: str | Path, cwd: Path = ROOT, **settings: str
    ) -> Generator[Service]:
        """A program of the virtual environment, stopped at the end as by Ctrl-C."""
        program = Path(sys.executable).with_name(str(command[0]))
        log = self.folder / f"{program.name}-{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [program, *map(str, command[1:])],
                cwd=cwd,
                env={**self.environment, **settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_obey_interrupts,
            )
        try:
            yield Service(process=process, log=log)
        finally:
            _stop(process)

    @contextmanager
    def instance(self) -> Generator[dg.DagsterInstance]:
        """The Dagster instance of this machine, read from the test's own process."""
        with dg.DagsterInstance.from_config(str(self.dagster_home)) as instance:
            yield instance

    def runs(self, job: str | None = None) -> list[dg.DagsterRun]:
        """All runs, or those of one job, oldest first."""
        with self.instance() as instance:
            return list(reversed(instance.get_runs(dg.RunsFilter(job_name=job))))

    def processes(self) -> list[psutil.Process]:
        """Every live process of Dagster that carries this DAGSTER_HOME, whoever started it.

        A server of PostgreSQL inherits it too, but must not be killed.
        """
        home = str(self.dagster_home)
        return [
            process
            for process in psutil.process_iter(["name"])
            if not process.info["name"].startswith("postgres")
            and _environment(process).get("DAGSTER_HOME") == home
        ]


@contextmanager
def machine(
    settings: Mapping[str, str], folder: Path, *, instance_file: Path = LAPTOP
) -> Generator[Machine]:
    """A machine on which nothing has run; all its processes are ended at the end."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # What killed programs leave in the temporary folder goes with it. Its path is short: sockets
    # lie there, and their paths may have 107 characters.
    with open_folder() as scratch:
        own = {"DAGSTER_HOME": str(folder / "dagster"), "TMPDIR": str(scratch)}
        here = Machine(folder=folder, environment={**kept, **settings, **own})
        here.dagster_home.mkdir()
        shutil.copy(instance_file, here.dagster_home / "dagster.yaml")
        try:
            yield here
        finally:
            # Children may live in groups of their own, and one may just be starting another.
            while left := here.processes():
                for process in left:
                    _kill(process)


def postgres_variables(url: sa.URL) -> dict[str, str]:
    """What deploy/dagster.postgres.yaml asks for, for an embedded server."""
    return {
        # It listens on a socket only: libpq takes PGHOST when the host is empty.
        "DAGSTER_PG_HOST": "",
        "PGHOST": str(url.query.get("host", url.host)),
        "DAGSTER_PG_PORT": str(url.port or 5432),
        "DAGSTER_PG_USERNAME": str(url.username),
        "DAGSTER_PG_PASSWORD": "p@ss:word/%",
        "DAGSTER_PG_DB": str(url.database),
    }


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition: Callable[[], T], what: str, *services: Service) -> T:
    """Asks until the answer is true; after the deadline shows what the services wrote."""
    deadline = time.monotonic() + DEADLINE
    while True:
        answer = condition()
        if answer:
            return answer
        dead = [service for service in services if service.process.poll() is not None]
        if dead or time.monotonic() > deadline:
            logs = "\n".join(service.text[-4000:] for service in services)
            raise AssertionError(f"{'The program ended' if dead else 'Too late'}: {what}\n{logs}")
        time.sleep(POLL_SECONDS)


def _obey_interrupts() -> None:
    """A shell starts background programs with SIGINT ignored, and Dagster then ignores SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """As Ctrl-C in a terminal, which reaches the whole group; by force if that takes too long."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()
        process.wait()


def _environment(process: psutil.Process) -> Mapping[str, str]:
    try:
        return process.environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return {}
