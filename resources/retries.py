"""What the log says while something is tried again."""

import logging

from stamina.instrumentation import RetryDetails

from resources.smtp_errors import error_kind
from sambodhan_assets.domain.errors import PlatformError

log = logging.getLogger(__name__)


def log_retry(details: RetryDetails) -> None:
    """What is tried, what kind of error it met, and the wait before the next try.

    stamina's own hook prints arguments and the error's text, past every log handler: addresses with
    their tokens, and complaints.
    """
    error = details.caused_by
    tried = error.tried if isinstance(error, PlatformError) else _place(details)
    log.warning("%s: %s; next try in %.0f s.", tried, error_kind(error), details.wait_for)


def _place(details: RetryDetails) -> str:
    """The function that is called again, or that holds the block which is run again."""
    at = details.caused_by.__traceback__
    while at is not None and at.tb_frame.f_globals["__name__"].startswith("stamina."):
        at = at.tb_next
    if at is None:
        return details.name
    return f"{at.tb_frame.f_globals['__name__']}.{at.tb_frame.f_code.co_qualname}"
