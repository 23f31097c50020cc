"""Settings of mail and Slack; resources/profiles.py reads them together with all others."""

import re
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

_ADDRESS = re.compile(r"[^\s@,<>]+@[^\s@,<>]+")


class MailSettings(BaseSettings):
    """Where summaries of runs go. Fields are checked in order, each against those before it."""

    smtp_host: str | None = Field(None, description="Mail server; unset: mails are files only.")
    smtp_port: int | None = Field(
        None, ge=1, le=65535, description="Unset: 587 for starttls, 465 for tls, 25 for none."
    )
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to the mail server is encrypted."
    )
    smtp_user: str | None = Field(None, description="Name for the login; unset: no login.")
    smtp_password: SecretStr | None = Field(
        None, validate_default=True, description="Password of that user."
    )
    mail_from: str | None = Field(
        None, validate_default=True, description="Address that mails come from."
    )
    mail_to: str | None = Field(
        None, validate_default=True, description="Addresses of the admins, by comma."
    )
    slack_webhook_url: SecretStr | None = Field(
        None, description="Incoming webhook of Slack that gets the same summaries."
    )

    dagster_url: str | None = Field(
        None, description="Address of Dagster's UI as people reach it; unset: mails hold no link."
    )

    @field_validator("dagster_url")
    @classmethod
    def _is_a_page(cls, address: str | None) -> str | None:
        if address is not None and not address.startswith(("http://", "https://")):
            raise ValueError("must be an http or https address such as https://dagster.example.org")
        return None if address is None else address.rstrip("/")

    @field_validator("smtp_user")
    @classmethod
    def _is_sent_encrypted(cls, user: str | None, info: ValidationInfo) -> str | None:
        if user is not None and info.data.get("smtp_security") == "none":
            raise ValueError(
                "needs SMTP_SECURITY starttls or tls; the password would be readable on its way"
            )
        return user

    @field_validator("smtp_password")
    @classmethod
    def _belongs_to_the_user(
        cls, password: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if password is None and info.data.get("smtp_user") is not None:
            raise ValueError("must be set, because SMTP_USER is")
        return password

    @field_validator("mail_from", "mail_to")
    @classmethod
    def _are_addresses(cls, text: str | None, info: ValidationInfo) -> str | None:
        if text is None:
            if info.data.get("smtp_host") is not None:
                raise ValueError("must be set, because SMTP_HOST is")
            return None
        addresses = _addresses(text)
        if not addresses or not all(_ADDRESS.fullmatch(address) for address in addresses):
            raise ValueError("must be a mail address such as admin@example.org")
        if info.field_name == "mail_from" and len(addresses) > 1:
            raise ValueError("must be one mail address")
        return text

    @property
    def mail_port(self) -> int:
        """Port of the mail server."""
        return self.smtp_port or {"starttls": 587, "tls": 465, "none": 25}[self.smtp_security]

    @property
    def recipients(self) -> list[str]:
        """Addresses of the admins."""
        return _addresses(self.mail_to or "")


def _addresses(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
