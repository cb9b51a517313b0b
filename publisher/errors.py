"""What can go wrong, as one family: a message for people, and the exit code of the command."""

from __future__ import annotations


class PublisherError(Exception):
    """An error a person can mend. The message is one line; `hint` says what to do next."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class IssueError(PublisherError):
    """The issue itself is not fit to publish."""

    exit_code = 1


class ConfigError(PublisherError):
    """publisher.toml or the command line is wrong."""

    exit_code = 2


class DeliveryError(PublisherError):
    """A delivery failed and it is known that nothing went out.

    `permanent` means that trying again cannot help; `retry_after` is in seconds.
    """

    exit_code = 3

    def __init__(
        self, message: str, hint: str = "", *, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint)
        self.permanent = permanent
        self.retry_after = retry_after


class OutcomeUnknownError(PublisherError):
    """A delivery ended in a way that does not tell whether anything went out."""

    exit_code = 4


class BusyError(PublisherError):
    """Another publish holds what this one needs."""

    exit_code = 5


class StorageError(PublisherError):
    """A file or folder cannot be read or written."""

    exit_code = 6
