"""The tracker of Weights & Biases: runs are sent by a program of its own, in bounded time.

Stages note what they made; when the process has done its part of a run, everything goes to W&B at
once. So a run waits at most once for a service that is away, and wandb, with its threads and its
exit handlers, is never loaded where models train. What cannot be sent is written as an offline run
from the start: a log that wandb could not finish may lack its end.
"""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import dagster as dg
import psutil
from pydantic import Field, PrivateAttr

from resources.masking import mask
from resources.tracking.base import Tracker
from resources.tracking_settings import needed_environment
from sambodhan_assets.domain.tracking.tracked import AlertLevel, RunPlace, Tracked

# Longest wait for the output of a program that was killed.
_LAST_WORDS_SECONDS = 5.0
_SENDER = Path(__file__).with_name("send_to_wandb.py")
# Dagster's own name for the job behind the button "Materialize"; people do not know it.
_BUTTON_JOB = "__ASSET_JOB"

Mode = Literal["online", "offline"]


class WandbTracker(Tracker):
    """Shows runs in W&B. One run of the platform is one W&B run per project, with the same id."""

    folder: str = Field(description="Folder of offline runs and of what could not be sent.")
    mode: Mode = Field(description="online or offline; decided before anything is sent.")
    api_key: str = Field("", description="Key of W&B; offline needs none.")
    entity: str | None = Field(None, description="User or team; None: the key's own.")
    base_url: str | None = Field(None, description="Address of W&B; None: the public one.")
    timeout_seconds: float = Field(60.0, gt=0, description="Longest wait for one W&B run.")

    _noted: dict[RunPlace, Tracked] = PrivateAttr(default_factory=dict[RunPlace, Tracked])

    @property
    def is_on(self) -> bool:
        """See `Tracker.is_on`."""
        return True

    def note(self, place: RunPlace, tracked: Tracked) -> None:
        """See `Tracker.note`."""
        self._noted[place] = self._noted.get(place, Tracked()) + tracked

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """The end of this process's part of a run."""
        log = context.log or dg.get_dagster_logger()
        self.hand_over(log.warning)

    def hand_over(self, on_warning: Callable[[str], None]) -> None:
        """See `Tracker.hand_over`."""
        noted, self._noted = self._noted, {}
        # Why W&B takes nothing; the other places need not wait for it again.
        away: str | None = None
        for place, tracked in noted.items():
            if self.mode == "online" and away is None:
                _, away = self._send(place, tracked, "online")
                if away is None:
                    continue
            folder, problem = self._send(place, tracked, "offline")
            if why := away or problem:
                on_warning(self._sentence(place, why, folder))

    def _sentence(self, place: RunPlace, problem: str, folder: str | None) -> str:
        lost = f"Run {place.run_id} is not tracked in the W&B project {place.project}: {problem}."
        if folder is None:
            return f"{lost} It could not be kept in {self.folder} either."
        return f"{lost} `wandb sync {folder}` sends it later."

    def _send(self, place: RunPlace, tracked: Tracked, mode: Mode) -> tuple[str | None, str | None]:
        """Folder of what was written, None if nothing is left there; and the problem, if any."""
        before = self._segments(place)
        try:
            Path(self.folder).mkdir(parents=True, exist_ok=True)
            order = json.dumps(self._order(place, tracked, mode), default=str)
            text = self._told(order, mode)
        except OSError as error:
            return None, self._safe(str(error))
        answers = {a["state"]: a for a in map(json.loads, text.splitlines())}
        done = "done" in answers
        if mode == "online" or not done:
            # What W&B has needs no copy, and half of a run would hide that the rest is missing.
            for folder in self._segments(place) - before:
                shutil.rmtree(folder, ignore_errors=True)
        if done:
            return (None if mode == "online" else answers["begun"]["folder"]), None
        limit = f"no end within {self.timeout_seconds:g} seconds, or the program broke off"
        return None, self._safe(answers.get("failed", {"why": limit})["why"])

    def _segments(self, place: RunPlace) -> set[Path]:
        """Folders in which wandb has begun this run."""
        return set(Path(self.folder, "wandb").glob(f"*run-*-{place.run_id}"))

    def _told(self, order: str, mode: Mode) -> str:
        """Lines of JSON that the sending program wrote before its end or the end of its time."""
        # -P: the folder of the program holds modules that are none of its business.
        command = [sys.executable, "-P", str(_SENDER)]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment(mode),
            text=True,
        ) as program:
            try:
                text, _ = program.communicate(order, timeout=self.timeout_seconds)
            except subprocess.TimeoutExpired:
                _kill(program)
                text = _rest_of(program)
        # The last line may be cut off, and wandb might print as well.
        lines = text.splitlines(keepends=True)
        return "".join(line for line in lines if line.startswith("{") and line.endswith("\n"))

    def _order(self, place: RunPlace, tracked: Tracked, mode: Mode) -> dict[str, Any]:
        errors = [alert for alert in tracked.alerts if alert.level == AlertLevel.ERROR]
        job = "materialization" if place.job == _BUTTON_JOB else place.job
        content = tracked.to_dict()
        for alert in content["alerts"]:
            alert["text"] = mask(alert["text"])
        return {
            "project": place.project,
            "entity": self.entity,
            "run_id": place.run_id,
            "name": f"{job} {place.run_id[:8]}",
            "folder": self.folder,
            "mode": mode,
            "exit_code": int(tracked.failed or bool(errors)),
            # Measured with 0.31: a silent server holds init for twice its limit.
            "init_timeout": self.timeout_seconds / 4,
            "finish_timeout": self.timeout_seconds / 3,
            "tracked": content,
        }

    def _environment(self, mode: Mode) -> dict[str, str]:
        # The user's own settings and netrc stay out; so does W&B's crash reporting.
        folders = {
            f"WANDB_{name}_DIR": str(Path(self.folder) / name.lower())
            for name in ("CONFIG", "CACHE", "DATA", "ARTIFACT")
        }
        secret = {"WANDB_API_KEY": self.api_key} if mode == "online" else {}
        place = {"WANDB_BASE_URL": self.base_url} if self.base_url else {}
        return {
            **needed_environment(),
            **folders,
            **secret,
            **place,
            "WANDB_ERROR_REPORTING": "false",
        }

    def _safe(self, text: str) -> str:
        """One line of an error without the key."""
        line = " ".join(text.split()).rstrip(".")
        return mask(line.replace(self.api_key, "***") if self.api_key else line)


def _kill(program: subprocess.Popen[str]) -> None:
    """Ends the program and the service of wandb, which leads a session of its own."""
    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(program.pid).children(recursive=True)
    program.kill()
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _rest_of(program: subprocess.Popen[str]) -> str:
    """What a killed program has said."""
    try:
        return program.communicate(timeout=_LAST_WORDS_SECONDS)[0]
    except subprocess.TimeoutExpired:
        # A service that started in this very moment holds the pipe; it ends with its parent.
        return ""
