"""Recognises links that open something by themselves: with a token, a password or a session."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from sambodhan_assets.domain.privacy.findings import URL_TOKEN, Candidate

# Up to white space, angle brackets, quotation marks and the danda. Counts are bounded.
_REST = r"[^\s<>\"\u0964\u0965\u00ab\u00bb]"
_LINK = re.compile(
    rf"(?<![a-z])[a-z][a-z0-9+-]{{1,15}}://{_REST}+"
    rf"|(?<![a-z0-9@.-])(?:[a-z0-9-]{{1,63}}\.){{1,8}}[a-z]{{2,24}}(?::[0-9]{{1,5}})?[/?#;]{_REST}*",
    re.IGNORECASE,
)
# Behind a link, never the end of it; so are letters of another script: glued postpositions.
_TRAILING = re.compile(r"[^\x21-\x7e]|[.,;:!?'\")\]}>|*]")
_CREDENTIALS = re.compile(r"://[^/@:?#]*:[^/@?#]+@")
_PARAMETER = re.compile(r"(?:[?&;#!]|&amp;)([^=&?#;/]{1,80})=(?=[^&#;])")
_NAME_PARTS = re.compile(r"[^a-z0-9]+")

_SECRET = frozenset(
    ("token", "key", "signature", "sig", "secret", "password", "passwd", "pwd", "pass", "passcode")
    + ("session", "sessionid", "sessid", "sid", "phpsessid", "jsessionid", "auth", "authorization")
    + ("apikey", "authkey", "credential", "credentials", "jwt", "otp", "pin", "bearer", "ticket")
)
_SECRET_ENDINGS = ("token", "secret", "signature", "password", "sessionid", "sessid", "apikey")


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A link in a shown text.

    Attributes:
        start: Position of the first character.
        end: Position behind the last character.
        address: The characters between, percent-encoding undone.
    """

    start: int
    end: int
    address: str


def links(text: str) -> Iterator[Link]:
    """Every link of a shown text, also those without a scheme."""
    if "/" not in text and "=" not in text:
        return
    for match in _LINK.finditer(text):
        end = match.end()
        while _TRAILING.match(text, end - 1):
            end -= 1
        if end > match.start():
            yield Link(start=match.start(), end=end, address=unquote(text[match.start() : end]))


def recognise_url_tokens(text: str) -> Iterator[Candidate]:
    """Links with a parameter that is named like a secret, or with a user's password."""
    for link in links(text):
        names = {name.lower() for name in _PARAMETER.findall(link.address)}
        # The answer of a login: a code that counts once, with the state that asked for it.
        if _CREDENTIALS.search(link.address) or {"code", "state"} <= names or _any_secret(names):
            yield Candidate(kind=URL_TOKEN, start=link.start, end=link.end)


def _any_secret(names: set[str]) -> bool:
    return any(
        not _SECRET.isdisjoint(_NAME_PARTS.split(name)) or name.endswith(_SECRET_ENDINGS)
        for name in names
    )
