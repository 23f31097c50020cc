"""What the clients of S3 and GCS raise, told apart by whether a retry can help.

The two translate a part of the services' answers into OSError, and raise the rest as they are.
"""

import errno
from collections.abc import Generator
from contextlib import contextmanager

from sambodhan_assets.domain.errors import PermanentError, PlatformError, TransientError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
# By name, because both clients are optional packages.
_NO_CREDENTIALS = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "ProfileNotFound",
    "TokenRetrievalError",
    "DefaultCredentialsError",
    "MalformedError",
}
_TRANSIENT_STATUS = {408, 429}


@contextmanager
def cloud_errors(action: str, place: str) -> Generator[None]:
    """Turns the exceptions of both clients into ours.

    Args:
        action: What is tried.
        place: The storage, without a secret.

    Raises:
        PermanentError: It refuses, or nobody says who asks.
        TransientError: It gives no answer, or says that it is busy.
    """
    try:
        yield
    except (PlatformError, FileNotFoundError, FileExistsError):
        raise
    except Exception as error:
        explained = _explained(action, place, error)
        if explained is None:
            raise
        raise explained from error


def _explained(action: str, place: str, error: Exception) -> PlatformError | None:
    """Ours for theirs; None for a fault of this program, which is nobody's storage."""
    status = _status(error)
    if _lineage(error) & _NO_CREDENTIALS:
        return PermanentError(
            tried=action,
            found=f"no credentials for {place} are set ({type(error).__name__}).",
            todo="Set the keys in the environment, or give this machine a role.",
        )
    if isinstance(error, PermissionError) or status in (401, 403):
        return PermanentError(
            tried=action,
            found=f"{place} refuses these credentials.",
            todo="Give them the right to list, read, write and delete there.",
        )
    if isinstance(error, OSError) and error.errno in _FULL:
        return PermanentError(
            tried=action, found=f"the disk refuses: {error}.", todo="Free space, then run again."
        )
    if status is not None and status < 500 and status not in _TRANSIENT_STATUS:
        return PermanentError(
            tried=action,
            found=f"{place} refuses the request ({status}).",
            todo="Read the cause above, and check the settings of the storage.",
        )
    if status is not None or _is_of_a_connection(error):
        return TransientError(
            tried=action,
            found=f"{place} gave no usable answer ({type(error).__name__}).",
            todo="Check the address and the network, then run again; nothing of it is visible.",
        )
    return None


def _status(error: BaseException) -> int | None:
    """HTTP status of an answer, as far as the clients keep it."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    code = getattr(error, "code", None)
    if "HttpError" in _lineage(error) and str(code).isdigit():
        return int(str(code))
    if isinstance(error, OSError) and str(error).startswith("Forbidden"):
        return 403  # gcsfs keeps it only in the text
    return None if error.__cause__ is None else _status(error.__cause__)


def _is_of_a_connection(error: Exception) -> bool:
    names = _lineage(error)
    of_clients = {"BotoCoreError", "ClientError", "GoogleAuthError", "HttpError", "ChecksumError"}
    return isinstance(error, OSError | TimeoutError) or bool(names & of_clients)


def _lineage(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}
