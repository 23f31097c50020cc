"""Reads a PostgreSQL address as people write it: raw or percent-encoded passwords, old schemes."""

import re
from urllib.parse import parse_qsl, unquote

from sqlalchemy import URL

from sambodhan_assets.domain.errors import PermanentError

SCHEME = re.compile(r"(?:postgres|postgresql(?:\+[a-z0-9_]+)?)://", re.IGNORECASE)
# host, [IPv6] or percent-encoded socket folder, each with an optional port, several by comma.
HOST = r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s\[\]/?#@:,]*)(?::[^\s/?#@:,\[\]]*)?"
LOCATION = re.compile(
    rf"(?P<hosts>{HOST}(?:,{HOST})*)(?:/(?P<database>[^?#]*))?(?:\?(?P<query>.*))?"
)
# A userinfo that itself reads as host/database?option=: the last @ belongs to an option.
HIDDEN_LOCATION = re.compile(r"@[^@]*\?[A-Za-z_]+=[^@]*$")

EXAMPLE = "postgresql://user:password@host:5432/database"


def database_url(text: str, *, name: str = "POSTGRES_URL") -> URL:
    """Parses an address; the driver is always psycopg 3.

    The user and password end at the last `@` before the host, so a password may hold `@ : / ? #`
    as they are. Valid percent escapes are decoded everywhere, a lone `%` stays.

    Args:
        text: Address with the scheme postgres, postgresql or postgresql+driver.
        name: What to call the setting in an error.

    Raises:
        PermanentError: It cannot be understood. The message shows no part of the address.
    """
    text = text.strip()
    scheme = SCHEME.match(text)
    if scheme is None:
        raise _malformed(name, "it does not start with postgresql://")
    userinfo, _, location = text[scheme.end() :].rpartition("@")
    if HIDDEN_LOCATION.search(userinfo):
        raise _malformed(name, "an @ stands after a question mark; write %40 for it")
    parts = LOCATION.fullmatch(location)
    if parts is None:
        raise _malformed(name, "host, port and database behind the last @ cannot be told apart")
    user, _, password = userinfo.partition(":")
    query = _query(parts["query"] or "", name)
    host, port = _host(parts["hosts"], query, name)
    return URL.create(
        "postgresql+psycopg",
        username=unquote(user) or query.pop("user", None),
        password=unquote(password) or query.pop("password", None),
        host=host,
        port=port,
        database=unquote(parts["database"] or "") or query.pop("dbname", None),
        query=query,
    )


def _query(text: str, name: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text))
    except ValueError:
        raise _malformed(name, "the options after ? are not option=value") from None
    return dict(pairs)


def _host(text: str, query: dict[str, str], name: str) -> tuple[str | None, int | None]:
    """Host and port of the address; several hosts, or a socket folder, go into the query."""
    hosts = [_host_and_port(part, name) for part in text.split(",")]
    if len(hosts) == 1 and not hosts[0][0].startswith("/"):
        return hosts[0][0] or None, hosts[0][1]
    query["host"] = ",".join(host for host, _ in hosts)
    query["port"] = ",".join(str(port or 5432) for _, port in hosts)
    return None, None


def _host_and_port(text: str, name: str) -> tuple[str, int | None]:
    host, port = re.fullmatch(r"(\[.*\]|[^:]*)(?::(.*))?", text).groups()  # type: ignore[union-attr]
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise _malformed(name, "the port is not a number from 1 to 65535")
    return unquote(host).strip("[]"), int(port) if port else None


def _malformed(name: str, found: str) -> PermanentError:
    return PermanentError(
        tried=f"Reading {name}",
        found=f"{found}.",
        todo=f"Write it like {EXAMPLE}, with %40 for @ and %25 for % in a password if in doubt.",
    )
