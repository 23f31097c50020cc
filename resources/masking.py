"""The one place that hides secrets in text which leaves the process: errors, logs, mails, chat.

`load_settings` tells it the secrets of the process; every log record is masked when it is made.
"""

import json
import logging
import re
import threading
import traceback
from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from urllib.parse import quote, quote_plus, unquote

from stamina.instrumentation import set_on_retry_hooks

from resources.retries import log_retry

HIDDEN = "***"
# Secrets of fewer characters are hidden in addresses only: anywhere else they are parts of words.
_SHORTEST = 4
# From this length on, a secret is also hidden inside of a longer word.
_LONG = 12
# What is secret by its shape, whoever's it is: userinfo in addresses, access tokens of the Hub,
# credentials in headers, and the signatures of addresses that stores sign for one request.
_SHAPES = re.compile(
    r"(?<=://)[^/\s@\"'<>]+(?=@)|\bhf_[A-Za-z0-9]{8,}"
    r"|(?<=Bearer )[^\s\"',]{4,}|(?<=Basic )[A-Za-z0-9+/=]{8,}"
    r"|(?<=Signature=)[^\s&\"']+|(?<=Security-Token=)[^\s&\"']+|(?<=[?&]sig=)[^\s&\"']+"
)
_USERINFO = re.compile(r"[A-Za-z][\w+.-]*://(?P<userinfo>\S*)@")
_OPTION = re.compile(r"[?&](?:ssl)?password=([^&\s]*)")
_PATH = re.compile(r"https?://[^/\s]+(/\S+)")

_lock = threading.Lock()
_known: set[str] = set()


def remember_secrets(values: Iterable[str]) -> None:
    """From now on `mask` hides these, and the passwords in those of them that are addresses."""
    with _lock:
        _known.update(form for value in values for part in _parts(value) for form in _forms(part))
        _pattern.cache_clear()


def forget_secrets() -> None:
    """Knows none again; tests use it, whose settings are not those of one process."""
    with _lock:
        _known.clear()
        _pattern.cache_clear()


def mask(text: str) -> str:
    """The text with *** for every secret of the settings, in all forms in which text holds them."""
    pattern = _pattern()
    known = text if pattern is None else pattern.sub(HIDDEN, text)
    return _SHAPES.sub(HIDDEN, known)


def mask_logs() -> None:
    """Masks every log record of this process from now on, whichever handler writes it.

    What is tried again is told through them too; a hook that is set later takes its place.
    """
    if logging.getLogRecordFactory() is not _MaskedRecord:
        logging.setLogRecordFactory(_MaskedRecord)
        set_on_retry_hooks([log_retry])


def masked_traceback(error: BaseException) -> str:
    """What Python would print of an uncaught error."""
    return mask("".join(traceback.format_exception(error)))


class _MaskedRecord(logging.LogRecord):
    """A log record that has never held the text of a secret for a formatter to find."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # pyright: ignore[reportArgumentType]
        if self.exc_info and self.exc_info[1] is not None:
            # Formatters take this text instead of making their own from the exception.
            self.exc_text = masked_traceback(self.exc_info[1]).rstrip("\n")

    def getMessage(self) -> str:  # noqa: N802
        return mask(super().getMessage())


@cache
def _pattern() -> re.Pattern[str] | None:
    """All known secrets, the longest first, so that none is left in part."""
    known = sorted(_known, key=lambda secret: (-len(secret), secret))
    return re.compile("|".join(map(_whole, known))) if known else None


def _whole(secret: str) -> str:
    if len(secret) >= _LONG:
        return re.escape(secret)
    return rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])"


def _parts(value: str) -> Iterator[str]:
    """The secret itself, and of an address the password, or the path of a webhook."""
    value = value.strip()
    yield value
    if found := _USERINFO.match(value):
        yield found["userinfo"].partition(":")[2]
    elif found := _PATH.match(value):
        yield found[1]
    yield from _OPTION.findall(value)


def _forms(secret: str) -> Iterator[str]:
    """How text may hold a secret: as it is, decoded, or escaped for an address, JSON or HTML."""
    for plain in {secret, unquote(secret)}:
        forms = {
            plain,
            quote(plain),
            quote(plain, safe=""),
            quote_plus(plain),
            json.dumps(plain)[1:-1],
            json.dumps(plain, ensure_ascii=False)[1:-1],
            repr(plain)[1:-1],
            escape(plain),
        }
        yield from (form for form in forms if len(form) >= _SHORTEST)
