"""The errors of publisher, each with a message, a hint and the exit code of the command."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class PublisherError(Exception):
    """An error that a person can fix. The message is one line; `hint` says what to do next."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class IssueError(PublisherError):
    """The issue has errors and cannot be published."""

    exit_code = 1


class ConfigError(PublisherError):
    """publisher.toml or the command line is wrong.

    A message about a key of publisher.toml begins with the key: it is located there.
    """

    exit_code = 2


class NoSubscribersError(ConfigError):
    """No one has subscribed to the newsletter yet, so there is no one to send to."""


_MIN_RETRY_DELAY, _MAX_RETRY_DELAY = 1.0, 7 * 86400.0


class RefusalKind(Enum):
    """What a refusal of a message is about.

    `SENDER` and `CONTENT` are no fault of the recipient: others at the same provider are refused, too.
    """

    NO_RECIPIENT = "no recipient"
    MAILBOX_FULL = "mailbox full"
    LATER = "later"
    SENDER = "sender"
    CONTENT = "content"
    UNKNOWN = "unknown"

    @property
    def is_about_recipient(self) -> bool:
        """Whether it says something about the recipient's mailbox."""
        return self in (RefusalKind.NO_RECIPIENT, RefusalKind.MAILBOX_FULL, RefusalKind.LATER)


class DeliveryError(PublisherError):
    """A delivery failed, and it is certain that nothing was sent.

    `permanent`: a retry cannot help. `retry_after`: the earliest retry, in seconds from now, whatever a server
    said: at least a second, so that no retries follow each other without a pause, and at most a week.
    `moved_to`: what the platform calls the destination now, if it said that it has another id. `kind`: what
    the refusal is about.
    """

    exit_code = 3

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        moved_to: str = "",
        kind: RefusalKind = RefusalKind.UNKNOWN,
    ) -> None:
        super().__init__(message, hint)
        self.kind = kind
        self.permanent = permanent
        self.retry_after = None if retry_after is None else min(max(_MIN_RETRY_DELAY, retry_after), _MAX_RETRY_DELAY)
        self.moved_to = moved_to


class OutcomeUnknownError(PublisherError):
    """A delivery ended with an unknown outcome: something may have been sent."""

    exit_code = 4


class BusyError(PublisherError):
    """Another process has locked or leased what this one needs."""

    exit_code = 5


class StorageError(PublisherError):
    """A file or folder cannot be read or written."""

    exit_code = 6


class PageMissingError(PublisherError):
    """A message is not sent yet, because channels that are to show its issue failed and do not show it.

    `has_page`: one of them has pages, and not only feeds. `exit_code` is that of the first failure.
    """

    def __init__(self, channels: Iterable[str], hint: str, *, has_page: bool, exit_code: int = 0) -> None:
        what = "its page is not there yet" if has_page else "it is not in the feed yet"
        super().__init__(f"waits for {', '.join(channels)}: {what}", hint)
        self.exit_code = exit_code


def find_nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word`, ignoring case; None if none is similar."""
    from difflib import get_close_matches  # only needed after a mistake

    by_lower = {name.lower(): name for name in known}
    matches = get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[matches[0]] if matches else None


def format_suggestion(word: str, known: Iterable[str]) -> str:
    """Return a hint: the most similar known word as a question, or all of them if none is similar."""
    words = list(known)
    nearest = find_nearest(word, words)
    return f"did you mean {nearest}?" if nearest else f"known here: {', '.join(words)}"
