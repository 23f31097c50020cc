"""Risk: a mail is lost, sent twice, says what is not so, or carries a secret or a complaint."""

import json
import logging
import threading
from collections.abc import Generator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from resources.assembly import open_notifier
from resources.profiles import load_settings
from sambodhan_assets.doctor import messages
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.run_message import plain_text
from sambodhan_assets.domain.run_page import html_page
from sambodhan_assets.domain.run_summary import Ending, RunEnd, RunSummary, Serving, TaskNews
from tests.mail_servers import PASSWORD, MailServer, mail_server, make_certificate, webhook

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


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def plain_server(certificate: Path) -> Generator[MailServer]:
    with mail_server(certificate, "none") as server:
        yield server


@pytest.fixture
def tls_server(certificate: Path) -> Generator[MailServer]:
    with mail_server(certificate, "tls") as server:
        yield server


@pytest.fixture
def starttls_server(certificate: Path) -> Generator[MailServer]:
    with mail_server(certificate, "starttls") as server:
        yield server


@pytest.fixture
def slack() -> Generator[tuple[str, list[str], list[int]]]:
    with webhook() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    for name in ("SMTP_HOST", "SMTP_PASSWORD", "SLACK_WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    stamina.set_testing(True, attempts=3, cap=True)
    yield
    stamina.set_testing(False)


def variables(home: Path, server: MailServer, security: str = "none") -> dict[str, str]:
    return {
        "SAMBODHAN_HOME": str(home),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(server.port),
        "SMTP_SECURITY": security,
        "MAIL_FROM": "sambodhan@example.org",
        "MAIL_TO": "one@example.org, two@example.org",
    }


def tell(settings: dict[str, str], summary: RunSummary = SUMMARY) -> None:
    open_notifier(load_settings(settings)).send(summary)


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


def test_a_server_that_is_away_is_a_logged_error(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.ERROR):
        tell(variables(tmp_path, MailServer(port=1)))
    assert "No mail about run a-run: ConnectionRefusedError by 127.0.0.1." in caplog.text
    assert (tmp_path / "mail" / "a-run.eml").exists()


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


SENTENCES = ("could not be read", "still serves", "Nothing is deployed", "had let")
SERVING = (Serving(task="urgency", tag="v1", replaced="v0"),)


def test_a_red_run_reads_otherwise_than_a_rejection():
    red = RunSummary(
        run_id="r",
        job="retrain_urgency",
        end=RunEnd.FAILED,
        reasons=("the disk is full",),
        serving=SERVING,
    )
    text = plain_text(red)
    assert text.startswith("FAILED retrain_urgency\n")
    assert "the disk is full\nThe previous version still serves.\n" in text
    rejection = TaskNews(task="urgency", ending=Ending.REJECTED, headline="Worse.")
    rejected = replace(red, end=RunEnd.SUCCEEDED, reasons=(), news=(rejection,))
    assert rejected.subject == "OK retrain_urgency: urgency rejected"
    assert "urgency: v1, as before this run\n" in plain_text(rejected)
    red_colour = "#cf222e"
    assert red_colour in html_page(red)
    assert red_colour not in html_page(rejected)


@pytest.mark.parametrize("end", [RunEnd.FAILED, RunEnd.CANCELLED])
@pytest.mark.parametrize(
    ("serving", "sentence"),
    [
        (None, "What serves now could not be read"),
        (SERVING, "The previous version still serves."),
        ((Serving(task="urgency", tag=None),), "Nothing is deployed, as before."),
        (
            (Serving(task="urgency", tag="v2", replaced="v1", by_this_run=True),),
            "Before it ended, the run had let a new version serve: urgency v2.",
        ),
    ],
)
def test_a_run_that_broke_off_says_of_what_serves_only_what_is_known(
    end: RunEnd, serving: tuple[Serving, ...] | None, sentence: str
):
    summary = RunSummary(run_id="r", job="urgency_pipeline", end=end, serving=serving)
    assert summary.subject == f"{end} urgency_pipeline"
    assert sentence in plain_text(summary)
    said = [part for part in SENTENCES if part in plain_text(summary)]
    assert said == [part for part in SENTENCES if part in sentence]


def test_a_mail_holds_no_secret_in_any_of_its_forms(tmp_path: Path):
    password = 'a&b<"geheim'
    settings = {"SAMBODHAN_HOME": str(tmp_path), "HF_TOKEN": password}
    reasons = (f"no way with {password} to postgresql://me:geheim@db/x",)
    tell(settings, RunSummary(run_id="r", job="j", end=RunEnd.FAILED, reasons=reasons))
    mail = message_from_bytes((tmp_path / "mail/r.eml").read_bytes(), policy=policy.default)
    assert "no way with *** to postgresql://***@db/x" in str(mail)
    assert "geheim" not in str(mail)


def test_only_a_set_address_of_the_ui_makes_a_link(tmp_path: Path):
    settings = {"SAMBODHAN_HOME": str(tmp_path), "DAGSTER_URL": "https://dagster.example/ui/"}
    tell(settings)
    mail = (tmp_path / "mail/a-run.eml").read_text()
    assert "this run: https://dagster.example/ui/runs/a-run\n" in mail
    assert 'href="https://dagster.example/ui/runs/a-run"' in mail
    tell({"SAMBODHAN_HOME": str(tmp_path / "other")})
    assert "/runs/" not in (tmp_path / "other/mail/a-run.eml").read_text()


@given(st.text())
def test_nothing_that_a_run_said_becomes_markup(said: str):
    said = f"<script>{said}</script>"
    page = html_page(
        RunSummary(
            run_id="r",
            job=said,
            end=RunEnd.FAILED,
            news=(
                TaskNews(
                    task=said,
                    ending=Ending.HOLD,
                    headline=said,
                    facts=((said, said),),
                    commands=((said, said),),
                ),
            ),
            reasons=(said,),
            steps=(said,),
            serving=(Serving(task=said, tag=said),),
            links=((said, said),),
        )
    )
    assert "<script>" not in page


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
