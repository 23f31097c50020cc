"""Fixtures that every test may name."""

import tests.developer_settings  # noqa: F401
import tests.hf_home  # noqa: F401  (first: before a client of the Hub is imported)
from tests.databases import empty_database, feedback_url, postgres_server
from tests.embedded_servers import killable_server, unborn_server
from tests.lane_states import deployed, first_round, held, promotable, second_round, worlds

__all__ = [
    "deployed",
    "empty_database",
    "feedback_url",
    "first_round",
    "held",
    "killable_server",
    "postgres_server",
    "promotable",
    "second_round",
    "unborn_server",
    "worlds",
]
