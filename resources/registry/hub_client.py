"""The Hub's client with timeouts, retries and errors that say what to do."""

import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpx2
import stamina
from huggingface_hub import HfApi, set_client_factory
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
)
from huggingface_hub.utils import disable_progress_bars
from huggingface_hub.utils._http import default_client_factory

from sambodhan_assets.domain.errors import PermanentError, PlatformError, TransientError

# Request timeout and conflict stand beside 429: another try meets another state.
_TRANSIENT_STATUS = {408, 409, 412, 429}
_REFUSALS = {
    401: (
        "the Hub does not know this token (401).",
        "Set HF_TOKEN to a valid token; `sambodhan doctor` checks it.",
    ),
    403: (
        "this token may not do that (403).",
        "Give the token of HF_TOKEN the right to write this repository.",
    ),
    404: (
        "the Hub has nothing there that this token may see (404).",
        "Check the repository's name and the rights of HF_TOKEN.",
    ),
}
# Connections fail as httpx2 errors, uploads as RuntimeError, a page instead of JSON as ValueError,
# JSON without what the client looks for as KeyError.
_CLIENT_FAILURES = (httpx2.HTTPError, OSError, RuntimeError, ValueError, KeyError)
# The only trace of the status that Xet's own client leaves.
_XET_STATUS = re.compile(r"HTTP status (?:client|server) error \((\d{3}) ")
# Seconds after which no further try begins. The last one may take six requests of the client's own
# with `timeout_seconds` each: with 60 s a silent service is given up after nine minutes at most.
_RETRY_SECONDS = 120.0

_lock = threading.Lock()
_timeout: float | None = None


class LostRaceError(TransientError):
    """Another run moved the pointer; only a new look at the state can tell what to do."""


@cache
def hub_api(endpoint: str | None, token: str, timeout_seconds: float) -> HfApi:
    """A client whose every request ends; the client's own default waits for ever.

    Args:
        endpoint: Address of the Hub; None for HF_ENDPOINT or the public Hub.
        token: Access token; empty to ask as nobody.
        timeout_seconds: Longest silence of the service within one request.
    """
    global _timeout  # noqa: PLW0603  (the client library has one session per process)
    with _lock:
        if _timeout != timeout_seconds:
            _timeout = timeout_seconds
            set_client_factory(_client)
            disable_progress_bars()  # they would fill the logs of runs
    # An empty token would be sent, and the Hub refuses it also what everybody may read.
    return HfApi(endpoint=endpoint, token=token or False)


def _client() -> httpx2.Client:
    client = default_client_factory()
    client.timeout = httpx2.Timeout(_timeout)
    hooks = client.event_hooks
    client.event_hooks = {**hooks, "request": [*hooks["request"], _end_waiting]}
    return client


def _end_waiting(request: httpx2.Request) -> None:
    """Listings and questions about repositories ask to wait for ever, whatever the client says."""
    if all(seconds is None for seconds in request.extensions["timeout"].values()):
        request.extensions["timeout"] = httpx2.Timeout(_timeout).as_dict()


@cache
def account_of(api: HfApi) -> str:
    """Name of the account that the token belongs to."""
    with hub_errors("Asking the Hub whose token HF_TOKEN is"):
        account: dict[str, Any] = api.whoami()
    return account["name"]


@contextmanager
def hub_errors(action: str) -> Generator[None]:
    """Turns the client's exceptions into ours, told apart by whether a retry can help."""
    try:
        yield
    except PlatformError:
        raise
    except _CLIENT_FAILURES as error:
        raise _explained(action, error) from error


def tried_again(attempts: int) -> stamina.BoundRetryingCaller:
    """Calls again after a transient error, unless another run has decided the matter."""
    caller = stamina.RetryingCaller(
        attempts=attempts, timeout=_RETRY_SECONDS, wait_initial=0.5, wait_max=8.0
    )
    return caller.on(lambda e: isinstance(e, TransientError) and not isinstance(e, LostRaceError))


def status_of(error: BaseException) -> int | None:
    """HTTP status of a failure, or of what caused it; None if no answer came."""
    response = getattr(error, "response", None)
    if isinstance(error, HfHubHTTPError) and response is not None:
        return response.status_code
    if isinstance(error, ConnectionError) and (found := _XET_STATUS.search(str(error))):
        return int(found[1])
    return None if error.__cause__ is None else status_of(error.__cause__)


def _explained(action: str, error: Exception) -> PlatformError:
    status = status_of(error)
    if isinstance(error, OfflineModeIsEnabled):
        return PermanentError(
            tried=action, found="HF_HUB_OFFLINE forbids it.", todo="Unset HF_HUB_OFFLINE."
        )
    if isinstance(error, HFValidationError):
        return PermanentError(
            tried=action, found=f"the name is none ({error}).", todo="Correct the setting."
        )
    if status in _REFUSALS:
        found, todo = _REFUSALS[status]
        return PermanentError(tried=action, found=found, todo=todo)
    if status is None:
        # The class alone: texts of uploads hold addresses that are signed for one request.
        return _transient(action, f"the Hub gave no usable answer ({type(error).__name__}).")
    if status >= 500 or status in _TRANSIENT_STATUS:
        return _transient(action, f"the Hub answered {status}.")
    return PermanentError(
        tried=action,
        found=f"the Hub refuses it ({status}).",
        todo="Read the cause above; nothing was half-published.",
    )


def _transient(action: str, found: str) -> TransientError:
    return TransientError(
        tried=action,
        found=found,
        todo="Check status.huggingface.co, then run again; nothing was half-published.",
    )
