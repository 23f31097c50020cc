"""Risk: a mail server that is away for an hour costs a mail for ever, or brings one twice."""

import os
import threading
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
import stamina
from stamina.instrumentation import set_on_retry_hooks

from resources.assembly import open_notifier
from resources.mail import MOST_AT_ONCE, MailNotifier
from resources.profiles import load_settings
from sensors.unsent_mails import build_unsent_mails_sensor
from tests.mail_servers import MailServer
from tests.mails import SUMMARY, tell, variables

pytestmark = pytest.mark.usefixtures("no_waiting")

AWAY = MailServer(port=1)
DAY = 86_400


def notifier(home: Path, server: MailServer) -> MailNotifier:
    return open_notifier(load_settings(variables(home, server)))


def tell_while_away(home: Path, *run_ids: str) -> None:
    """Runs end one after the other; their mails get ages that tell which is the oldest."""
    for number, run_id in enumerate(run_ids):
        tell(variables(home, AWAY), replace(SUMMARY, run_id=run_id))
        make_older(home / f"mail/{run_id}.unsent", seconds=1000 - number)


def make_older(file: Path, *, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(file, (then, then))


def look(home: Path, server: MailServer) -> str | None:
    """What the sensor says that a daemon asks every minute."""
    sensor = build_unsent_mails_sensor(interval_seconds=60)
    with dg.build_sensor_context(resources={"notifier": notifier(home, server)}) as context:
        return sensor.evaluate_tick(context).skip_message


def told(server: MailServer) -> list[str]:
    return [mail["Message-ID"].strip("<>").removesuffix("@sambodhan") for mail in server.messages]


def ends(home: Path) -> dict[str, str]:
    files = (home / "mail").glob("*.*")
    return {file.stem: file.suffix for file in files if file.suffix and file.name[0] != "."}


def test_the_next_mail_brings_those_that_wait_the_oldest_first(
    tmp_path: Path, plain_server: MailServer
):
    tell_while_away(tmp_path, "b", "a")
    assert ends(tmp_path) == {"a": ".unsent", "b": ".unsent"}
    tell(variables(tmp_path, plain_server))
    assert told(plain_server) == ["b", "a", "a-run"]
    assert set(ends(tmp_path).values()) == {".eml"}


def test_the_sensor_sends_what_waits_although_no_further_run_ends(
    tmp_path: Path, plain_server: MailServer
):
    assert look(tmp_path, plain_server) == "No mail waits."
    tell_while_away(tmp_path, "a")
    make_older(tmp_path / "mail/.last-try", seconds=990)
    assert look(tmp_path, AWAY) == "1 mail could not be sent yet."
    make_older(tmp_path / "mail/.last-try", seconds=600)
    assert look(tmp_path, plain_server) == "No mail waits."
    assert told(plain_server) == ["a"]


@pytest.mark.parametrize(
    ("waits_since", "last_try", "mails"),
    [(60, 60, 0), (301, 301, 1), (1000, 400, 0), (1000, 501, 1), (2 * DAY, DAY - 60, 0)],
)
def test_a_mail_is_tried_again_once_it_has_waited_as_long_again(
    tmp_path: Path, plain_server: MailServer, waits_since: int, last_try: int, mails: int
):
    tell_while_away(tmp_path, "a")
    make_older(tmp_path / "mail/a.unsent", seconds=waits_since)
    make_older(tmp_path / "mail/.last-try", seconds=last_try)
    look(tmp_path, plain_server)
    assert len(plain_server.messages) == mails


def test_a_mail_that_was_sent_late_is_the_mail_that_was_kept(
    tmp_path: Path, plain_server: MailServer
):
    long = replace(SUMMARY, steps=("made " + "x" * 3000,), run_id="long")
    tell(variables(tmp_path, AWAY), long)
    tell(variables(tmp_path, plain_server) | {"MAIL_TO": "new@example.org"})
    late, now = plain_server.messages
    for mail in (late, now):
        assert mail["To"] == "new@example.org"
        assert mail["Subject"] == "OK department_pipeline: department on hold"
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text is not None
        assert html is not None
        assert "HOLD. नेपाली <b>words</b> & more." in text.get_content()
        assert "नेपाली &lt;b&gt;words&lt;/b&gt; &amp; more." in html.get_content()
    text = late.get_body(("plain",))
    assert text is not None
    assert "x" * 3000 in text.get_content()
    assert max(map(len, late.as_bytes().splitlines())) < 1000  # servers refuse longer lines


def test_one_mail_a_run_whoever_tells_of_it_while_it_waits(
    tmp_path: Path, plain_server: MailServer
):
    tell_while_away(tmp_path, "a-run")
    make_older(tmp_path / "mail/.last-try", seconds=600)
    settings = variables(tmp_path, plain_server)
    tellers = [threading.Thread(target=tell, args=(settings,)) for _ in range(3)]
    tellers += [threading.Thread(target=look, args=(tmp_path, plain_server)) for _ in range(3)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()
    assert told(plain_server) == ["a-run"]


def test_an_outage_is_caught_up_with_in_portions(tmp_path: Path, plain_server: MailServer):
    tell_while_away(tmp_path, *(f"run-{number:02}" for number in range(MOST_AT_ONCE + 2)))
    make_older(tmp_path / "mail/.last-try", seconds=600)
    assert look(tmp_path, plain_server) == "2 mails could not be sent yet."
    assert look(tmp_path, plain_server) == "No mail waits."
    assert told(plain_server) == [f"run-{number:02}" for number in range(MOST_AT_ONCE + 2)]


def test_after_an_outage_a_run_that_ends_opens_the_way_for_all(
    tmp_path: Path, plain_server: MailServer
):
    runs = [f"run-{number:02}" for number in range(MOST_AT_ONCE + 2)]
    tell_while_away(tmp_path, *runs)
    for run_id in runs:
        make_older(tmp_path / f"mail/{run_id}.unsent", seconds=2 * DAY)
    make_older(tmp_path / "mail/.last-try", seconds=600)
    tell(variables(tmp_path, plain_server))
    assert len(plain_server.messages) == MOST_AT_ONCE
    assert look(tmp_path, plain_server) == "No mail waits."
    assert sorted(told(plain_server)) == sorted([*runs, "a-run"])


def test_half_a_character_of_a_reason_costs_no_mail(tmp_path: Path, plain_server: MailServer):
    broken = replace(SUMMARY, steps=("read caf\udce9.csv",))
    tell(variables(tmp_path, plain_server), broken)
    (mail,) = plain_server.messages
    text = mail.get_body(("plain",))
    assert text is not None
    assert "read caf\\udce9.csv" in text.get_content()


def test_a_full_disk_is_logged_and_ends_nothing(
    tmp_path: Path, plain_server: MailServer, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "mail/a-run.part").mkdir(parents=True)
    tell(variables(tmp_path, plain_server))
    assert "No mail about run a-run can be kept: IsADirectoryError" in caplog.text


def test_a_server_that_is_away_is_asked_once_for_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    tell_while_away(tmp_path, "a", "b", "c")
    caplog.clear()
    tell(variables(tmp_path, AWAY))
    assert caplog.text.count("No mail about run") == 1


@pytest.mark.parametrize(
    ("answer", "end"), [("550 no such message", ".eml"), ("451 not this one", ".unsent")]
)
def test_a_mail_that_is_refused_stands_in_no_other_mail_s_way(
    tmp_path: Path, plain_server: MailServer, answer: str, end: str
):
    tell_while_away(tmp_path, "a", "b")
    plain_server.answers = [answer]
    tell(variables(tmp_path, plain_server))
    assert told(plain_server) == ["b", "a-run"]
    assert ends(tmp_path) == {"a": end, "b": ".eml", "a-run": ".eml"}


def test_after_five_days_a_mail_is_not_sent_any_more(
    tmp_path: Path, plain_server: MailServer, caplog: pytest.LogCaptureFixture
):
    tell_while_away(tmp_path, "a")
    make_older(tmp_path / "mail/a.unsent", seconds=5 * DAY + 60)
    make_older(tmp_path / "mail/.last-try", seconds=3 * DAY)
    look(tmp_path, AWAY)
    assert "No mail about run a: ConnectionRefusedError by 127.0.0.1; it is not sent" in caplog.text
    assert look(tmp_path, plain_server) == "No mail waits."
    assert plain_server.messages == []


@pytest.fixture
def waits() -> Generator[list[float]]:
    """Seconds between the tries of a mail, which are really waited for."""
    found: list[float] = []
    stamina.set_testing(False)
    set_on_retry_hooks([lambda details: found.append(details.wait_for)])
    yield found
    set_on_retry_hooks(None)


def test_a_server_that_is_busy_is_given_half_a_minute(
    tmp_path: Path, plain_server: MailServer, waits: list[float]
):
    patient = notifier(tmp_path, plain_server)
    assert patient.wait_seconds == 4
    plain_server.answers = ["451 later"] * 3
    hasty = patient.model_copy(update={"wait_seconds": patient.wait_seconds / 1000})
    hasty.send(SUMMARY)
    assert told(plain_server) == ["a-run"]
    assert sum(waits) * 1000 == pytest.approx(28)
