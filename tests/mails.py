"""Settings of a mail server of a test, and a run to tell."""

from collections.abc import Generator
from pathlib import Path

import pytest
import stamina

from resources.assembly import open_notifier
from resources.profiles import load_settings
from sambodhan_assets.domain.run_summary import Ending, RunEnd, RunSummary, TaskNews
from tests.mail_servers import MailServer, mail_server, make_certificate, webhook

SUMMARY = RunSummary(
    run_id="a-run",
    job="department_pipeline",
    end=RunEnd.SUCCEEDED,
    news=(
        TaskNews(
            task="department",
            ending=Ending.HOLD,
            headline="department v1: HOLD. नेपाली <b>words</b> & more.",
            facts=(("sheet to fill in", "/sheets/one.xlsx"),),
        ),
    ),
    steps=("made department/evaluation",),
)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of mail servers of this session; what the platform must be told to trust."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def plain_server(certificate: Path) -> Generator[MailServer]:
    """A mail server that encrypts nothing."""
    with mail_server(certificate, "none") as server:
        yield server


@pytest.fixture
def tls_server(certificate: Path) -> Generator[MailServer]:
    """A mail server that expects TLS from the first byte."""
    with mail_server(certificate, "tls") as server:
        yield server


@pytest.fixture
def starttls_server(certificate: Path) -> Generator[MailServer]:
    """A mail server that offers STARTTLS."""
    with mail_server(certificate, "starttls") as server:
        yield server


@pytest.fixture
def slack() -> Generator[tuple[str, list[str], list[int]]]:
    """A webhook: its address, the bodies that came, and the codes that it will answer."""
    with webhook() as server:
        yield server


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Attempts follow each other at once."""
    for name in ("SMTP_HOST", "SMTP_PASSWORD", "SLACK_WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    stamina.set_testing(True, attempts=3, cap=True)
    yield
    stamina.set_testing(False)


def variables(home: Path, server: MailServer, security: str = "none") -> dict[str, str]:
    """Settings that send mails to this server."""
    return {
        "SAMBODHAN_HOME": str(home),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(server.port),
        "SMTP_SECURITY": security,
        "MAIL_FROM": "sambodhan@example.org",
        "MAIL_TO": "one@example.org, two@example.org",
    }


def tell(settings: dict[str, str], summary: RunSummary = SUMMARY) -> None:
    """Tells a run."""
    open_notifier(load_settings(settings)).send(summary)
