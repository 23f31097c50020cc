"""The two kinds of failure: those that a retry can cure and those that it cannot."""


class PlatformError(Exception):
    """A failure that tells its reader what was tried, what was found and what to do.

    Args:
        tried: What the platform was doing, e.g. "Reading the snapshot for department".
        found: What stood in the way, with the offending values (never a secret).
        todo: What the reader can do about it.
    """

    def __init__(self, *, tried: str, found: str, todo: str) -> None:
        super().__init__(tried, found, todo)
        self.tried = tried
        self.found = found
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.tried}: {self.found} {self.todo}"


class PermanentError(PlatformError):
    """Trying again changes nothing: data, configuration or rights must change first."""


class TransientError(PlatformError):
    """Trying again later may work: a connection, a server, a lock held by another run."""
