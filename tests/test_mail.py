"""Risk: a mail is lost, sent twice, or goes to a server that cannot prove its name."""

import json
import logging
import threading
from collections.abc import Generator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from stamina.instrumentation import RetryDetails, get_on_retry_hooks, set_on_retry_hooks

from resources.masking import mask_logs
from tests.mail_servers import PASSWORD, MailServer
from tests.mails import tell, variables

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def new_process() -> Generator[None]:
    """Logs and repeated tries as a process finds them that has masked nothing yet."""
    factory = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)
    set_on_retry_hooks(None)
    yield
    logging.setLogRecordFactory(factory)
    set_on_retry_hooks(None)


def test_a_mail_tells_the_same_in_text_and_in_escaped_html(
    tmp_path: Path, plain_server: MailServer
):
    tell(variables(tmp_path, plain_server))
    (mail,) = plain_server.messages
    assert mail["To"] == "one@example.org, two@example.org"
    assert mail["Subject"] == "OK department_pipeline: department on hold"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "HOLD. नेपाली <b>words</b> & more." in text.get_content()
    assert "नेपाली &lt;b&gt;words&lt;/b&gt; &amp; more." in html.get_content()
    assert "sheet to fill in: /sheets/one.xlsx" in text.get_content()


def test_the_same_run_is_told_once(tmp_path: Path, plain_server: MailServer):
    for _ in range(2):
        tell(variables(tmp_path, plain_server))
    assert len(plain_server.messages) == 1


def test_many_tellers_at_once_send_one_mail(tmp_path: Path, plain_server: MailServer):
    settings = variables(tmp_path, plain_server)
    tellers = [threading.Thread(target=tell, args=(settings,)) for _ in range(4)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()
    assert len(plain_server.messages) == 1


def test_a_password_goes_only_over_starttls(
    tmp_path: Path,
    starttls_server: MailServer,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    login = {"SMTP_USER": "sambodhan", "SMTP_PASSWORD": PASSWORD}
    tell(variables(tmp_path, starttls_server, "starttls") | login)
    assert starttls_server.encrypted == [True]
    assert starttls_server.logins == [True]


def test_tls_from_the_first_byte_works(
    tmp_path: Path, tls_server: MailServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tell(variables(tmp_path, tls_server, "tls"))
    assert len(tls_server.messages) == 1


def test_a_server_that_cannot_prove_its_name_gets_no_mail(
    tmp_path: Path, tls_server: MailServer, caplog: pytest.LogCaptureFixture
):
    tell(variables(tmp_path, tls_server, "tls"))
    assert tls_server.messages == []
    assert "SSLCertVerificationError" in caplog.text


def test_a_wrong_password_is_a_logged_error_and_stands_nowhere(
    tmp_path: Path,
    starttls_server: MailServer,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    login = {"SMTP_USER": "sambodhan", "SMTP_PASSWORD": "wrong-geheim"}
    tell(variables(tmp_path, starttls_server, "starttls") | login)
    assert starttls_server.messages == []
    assert "No mail about run a-run: SMTPAuthenticationError 535" in caplog.text
    kept = "".join(file.read_text() for file in (tmp_path / "mail").iterdir())
    assert "wrong-geheim" not in caplog.text + kept


@pytest.mark.parametrize(("answer", "attempts", "mails"), [("451 later", 2, 1), ("550 no", 1, 0)])
def test_only_what_may_pass_is_tried_again(
    tmp_path: Path, plain_server: MailServer, answer: str, attempts: int, mails: int
):
    plain_server.answers = [answer]
    tell(variables(tmp_path, plain_server))
    assert plain_server.attempts == attempts
    assert len(plain_server.messages) == mails
    assert (tmp_path / "mail" / "a-run.eml").exists()


@pytest.mark.parametrize("goodbye", ["421 too late", "500 what?"])
def test_a_mail_that_was_taken_is_not_sent_again_because_of_the_goodbye(
    tmp_path: Path, plain_server: MailServer, goodbye: str
):
    async def handle_quit(*_: object) -> str:
        return goodbye

    vars(plain_server)["handle_QUIT"] = handle_quit
    for _ in range(2):
        tell(variables(tmp_path, plain_server))
    assert len(plain_server.messages) == 1


def test_a_server_that_is_away_is_a_logged_error(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.ERROR):
        tell(variables(tmp_path, MailServer(port=1)))
    assert "No mail about run a-run: ConnectionRefusedError by 127.0.0.1; it waits" in caplog.text
    assert "नेपाली <b>words</b>" in (tmp_path / "mail" / "a-run.unsent").read_text()


def test_without_a_server_the_mail_is_a_file_that_people_can_read(tmp_path: Path):
    tell({"SAMBODHAN_HOME": str(tmp_path)})
    raw = (tmp_path / "mail" / "a-run.eml").read_bytes()
    assert "नेपाली <b>words</b> & more." in raw.decode()
    assert message_from_bytes(raw, policy=policy.default)["Subject"].startswith("OK department")


def test_slack_gets_the_same_summary(tmp_path: Path, slack: tuple[str, list[str], list[int]]):
    url, bodies, codes = slack
    codes.append(503)
    tell({"SAMBODHAN_HOME": str(tmp_path), "SLACK_WEBHOOK_URL": url})
    assert len(bodies) == 2
    text = json.loads(bodies[1])["text"]
    assert text.startswith("OK department_pipeline: department on hold\n")
    assert "नेपाली &lt;b&gt;words&lt;/b&gt; &amp; more." in text


def test_a_refused_webhook_is_logged_without_its_address(
    tmp_path: Path, slack: tuple[str, list[str], list[int]], caplog: pytest.LogCaptureFixture
):
    url, bodies, codes = slack
    codes.append(403)
    caplog.set_level(logging.WARNING)
    tell({"SAMBODHAN_HOME": str(tmp_path), "SLACK_WEBHOOK_URL": url})
    assert len(bodies) == 1
    assert "No Slack message about run a-run: HTTP 403." in caplog.text
    assert "geheim-hook" not in caplog.text


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.usefixtures("new_process")
def test_a_webhook_that_is_tried_again_is_printed_without_its_address(
    tmp_path: Path,
    slack: tuple[str, list[str], list[int]],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    code: int,
):
    url, bodies, codes = slack
    codes.append(code)
    mask_logs()
    tell({"SAMBODHAN_HOME": str(tmp_path), "SLACK_WEBHOOK_URL": url})
    assert len(bodies) == 2
    printed = capfd.readouterr()
    assert "geheim-hook" not in printed.out + printed.err + caplog.text
    assert f"resources.mail.MailNotifier._post: HTTP {code}; next try in 0 s." in caplog.text


@pytest.mark.usefixtures("new_process")
def test_a_server_that_is_tried_again_is_logged_by_what_is_tried(
    tmp_path: Path, plain_server: MailServer, caplog: pytest.LogCaptureFixture
):
    plain_server.answers = ["451 later"]
    mask_logs()
    tell(variables(tmp_path, plain_server))
    assert "resources.mail.MailNotifier._deliver: SMTPDataError 451; next try" in caplog.text


@pytest.mark.usefixtures("new_process")
def test_a_hook_of_the_command_line_stays_when_a_code_location_masks_again():
    told: list[str] = []
    mask_logs()
    set_on_retry_hooks([lambda details: told.append(details.name)])
    mask_logs()
    (hook,) = get_on_retry_hooks()
    hook(RetryDetails("probe", (), {}, 1, 0.0, 0.0, ValueError()))
    assert told == ["probe"]
