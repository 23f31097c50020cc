"""Risk: the doctor finds mail in order that nobody would get, or sends something."""

from pathlib import Path

import pytest

from resources.profiles import load_settings
from sambodhan_assets.doctor import messages
from sambodhan_assets.domain.errors import PermanentError
from tests.mail_servers import PASSWORD, MailServer
from tests.mails import variables

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"MAIL_FROM": ""}, "MAIL_FROM: must be set, because SMTP_HOST is"),
        ({"MAIL_TO": ""}, "MAIL_TO: must be set, because SMTP_HOST is"),
        ({"MAIL_TO": "a@b\nBcc: c@d"}, "MAIL_TO: must be a mail address"),
        ({"SMTP_USER": "me"}, "SMTP_USER: needs SMTP_SECURITY starttls or tls"),
        ({"SMTP_SECURITY": "tls", "SMTP_USER": "me"}, "SMTP_PASSWORD: must be set"),
    ],
)
def test_a_mail_server_without_what_it_needs_stops_the_start(
    tmp_path: Path, changed: dict[str, str], problem: str
):
    wrong = variables(tmp_path, MailServer(port=25)) | changed
    with pytest.raises(PermanentError, match=problem):
        load_settings({name: value for name, value in wrong.items() if value})


LOGIN = {"SMTP_USER": "sambodhan", "SMTP_PASSWORD": PASSWORD}


def told_by_doctor(settings: dict[str, str]) -> str:
    (finding, *_) = messages(load_settings(settings))
    return f"{finding.level}: {finding.text}"


def test_the_doctor_logs_in_and_sends_nothing(
    tmp_path: Path,
    starttls_server: MailServer,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    told = told_by_doctor(variables(tmp_path, starttls_server, "starttls") | LOGIN)
    assert told.startswith("ok: Mail server 127.0.0.1:")
    assert told.endswith("(starttls) takes the login.")
    assert starttls_server.attempts == 0
    assert not (tmp_path / "mail").exists()


def test_the_doctor_says_that_a_login_is_refused_without_its_password(
    tmp_path: Path,
    starttls_server: MailServer,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    wrong = LOGIN | {"SMTP_PASSWORD": "wrong-geheim"}
    told = told_by_doctor(variables(tmp_path, starttls_server, "starttls") | wrong)
    assert "refuses the login (535). Check SMTP_USER and SMTP_PASSWORD." in told
    assert "geheim" not in told


def test_the_doctor_says_that_a_certificate_is_not_trusted(
    tmp_path: Path, starttls_server: MailServer
):
    told = told_by_doctor(variables(tmp_path, starttls_server, "starttls"))
    assert told.startswith("error: No mail can be sent: the certificate of 127.0.0.1:")
    assert "SSL_CERT_FILE" in told


@pytest.mark.parametrize(
    ("security", "problem"),
    [("starttls", "offers no STARTTLS"), ("tls", "SMTP_SECURITY=tls is for port 465")],
)
def test_the_doctor_says_that_a_server_does_not_encrypt(
    tmp_path: Path, plain_server: MailServer, security: str, problem: str
):
    assert problem in told_by_doctor(variables(tmp_path, plain_server, security))


def test_the_doctor_says_that_a_server_expects_tls_from_the_first_byte(
    tmp_path: Path, tls_server: MailServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("resources.mail.TIMEOUT", 0.5)
    told = told_by_doctor(variables(tmp_path, tls_server, "starttls"))
    assert "Check SMTP_PORT and SMTP_SECURITY: starttls may be the wrong one." in told


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"SMTP_PORT": "1"}, "takes no connection (ConnectionRefusedError)"),
        ({"SMTP_HOST": "no-such-host.invalid"}, "nobody knows the host of no-such-host.invalid:"),
    ],
)
def test_the_doctor_says_that_nobody_listens(
    tmp_path: Path, plain_server: MailServer, changed: dict[str, str], problem: str
):
    assert problem in told_by_doctor(variables(tmp_path, plain_server) | changed)


def test_the_doctor_calls_no_webhook(tmp_path: Path, slack: tuple[str, list[str], list[int]]):
    url, bodies, _ = slack
    settings = {"SAMBODHAN_HOME": str(tmp_path), "SLACK_WEBHOOK_URL": url}
    mail, chat = messages(load_settings(settings))
    assert "SMTP_HOST would send them" in mail.text
    assert "SLACK_WEBHOOK_URL is set" in chat.text
    assert "geheim-hook" not in chat.text
    assert bodies == []
