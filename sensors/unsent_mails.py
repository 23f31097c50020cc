"""Sends mails that the mail server did not take when their runs ended."""

import dagster as dg

from resources.notifier import Notifier
from sambodhan_assets.domain.gate.wording import count_of


def build_unsent_mails_sensor(*, interval_seconds: int) -> dg.SensorDefinition:
    """The sensor of all mails, which looks every `interval_seconds`."""

    @dg.sensor(
        name="unsent_mails",
        minimum_interval_seconds=interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tries mails again that could not be sent, at ever longer intervals.",
    )
    def unsent_mails(notifier: Notifier) -> dg.SkipReason:
        waiting = notifier.send_waiting()
        return dg.SkipReason(
            f"{count_of(waiting, 'mail')} could not be sent yet." if waiting else "No mail waits."
        )

    return unsent_mails
