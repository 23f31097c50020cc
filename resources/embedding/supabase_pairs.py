"""Pairs from Supabase's REST interface, page by page: it answers at most 1,000 rows at a time."""

import re
from typing import Any, ClassVar

import httpx2
import pyarrow as pa
import stamina
from pydantic import Field

from resources.embedding.pair_source import COLUMNS, TABLE, PairSource, pairs_table
from sambodhan_assets.domain.errors import PermanentError, TransientError

_PAGE = 1000
_TIMEOUT_SECONDS = 30.0
_ATTEMPTS = 4
# "0-999/2345"; "*/0" for an empty table.
_RANGE = re.compile(r"(?:(\d+)-(\d+)|\*)/(\d+)")


class SupabasePairs(PairSource):
    """The table behind a Supabase project's REST interface."""

    why_empty: ClassVar[str] = (
        "If the table has rows, it has row-level security, and no policy lets SUPABASE_ANON_KEY "
        "read them."
    )

    url: str = Field(description="Address of the project.")
    key: str = Field(repr=False, description="Its anon key.")
    first_wait_seconds: float = Field(default=1.0, description="Wait before the second attempt.")

    def place(self) -> str:
        """See `PairSource.place`."""
        return f"table {TABLE} in SUPABASE_URL"

    def read(self) -> pa.Table | None:
        """See `PairSource.read`."""
        rows: list[dict[str, Any]] = []
        with httpx2.Client(timeout=_TIMEOUT_SECONDS, headers=self._headers()) as client:
            while True:
                page, total = self._page(client, len(rows))
                if page is None:
                    return None
                rows += page
                if len(rows) >= total:
                    break
                if not page:
                    raise _no_answer(f"{len(rows)} of {total} rows came.")
        return pairs_table(rows)

    def _headers(self) -> dict[str, str]:
        return {
            "apikey": self.key,
            "Authorization": f"Bearer {self.key}",
            # The number of rows tells the end: a project may answer fewer than were asked for.
            "Prefer": "count=exact",
        }

    def _page(self, client: httpx2.Client, offset: int) -> tuple[list[dict[str, Any]] | None, int]:
        caller = stamina.RetryingCaller(
            attempts=_ATTEMPTS, timeout=None, wait_initial=self.first_wait_seconds, wait_max=8.0
        )
        return caller.on(TransientError)(self._ask, client, offset)

    def _ask(self, client: httpx2.Client, offset: int) -> tuple[list[dict[str, Any]] | None, int]:
        # Ordered by all that is read: rows that change places are the same.
        query = {
            "select": ",".join(COLUMNS),
            "order": ",".join(f"{name}.asc" for name in reversed(COLUMNS)),
            "limit": str(_PAGE),
            "offset": str(offset),
        }
        try:
            answer = client.get(f"{self.url.rstrip('/')}/rest/v1/{TABLE}", params=query)
        except httpx2.HTTPError as error:
            # The class alone: the text may hold the address.
            raise _no_answer(f"no answer ({type(error).__name__}).") from None
        if answer.status_code == 404:
            return None, 0
        _check_status(answer.status_code)
        found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
        try:
            rows: Any = answer.json()
        except ValueError:
            rows = None
        if found is None or not isinstance(rows, list):
            raise _no_answer("the answer is no page of rows.")
        return rows, int(found[3])


def _check_status(status: int) -> None:
    if status in (200, 206):
        return
    if status in (408, 429) or status >= 500:
        raise _no_answer(f"Supabase answered {status}.")
    todo = "Check SUPABASE_ANON_KEY and the policies of the table."
    if status not in (401, 403):
        todo = f"Check SUPABASE_URL, and that the table has the columns {', '.join(COLUMNS)}."
    raise PermanentError(
        tried=f"Reading {TABLE} from Supabase", found=f"it refuses ({status}).", todo=todo
    )


def _no_answer(found: str) -> TransientError:
    return TransientError(
        tried=f"Reading {TABLE} from Supabase",
        found=found,
        todo="Check that the project is not paused, then run again.",
    )
