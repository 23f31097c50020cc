"""The folder of mails: files that any client opens, and that wait here for a mail server.

`RUN.unsent` waits; `RUN.eml` was sent, or nobody has to send it. Either says that people have been
or will be told, so that a run is told once.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

_LAST_TRY = ".last-try"


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """Mails by run; every other call belongs into `locked`."""

    folder: Path

    @contextmanager
    def locked(self) -> Generator[None]:
        """Keeps out other processes that tell of the same runs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".lock"):
            yield

    def knows(self, run_id: str) -> bool:
        """Whether there is a mail about this run."""
        return any((self.folder / f"{run_id}.{end}").exists() for end in ("eml", "unsent"))

    def put(self, run_id: str, message: bytes, *, to_send: bool) -> None:
        """Keeps a mail, whole or not at all."""
        file = self.folder / f"{run_id}.{'unsent' if to_send else 'eml'}"
        half = file.with_suffix(".part")
        half.write_bytes(message)
        half.replace(file)

    def waiting(self) -> list[Path]:
        """Mails to send, oldest first."""
        aged = [(file.stat().st_mtime_ns, file) for file in self.folder.glob("*.unsent")]
        return [file for _, file in sorted(aged)]

    def close(self, file: Path) -> None:
        """Nobody has to send this mail any more."""
        file.replace(file.with_suffix(".eml"))

    def age(self, file: Path) -> float:
        """Seconds since a mail was put here."""
        return time.time() - file.stat().st_mtime

    def note_failure(self) -> None:
        """The mail server did not take what waits."""
        (self.folder / _LAST_TRY).touch()

    def note_success(self) -> None:
        """The mail server works: what else waits is due at once."""
        (self.folder / _LAST_TRY).unlink(missing_ok=True)

    def is_due(self, least_seconds: float) -> bool:
        """Whether the oldest mail has waited since the last try as long as up to it, or longer.

        So a server that is away, or refuses a password, is asked a dozen times in five days.
        """
        waiting, last_try = self.waiting(), self.folder / _LAST_TRY
        if not waiting or not last_try.exists():
            return bool(waiting)
        pause = self.age(last_try)
        return pause >= max(least_seconds, self.age(waiting[0]) - pause)
