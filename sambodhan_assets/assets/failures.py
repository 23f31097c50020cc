"""Red outcomes: what Dagster keeps of an error, and where the whole of it stands.

Dagster stores the text of an exception and of all its causes. Texts of libraries quote rows and
addresses, so only ours are stored, masked; of others the kind and the lines of code. The whole
error goes to a file beside the artifacts, which hold complaints too.
DAGSTER_REDACT_USER_CODE_ERRORS does less for this: it needs a variable in every process, hides also
the kind and the place, and writes the whole error to a log, which Dagster stores as well.
"""

import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from resources.masking import mask, masked_traceback
from sambodhan_assets.domain.errors import PlatformError, TransientError

FOLDER = "errors"
NOT_KEPT = "whole error not kept"
_ROOT = Path(__file__).parents[2]


@contextmanager
def explained_failures(home: str, name: str) -> Generator[None]:
    """Turns every error of a block into a red outcome that quotes neither rows nor secrets.

    Args:
        home: SAMBODHAN_HOME, where the whole error is kept.
        name: Name of the file; it holds the run's id.
    """
    try:
        yield
    except PlatformError as error:
        # `from None`: Dagster would store the causes with their texts.
        raise _known_failure(error, Path(home), name) from None
    except (dg.Failure, dg.RetryRequested, dg.DagsterError):
        raise
    except Exception as error:  # noqa: BLE001  (raised again, in other words)
        raise _unknown_failure(error, Path(home), name) from None


def _known_failure(error: PlatformError, home: Path, name: str) -> dg.Failure:
    """Only transient errors may be retried by a policy."""
    metadata: dict[str, Any] = {
        "tried": mask(error.tried),
        "found": mask(error.found),
        "what to do": mask(error.todo),
    }
    if error.__cause__ is not None:
        metadata |= _places(error, home, name)
    return dg.Failure(
        description=mask(str(error)),
        metadata=metadata,
        allow_retries=isinstance(error, TransientError),
    )


def _unknown_failure(error: Exception, home: Path, name: str) -> dg.Failure:
    places = _places(error, home, name)
    where = f"stands only in {home / FOLDER / name} on the machine of the run."
    if NOT_KEPT in places:
        where = f"is kept nowhere: {places[NOT_KEPT]}"
    return dg.Failure(
        description=(
            f"{type(error).__name__}, which nobody expected here. Its text may hold complaints, "
            f"so it {where}"
        ),
        metadata=places,
    )


def _places(error: Exception, home: Path, name: str) -> dict[str, Any]:
    code = dg.MetadataValue.md(f"```\n{code_lines(error)}\n```")
    try:
        kept = {"whole error": dg.MetadataValue.path(_keep(error, home, name))}
    except OSError as refusal:
        # Raised, it would take this error with its text into Dagster's storage.
        reason = refusal.strerror or type(refusal).__name__
        kept = {NOT_KEPT: f"{home / FOLDER / name} could not be written ({reason})."}
    return {"lines of code": code, **kept}


def code_lines(error: BaseException) -> str:
    """Kinds and lines of code of an error and what caused it, the first cause first; no text."""
    lines: list[str] = []
    at: BaseException | None = error
    while at is not None:
        frames = traceback.extract_tb(at.__traceback__)
        here = [f"  {_short(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]
        lines[:0] = [type(at).__name__, *here]
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "\n".join(lines)


def _short(file: str) -> str:
    """A path inside of the installed packages, or inside of the project."""
    return file.rpartition("/site-packages/")[2].removeprefix(f"{_ROOT}/")


def _keep(error: Exception, home: Path, name: str) -> Path:
    """Writes the error with all its texts, without secrets, for the eyes of this user only."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / name
    file.touch(mode=0o600)
    # Half a character, as broken input holds it, must not hide the rest.
    file.write_text(masked_traceback(error), encoding="utf-8", errors="backslashreplace")
    return file
