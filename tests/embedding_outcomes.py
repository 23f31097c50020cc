"""Runs of the embedding lane as people hear of them: the mail and what is tracked.

Every run holds secrets, and `tell` finds that none of them is told or written anywhere.
"""

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.hearing import let_sensors_hear
from tests.lane_world import World
from tests.typo_worlds import JOB
from tests.wandb_files import OfflineRun, offline_runs

PROJECT = "typos-of-ours"
SECRETS = {"HF_TOKEN": "hf_plantedplanted", "SUPABASE_ANON_KEY": "anon-key-geheim-4711"}

Told = tuple[str, OfflineRun]


@pytest.fixture
def planted_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in the settings of every run."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def tell(world: World, config: dict[str, Any] | None = None, job: str = JOB) -> Told:
    """Runs a job and lets the sensors hear of it; the one mail, and what is tracked."""
    tracked = world.but(
        WANDB_MODE="offline", WANDB_TIMEOUT_SECONDS="240", EMBEDDING_WANDB_PROJECT=PROJECT
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = tracked.definitions.resolve_job_def(job).execute_in_process(
            instance=instance, raise_on_error=False, run_config=config
        )
        let_sensors_hear(tracked.definitions, instance, result.run_id)
        events = "\n".join(record.to_json() for record in instance.all_logs(result.run_id))
    (mail,) = (world.home / "mail").glob("*.eml")
    assert mail.stem == result.run_id
    (found,) = offline_runs(world.home / "wandb")
    assert (found.id, found.project) == (result.run_id, PROJECT)
    assert not [name for name, secret in SECRETS.items() if secret in events]
    written = [file for file in world.home.rglob("*") if file.is_file()]
    for secret in SECRETS.values():
        assert not [file for file in written if secret.encode() in file.read_bytes()]
    return text_of(mail), found


def text_of(mail: Path) -> str:
    message = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return body.get_content()


def titles(run: OfflineRun) -> list[tuple[str, str]]:
    return [(level, title) for level, title, _ in run.alerts]
