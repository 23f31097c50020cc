"""Fixtures that every test may name."""

import tests.developer_settings  # noqa: F401
import tests.hf_home  # noqa: F401  (first: before a client of the Hub is imported)
from tests.databases import empty_database, feedback_url, postgres_server
from tests.embedded_servers import killable_server, unborn_server
from tests.embedding_outcomes import planted_secrets
from tests.export_world import no_database
from tests.lane_states import deployed, first_round, held, promotable, second_round, worlds
from tests.mails import (
    certificate,
    no_waiting,
    plain_server,
    slack,
    starttls_server,
    tls_server,
)
from tests.tracked_runs import one_attempt
from tests.typo_worlds import one_thread, pairs_deployed, pairs_grown, pairs_loaded, typo_states

__all__ = [
    "certificate",
    "deployed",
    "empty_database",
    "feedback_url",
    "first_round",
    "held",
    "killable_server",
    "no_database",
    "no_waiting",
    "one_attempt",
    "one_thread",
    "pairs_deployed",
    "pairs_grown",
    "pairs_loaded",
    "plain_server",
    "planted_secrets",
    "postgres_server",
    "promotable",
    "second_round",
    "slack",
    "starttls_server",
    "tls_server",
    "typo_states",
    "unborn_server",
    "worlds",
]
