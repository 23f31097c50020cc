"""Spaces of the Hugging Face Hub, and what the models in them answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import httpx2
from huggingface_hub import HfApi
from pydantic import Field

from resources.registry.hub_client import hub_api, hub_errors, tried_again
from resources.spaces import (
    FAILED_STAGES,
    RESTING_STAGES,
    RUNNING,
    Spaces,
    SpaceState,
    no_space,
)
from sambodhan_assets.domain.errors import PermanentError, TransientError
from sambodhan_assets.label_tasks import LabelTask

T = TypeVar("T")


class HubSpaces(Spaces):
    """Spaces of the Hugging Face Hub."""

    token: str = Field(description="Access token that may manage the Spaces.")
    endpoints: dict[str, str] = Field(
        default={}, description="Address of /predict by task; unset: the Space's own address."
    )
    endpoint: str | None = Field(default=None, description="Address of the Hub.")
    timeout_seconds: float = Field(default=60.0, gt=0, description="Longest silence of a request.")
    wait_seconds: float = Field(default=900.0, gt=0, description="Longest wait for a version.")
    settle_seconds: float = Field(
        default=10.0, ge=0, description="A stage without a way out is believed when it is so old."
    )
    poll_seconds: float = Field(default=1.0, gt=0, description="Between two looks while waiting.")
    attempts: int = Field(default=5, ge=1, description="Tries while the Hub is out of reach.")

    def state(self, space: str) -> SpaceState:
        """See `Spaces.state`."""
        runtime = self._call(
            f"Looking at the Space {space}", lambda hub: hub.get_space_runtime(space)
        )
        return SpaceState(
            stage=str(getattr(runtime.stage, "value", runtime.stage)),
            hardware=runtime.hardware,
            requested_hardware=runtime.requested_hardware,
        )

    def check_rights(self, space: str) -> None:
        """See `Spaces.check_rights`."""
        self._call(
            f"Asking for the right to manage the Space {space}",
            lambda hub: hub.auth_check(space, repo_type="space", write=True),
        )

    def restart(self, space: str) -> None:
        """See `Spaces.restart`."""
        self._call(f"Restarting the Space {space}", lambda hub: hub.restart_space(space))

    def pause(self, space: str) -> None:
        """See `Spaces.pause`."""
        self._call(f"Pausing the Space {space}", lambda hub: hub.pause_space(space))

    def request_hardware(self, space: str, hardware: str) -> None:
        """See `Spaces.request_hardware`."""
        flavour: Any = hardware  # the Hub gains flavours faster than its client lists them
        self._call(
            f"Requesting {hardware} for the Space {space}",
            lambda hub: hub.request_space_hardware(space, flavour),
        )

    def served_version(self, task: LabelTask) -> str | None:
        """See `Spaces.served_version`."""
        return self.door(task).version()

    def wait_until_served(self, task: LabelTask, tag: str) -> None:
        """See `Spaces.wait_until_served`."""
        # Not the client's wait_for_space: it gives up at the first lost answer, and after a restart
        # the old container may answer for a while, so stage and version are looked at together. For
        # the same reason a failed or resting stage may be the one from before the restart.
        space, door = self._space(task), self.door(task)
        working = time.monotonic()
        deadline = working + self.wait_seconds
        served: str | None = None
        while True:
            stage = self.state(space).stage
            if stage not in (*FAILED_STAGES, *RESTING_STAGES):
                working = time.monotonic()
            elif time.monotonic() > min(working + self.settle_seconds, deadline):
                raise self._unfit(space, tag, f"it is in the stage {stage}.")
            served = door.version() if stage == RUNNING else None
            if served == tag:
                return
            if time.monotonic() > deadline:
                break
            time.sleep(self.poll_seconds)
        if stage == RUNNING and served is not None:
            raise self._unfit(space, tag, f"it runs, but says that it serves {served}.")
        found = f"in the stage {stage}, /version at {door.host} names no version"
        raise TransientError(
            tried=f"Waiting until the Space {space} serves {tag}",
            found=f"after {self.wait_seconds:.0f} s, {found}.",
            todo=f"Read the Space's logs; SPACE_WAIT_SECONDS allows more. {self._page(space)}",
        )

    def ask(self, task: LabelTask, text: str) -> dict[str, float]:
        """See `Spaces.ask`."""
        door = self.door(task)
        return tried_again(self.attempts)(lambda: door.scores(text))

    def _space(self, task: LabelTask) -> str:
        space = self.inference_space(task)
        if space is None:
            raise no_space(f"for {task.name}")
        return space

    def door(self, task: LabelTask) -> "Door":
        """Where the inference Space answers, and whether it may be shown the token."""
        space = self._space(task)
        info = self._call(f"Looking at the Space {space}", lambda hub: hub.space_info(space))
        own = str(info.host or "").rstrip("/")
        predict = self.endpoints.get(task.name, f"{own}/predict")
        secret = info.private and urlsplit(own).scheme == "https" and is_same_origin(predict, own)
        return Door(
            predict=predict,
            headers={"authorization": f"Bearer {self.token}"} if secret else {},
            timeout=self.timeout_seconds,
        )

    def _call(self, action: str, request: Callable[[HfApi], T]) -> T:
        hub = hub_api(self.endpoint, self.token, self.timeout_seconds)

        def once() -> T:
            with hub_errors(action):
                return request(hub)

        return tried_again(self.attempts)(once)

    def _unfit(self, space: str, tag: str, found: str) -> PermanentError:
        return PermanentError(
            tried=f"Waiting until the Space {space} serves {tag}",
            found=found,
            todo=f"Read the Space's logs: {self._page(space)}",
        )

    def _page(self, space: str) -> str:
        hub = hub_api(self.endpoint, self.token, self.timeout_seconds)
        return f"{hub.endpoint}/spaces/{space}?logs=container"


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where a served model answers.

    Attributes:
        predict: Address of /predict; behind it may stand a key, so texts name only the host.
        headers: Hold the token, if this is the private Space's own address.
        timeout: Seconds.
    """

    predict: str
    headers: dict[str, str]
    timeout: float

    @property
    def host(self) -> str:
        """The server, without what may be secret in the address."""
        return urlsplit(self.predict).netloc

    @property
    def version_address(self) -> str:
        """Where the server says which version it serves: beside /predict."""
        parts = urlsplit(self.predict)
        path = f"{parts.path.removesuffix('/predict')}/version"
        return urlunsplit(parts._replace(path=path))

    def version(self) -> str | None:
        """None while nobody answers: a Space that starts gives errors of its proxy."""
        try:
            answer = httpx2.get(self.version_address, headers=self.headers, timeout=self.timeout)
            found = answer.raise_for_status().json()
        except (httpx2.HTTPError, ValueError):
            return None
        version = found.get("version") if isinstance(found, dict) else None
        return version if isinstance(version, str) else None

    def scores(self, text: str) -> dict[str, float]:
        """See `Spaces.ask`, without another try."""
        action = f"Asking /predict at {self.host}"
        try:
            answer = httpx2.post(
                self.predict,
                json={"text": text},
                headers=self.headers,
                timeout=self.timeout,
            )
            status = answer.status_code
            found = answer.json() if status == 200 else None
        except (httpx2.HTTPError, ValueError) as error:
            raise _silent(action, f"no usable answer ({type(error).__name__}).") from error
        if found is None:
            raise _silent(action, f"it answers {status}.")
        scores = found.get("scores") if isinstance(found, dict) else None
        if not isinstance(scores, dict) or not all(
            isinstance(score, int | float) for score in scores.values()
        ):
            raise PermanentError(
                tried=action,
                found="the answer holds no number for every label.",
                todo="Serve the model with `sambodhan serve`.",
            )
        return {str(label): float(score) for label, score in scores.items()}


def is_same_origin(one: str, other: str) -> bool:
    """Whether two addresses lead to the same server, so that it may get the same token."""
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.netloc.lower()) == (second.scheme, second.netloc.lower())


def _silent(action: str, found: str) -> TransientError:
    return TransientError(tried=action, found=found, todo="Read the server's log.")
