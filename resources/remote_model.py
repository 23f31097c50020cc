"""Asks a deployed model that is not in the registry, at the /predict that an admin named."""

import email.utils
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import dagster as dg
import httpx2
import stamina
from pydantic import Field

from resources.remote_answers import UnusableAnswerError, label_id_of
from sambodhan_assets.domain.gate.wording import count_of
from sambodhan_assets.label_tasks import LabelTask

UNKNOWN = "unknown"
# So many complaints without an answer say enough: one is too many already, and every further one
# costs minutes of waiting.
GIVE_UP_AFTER = 10
# A service that wants a longer pause is not waited for.
LONGEST_PAUSE = 60.0
MAX_ANSWER_BYTES = 65_536
_TRANSIENT_STATUS = {408, 425, 429}
_NAME = re.compile(r"[\w.+:-]{1,100}")


@dataclass(frozen=True, kw_only=True)
class RemoteVersion:
    """What the service says that it serves; "unknown" where it does not say."""

    tag: str = UNKNOWN
    content_hash: str = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What came of asking.

    Attributes:
        texts: Distinct texts that were to be answered.
        label_ids: Label id by text.
        causes: How many texts got no answer, by the last cause: a status, or words.
    """

    texts: int
    label_ids: Mapping[str, int]
    causes: Mapping[str, int]

    @property
    def why_incomplete(self) -> str | None:
        """One sentence; None if every text is answered."""
        if len(self.label_ids) == self.texts:
            return None
        refused = sum(self.causes.values())
        causes = ", ".join(f"{cause}: {count}" for cause, count in sorted(self.causes.items()))
        left = self.texts - len(self.label_ids) - refused
        rest = f", and {count_of(left, 'other')} were not asked any more" if left else ""
        return (
            f"The deployed model gave no usable answer to {refused:,} of"
            f" {count_of(self.texts, 'complaint')} ({causes}){rest}, so nothing was compared."
        )


class _NoAnswerError(Exception):
    """One attempt without a usable answer; `pause` is how long to wait, 0 for the usual time."""

    def __init__(self, cause: str, *, again: bool, pause: float = 0.0) -> None:
        super().__init__(cause)
        self.cause = cause
        self.again = again
        self.pause = pause


class RemoteModels(dg.ConfigurableResource):
    """Deployed models that run elsewhere, by task.

    Cleaned texts of complaints are sent, to the address that an admin set and to no other:
    redirects are not followed. The token goes along only over https and only to the task's own
    Space.
    """

    endpoints: dict[str, str] = Field(default={}, description="Address of /predict by task.")
    token_hosts: dict[str, str] = Field(
        default={}, description="The one host by task that is shown the token."
    )
    token: str = Field(default="", description="Access token of the Hub.")
    concurrency: int = Field(default=8, ge=1, description="Requests at once.")
    attempts: int = Field(default=8, ge=1, description="Tries for each text.")
    wait_seconds: float = Field(default=1.0, gt=0, description="Pause after the first failure.")
    timeout_seconds: float = Field(default=30.0, gt=0, description="Longest time of one try.")

    def has(self, task: LabelTask) -> bool:
        """Whether an address is set for a task."""
        return task.name in self.endpoints

    def host(self, task: LabelTask) -> str:
        """Where complaints are sent, without what may stand behind it in the address."""
        return urlsplit(self.endpoints[task.name]).netloc

    def ask(self, task: LabelTask, texts: Sequence[str]) -> Asked:
        """Asks for every distinct text; never raises for what the service does."""
        wanted = list(dict.fromkeys(texts))
        label_ids: dict[str, int] = {}
        causes: Counter[str] = Counter()
        enough = threading.Event()

        def ask_for(text: str) -> None:
            if enough.is_set():
                return
            try:
                label_ids[text] = self._patiently(client, task, text)
            except _NoAnswerError as error:
                with counting:
                    causes[error.cause] += 1
                    if causes.total() >= GIVE_UP_AFTER:
                        enough.set()

        counting = threading.Lock()
        with self._client(task) as client, ThreadPoolExecutor(self.concurrency) as pool:
            # The list raises what nobody foresaw.
            list(pool.map(ask_for, wanted))
        return Asked(texts=len(wanted), label_ids=label_ids, causes=dict(causes))

    def version(self, task: LabelTask) -> RemoteVersion:
        """What GET /version beside /predict tells, if anything."""
        parts = urlsplit(self.endpoints[task.name])
        path = f"{parts.path.removesuffix('/predict')}/version"
        address = urlunsplit(parts._replace(path=path))
        try:
            with self._client(task) as client:
                answer: Any = client.get(address).raise_for_status().json()
        except (httpx2.HTTPError, ValueError):
            return RemoteVersion()
        said = answer if isinstance(answer, dict) else {}
        return RemoteVersion(
            tag=_name(said.get("version")), content_hash=_name(said.get("content_hash"))
        )

    def _client(self, task: LabelTask) -> httpx2.Client:
        return httpx2.Client(
            timeout=self.timeout_seconds,
            limits=httpx2.Limits(max_connections=self.concurrency),
            headers={"accept-encoding": "identity", **self.token_header(task)},
        )

    def token_header(self, task: LabelTask) -> dict[str, str]:
        """The token, for the task's own Space over https; nothing for anybody else."""
        parts = urlsplit(self.endpoints[task.name])
        own = parts.scheme == "https" and parts.hostname == self.token_hosts.get(task.name)
        return {"authorization": f"Bearer {self.token}"} if own and self.token else {}

    def _patiently(self, client: httpx2.Client, task: LabelTask, text: str) -> int:
        """Tries again after statuses 408, 425, 429, 5xx, lost connections and half answers."""
        for attempt in stamina.retry_context(
            on=_pause_after,
            attempts=self.attempts,
            timeout=180.0,
            wait_initial=self.wait_seconds,
            wait_max=30 * self.wait_seconds,
            wait_jitter=self.wait_seconds,
        ):
            with attempt:
                return self._once(client, task, text)
        raise AssertionError("stamina raises after the last attempt")

    def _once(self, client: httpx2.Client, task: LabelTask, text: str) -> int:
        deadline = time.monotonic() + self.timeout_seconds
        address = self.endpoints[task.name]
        try:
            with client.stream("POST", address, json={"text": text}) as response:
                if response.status_code != 200:
                    raise _refusal(response)
                return label_id_of(_body(response, deadline), task.labels)
        except httpx2.TimeoutException as error:
            raise _NoAnswerError("too slow", again=True) from error
        except httpx2.HTTPError as error:
            raise _NoAnswerError("connection lost", again=True) from error
        except UnusableAnswerError as error:
            # Half of an answer looks like this; another one may be whole.
            raise _NoAnswerError(str(error), again=str(error) == "no JSON") from error


