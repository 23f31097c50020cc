"""Mail and Slack messages about runs; every mail is also kept as a file that any client opens."""

import logging
import os
import smtplib
import ssl
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from pathlib import Path

import httpx2
import stamina
from pydantic import Field

from resources.masking import mask
from resources.notifier import Notifier
from resources.outbox import Outbox
from resources.smtp_errors import error_kind, explain_smtp, is_refused_for_good, mail_may_work_later
from sambodhan_assets.domain.run_message import chat_text, plain_text
from sambodhan_assets.domain.run_page import html_page
from sambodhan_assets.domain.run_summary import RunSummary, rewritten

# Seconds until a silent server counts as away.
TIMEOUT = 20.0
ATTEMPTS = 3
# 4, 8 and 16 seconds apart: Dagster gives a sensor 60 seconds, and a silent server takes 20.
MAIL_ATTEMPTS = 4
MAIL_PATIENCE_SECONDS = 30.0
# Mails of an outage that are sent at once; the next ones follow a minute later.
MOST_AT_ONCE = 10
# As long as mail servers themselves try.
GIVEN_UP_AFTER_DAYS = 5
NOBODY = "sambodhan@localhost"

log = logging.getLogger(__name__)


class MailNotifier(Notifier):
    """Sends by SMTP if a host is set, and to Slack if its address is set.

    A mail is kept before it is sent: what the server does not take waits (resources/outbox.py).
    """

    folder: str = Field(description="Folder that keeps one .eml or .unsent file per run.")
    host: str | None = Field(None, description="SMTP server; None: the file is the only mail.")
    port: int = Field(587, description="Its port.")
    security: str = Field("starttls", description="starttls, tls or none.")
    user: str | None = Field(None, description="Name for the login; None: no login.")
    password: str = Field("", description="Password of that user.")
    sender: str = Field(NOBODY, description="Address in From.")
    recipients: list[str] = Field([NOBODY], description="Addresses in To.")
    slack_url: str = Field("", description="Webhook that gets the same summary; empty: none.")
    dagster_url: str | None = Field(None, description="Address of Dagster's UI; None: no link.")
    wait_seconds: float = Field(4.0, ge=0, description="Wait before a mail's second try.")
    again_seconds: float = Field(300.0, ge=0, description="Least wait before tries after those.")

    def send(self, summary: RunSummary) -> None:
        """See `Notifier.send`."""
        summary = self._complete(summary)
        box = self._outbox
        # A sensor and a command may both tell of the run that has just ended.
        with box.locked():
            if not box.knows(summary.run_id):
                if self.slack_url:
                    self._post(summary)
                self._put(box, summary)
            self._send_waiting(box)

    def send_waiting(self) -> int:
        """See `Notifier.send_waiting`."""
        box = self._outbox
        with box.locked():
            if box.is_due(self.again_seconds):
                self._send_waiting(box)
            return len(box.waiting())

    @property
    def _outbox(self) -> Outbox:
        return Outbox(folder=Path(self.folder))

    def _complete(self, summary: RunSummary) -> RunSummary:
        """With the link to the run, and without secrets."""
        if self.dagster_url is not None:
            link = ("this run", f"{self.dagster_url}/runs/{summary.run_id}")
            summary = replace(summary, links=(link, *summary.links))
        # Before it is rendered: HTML would escape a secret, and then hide it from the mask.
        # Half a character, which an error's text may hold, cannot be sent.
        return rewritten(
            summary, lambda text: mask(text).encode("utf-8", "backslashreplace").decode("utf-8")
        )

    def _put(self, box: Outbox, summary: RunSummary) -> None:
        try:
            box.put(summary.run_id, self._kept(summary), to_send=self.host is not None)
        except OSError as error:
            kind = type(error).__name__
            log.error("No mail about run %s can be kept: %s.", summary.run_id, kind)

    def _kept(self, summary: RunSummary) -> bytes:
        """Text and HTML, in lines that people can read in the file too."""
        message = EmailMessage(policy=SMTP.clone(linesep=os.linesep))
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Subject"] = " ".join(summary.subject.split())
        message["Date"] = format_datetime(localtime())
        # Always the same for a run, so that mail programs show a repeated message once.
        message["Message-ID"] = f"<{summary.run_id}@sambodhan>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(plain_text(summary), cte="8bit")
        message.add_alternative(html_page(summary), subtype="html", cte="8bit")
        return message.as_bytes()

    def _to_send(self, kept: bytes) -> EmailMessage:
        """As every server takes it, from and to the addresses that are set now."""
        message = message_from_bytes(kept, policy=SMTP)
        assert isinstance(message, EmailMessage)
        message.replace_header("From", self.sender)
        message.replace_header("To", ", ".join(self.recipients))
        for part in message.walk():
            if part.get_content_maintype() == "text":
                part.set_content(part.get_content(), subtype=part.get_content_subtype())
        return message

    def _send_waiting(self, box: Outbox) -> None:
        """Oldest first, until the server is not there; only a mail alone is worth a longer wait."""
        waiting = box.waiting()[:MOST_AT_ONCE]
        if self.host is None:
            return
        for file in waiting:
            try:
                self._mail(self.host, file, attempts=MAIL_ATTEMPTS if len(waiting) == 1 else 1)
            except (OSError, ValueError) as error:
                self._keep_or_give_up(box, file, error)
                if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPDataError):
                    return
            else:
                box.note_success()
                box.close(file)

    def _keep_or_give_up(self, box: Outbox, file: Path, error: Exception) -> None:
        box.note_failure()
        rest = "it waits for the next try"
        if is_refused_for_good(error) or box.age(file) > GIVEN_UP_AFTER_DAYS * 86_400:
            box.close(file)
            rest = "it is not sent any more"
        # Only its kind: a server's answer may repeat what it was sent.
        kind = error_kind(error)
        log.error("No mail about run %s: %s by %s; %s.", file.stem, kind, self.host, rest)

    def _mail(self, host: str, file: Path, *, attempts: int) -> None:
        message = self._to_send(file.read_bytes())
        caller = stamina.RetryingCaller(
            attempts=attempts,
            timeout=MAIL_PATIENCE_SECONDS,
            wait_initial=self.wait_seconds,
            wait_max=4 * self.wait_seconds,
            wait_jitter=0,
        )
        caller.on(mail_may_work_later)(self._deliver, host, message)

    def _deliver(self, host: str, message: EmailMessage) -> None:
        refused = None
        try:
            with self._connection(host) as server:
                self._log_in(server)
                refused = server.send_message(message)
        except OSError:
            # Where only the goodbye failed, the server has the mail.
            if refused is None:
                raise
        if refused:
            log.error("%s refused %d of the addresses in MAIL_TO.", host, len(refused))

    def try_login(self) -> str | None:
        """Connects and logs in as for a mail, and sends none.

        Returns:
            What is wrong and what to do, as sentences; None if nothing is.
        """
        if self.host is None:
            return None
        server = f"{self.host}:{self.port}"
        try:
            with self._connection(self.host) as connection:
                connection.ehlo_or_helo_if_needed()
                self._log_in(connection)
        except (OSError, ValueError) as error:
            return explain_smtp(error, server, self.security)
        return None

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if self.user is not None:
            server.login(self.user, self.password)

    def _connection(self, host: str) -> smtplib.SMTP:
        if self.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, self.port, timeout=TIMEOUT, context=context)
        return smtplib.SMTP(host, self.port, timeout=TIMEOUT)

    def _post(self, summary: RunSummary) -> None:
        try:
            for attempt in stamina.retry_context(on=_post_may_work_later, attempts=ATTEMPTS):
                with attempt:
                    body = {"text": chat_text(summary)}
                    httpx2.post(self.slack_url, json=body, timeout=TIMEOUT).raise_for_status()
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            # The address is a secret, and the error's text holds it.
            log.error("No Slack message about run %s: %s.", summary.run_id, error_kind(error))


def _post_may_work_later(error: Exception) -> bool:
    if isinstance(error, httpx2.HTTPStatusError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, httpx2.TransportError)
