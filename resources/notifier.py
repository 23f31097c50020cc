"""Tells people how runs ended: the contract that resources/mail.py fulfils."""

from abc import ABC, abstractmethod

import dagster as dg

from sambodhan_assets.domain.run_summary import RunSummary


class Notifier(dg.ConfigurableResource, ABC):
    """Sends the summary of a run to the people who care."""

    @abstractmethod
    def send(self, summary: RunSummary) -> None:
        """Sends one message; sending the same run twice is one message.

        A message that cannot be sent is a logged error and never an exception; a mail is kept and
        tried again, by the next call and by `send_waiting`.
        """

    @abstractmethod
    def send_waiting(self) -> int:
        """Tries kept mails again, oldest first, at ever longer intervals.

        Returns:
            How many wait still.
        """