def space_host(space: str) -> str:
    """Where the Hub serves a Space: owner/name as one word of letters, digits and hyphens."""
    return f"{re.sub('[^a-z0-9]+', '-', space.lower()).strip('-')}.hf.space"


def _body(response: httpx2.Response, deadline: float) -> bytes:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise _NoAnswerError("too long an answer", again=False)
        if time.monotonic() > deadline:
            raise _NoAnswerError("too slow", again=True)
    return bytes(body)


def _refusal(response: httpx2.Response) -> _NoAnswerError:
    status = response.status_code
    pause = _asked_pause(response.headers.get("retry-after", ""))
    again = (status >= 500 or status in _TRANSIENT_STATUS) and pause <= LONGEST_PAUSE
    return _NoAnswerError(f"status {status}", again=again, pause=pause)


def _asked_pause(header: str) -> float:
    """Seconds that Retry-After names, as a number or as a date; 0 where it names none."""
    if header.strip().isdigit():
        return float(header)
    try:
        then = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    zoned = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max(0.0, (zoned - datetime.now(UTC)).total_seconds())


def _pause_after(error: Exception) -> bool | float:
    if not isinstance(error, _NoAnswerError):
        return False
    return error.pause if error.again and error.pause else error.again


def _name(value: Any) -> str:
    """A name that is safe to show; a foreign service may say anything."""
    return value if isinstance(value, str) and _NAME.fullmatch(value) else UNKNOWN
