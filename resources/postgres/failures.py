"""Errors of the database, told apart from those of files, settings and data."""

from sambodhan_assets.domain.errors import PermanentError, TransientError


class DatabaseRefusal(PermanentError):
    """PostgreSQL refuses: rights, names, values, or it cannot be started."""


class DatabaseOutage(TransientError):
    """PostgreSQL does not answer, or broke off."""
