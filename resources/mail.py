"""Mail and Slack messages about runs; every mail is also kept as a file that any client opens."""

import logging
import os
import smtplib
import ssl
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from pathlib import Path

import httpx2
import stamina
from filelock import FileLock
from pydantic import Field

from resources.masking import mask
from resources.notifier import Notifier
from resources.smtp_errors import error_kind, explain_smtp, mail_may_work_later
from sambodhan_assets.domain.run_message import chat_text, plain_text
from sambodhan_assets.domain.run_page import html_page
from sambodhan_assets.domain.run_summary import RunSummary, rewritten

# Seconds until a silent server counts as away.
TIMEOUT = 20.0
ATTEMPTS = 3
NOBODY = "sambodhan@localhost"

log = logging.getLogger(__name__)


class MailNotifier(Notifier):
    """Sends by SMTP if a host is set, and to Slack if its address is set.

    The file of a run is written last and says that people have been told, whoever asks again.
    """

    folder: str = Field(description="Folder that keeps one .eml file per run.")
    host: str | None = Field(None, description="SMTP server; None: the file is the only mail.")
    port: int = Field(587, description="Its port.")
    security: str = Field("starttls", description="starttls, tls or none.")
    user: str | None = Field(None, description="Name for the login; None: no login.")
    password: str = Field("", description="Password of that user.")
    sender: str = Field(NOBODY, description="Address in From.")
    recipients: list[str] = Field([NOBODY], description="Addresses in To.")
    slack_url: str = Field("", description="Webhook that gets the same summary; empty: none.")
    dagster_url: str | None = Field(None, description="Address of Dagster's UI; None: no link.")

    def send(self, summary: RunSummary) -> None:
        """See `Notifier.send`."""
        summary = self._complete(summary)
        folder = Path(self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{summary.run_id}.eml"
        # A sensor and a command may both tell of the run that has just ended.
        with FileLock(folder / ".lock"):
            if file.exists():
                return
            if self.host is not None:
                self._mail(self.host, summary)
            if self.slack_url:
                self._post(summary)
            half = file.with_suffix(".part")
            half.write_bytes(self._message(summary, encoding="8bit").as_bytes())
            half.replace(file)

    def _complete(self, summary: RunSummary) -> RunSummary:
        """With the link to the run, and without secrets."""
        if self.dagster_url is not None:
            link = ("this run", f"{self.dagster_url}/runs/{summary.run_id}")
            summary = replace(summary, links=(link, *summary.links))
        # Before it is rendered: HTML would escape a secret, and then hide it from the mask.
        return rewritten(summary, mask)

    def _message(self, summary: RunSummary, *, encoding: str | None = None) -> EmailMessage:
        """Text and HTML; `encoding` 8bit keeps the lines of a file readable."""
        message = EmailMessage(policy=SMTP if encoding is None else SMTP.clone(linesep=os.linesep))
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Subject"] = " ".join(summary.subject.split())
        message["Date"] = format_datetime(localtime())
        # Always the same for a run, so that mail programs show a repeated message once.
        message["Message-ID"] = f"<{summary.run_id}@sambodhan>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(plain_text(summary), cte=encoding)
        message.add_alternative(html_page(summary), subtype="html", cte=encoding)
        return message

    def _mail(self, host: str, summary: RunSummary) -> None:
        try:
            message = self._message(summary)
            for attempt in stamina.retry_context(on=mail_may_work_later, attempts=ATTEMPTS):
                with attempt:
                    self._deliver(host, message)
        except (OSError, ValueError) as error:
            # Only its kind: a server's answer may repeat what it was sent.
            log.error("No mail about run %s: %s by %s.", summary.run_id, error_kind(error), host)

    def _deliver(self, host: str, message: EmailMessage) -> None:
        with self._connection(host) as server:
            self._log_in(server)
            refused = server.send_message(message)
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
