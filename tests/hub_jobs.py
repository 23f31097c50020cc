"""Publishers and deployers at work in processes of their own, which a test can kill."""

import json
import os
import signal
import subprocess
import sys
from typing import Any, NamedTuple

from tests.lane_world import ROOT


class Said(NamedTuple):
    """How a job ended: the tag that it made or found, or the class and the text of its error."""

    tag: str | None
    error: str | None
    text: str


class Job:
    """A publisher or deployer at work."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid: int = self._line()["pid"]
        self._said: dict[str, Any] = {}
        self._exit: int | None = None

    @property
    def ended(self) -> bool:
        """Whether the end of it was waited for."""
        return self._exit is not None

    def kill(self) -> None:
        """SIGKILL: nothing of the process runs after this."""
        os.kill(self.pid, signal.SIGKILL)
        self._wait()
        assert self._exit == -signal.SIGKILL, self._said

    def result(self) -> Said:
        """Waits for the end."""
        self._wait()
        assert self._exit == 0
        assert self._said.get("error") != "crash", self._said["text"]
        text = f"{self._said.get('text')} {self._said.get('cause')}"
        return Said(self._said.get("made"), self._said.get("error"), text)

    def _wait(self) -> None:
        while self._exit is None:
            line = self._line()
            self._exit = line.get("exit")
            self._said |= line

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def forking_process(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.hub_child"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end(child: subprocess.Popen[str]) -> None:
    # The whole group: a job that a failed test left at work must not outlive it.
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
