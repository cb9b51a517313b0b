"""What can go wrong, as one family: a message for people, and the exit code of the command."""

from __future__ import annotations

from collections.abc import Iterable


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


def find_nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, whatever its case; None when nothing is near."""
    from difflib import get_close_matches  # only after a mistake, so not at start-up

    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def format_suggestion(word: str, known: Iterable[str]) -> str:
    """A hint: the nearest known word as a question, or all of them when nothing is near."""
    words = list(known)
    near = find_nearest(word, words)
    return f"did you mean {near}?" if near else f"known here: {', '.join(words)}"
