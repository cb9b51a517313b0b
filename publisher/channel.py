"""What a channel is: a pure `render` and a `deliver` that acts, and nothing between them.

A channel is a frozen dataclass; its fields are its keys in publisher.toml. Most channels only render
an issue. A channel whose output covers the whole archive (a site, a feed) also has `render_archive`.
A channel that reaches people, whose output nobody can take back by writing a file, is a LiveChannel.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from enum import Enum
from typing import ClassVar, Protocol, runtime_checkable

from publisher.dataclass import dataclass
from publisher.model import Issue
from publisher.newsletter import Newsletter


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to deliver. `key` is unique in its rendering; for channels that write files it is the
    path below the output folder, with forward slashes."""

    key: str
    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the body, hex."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a channel made of an issue. `parts` are what it delivers, `previews` show the same to the eye and
    only lie beside it in files. `report` holds facts for people and scripts (counts, limits)."""

    parts: tuple[Part, ...]
    warnings: tuple[str, ...] = ()
    report: Mapping[str, object] = field(default_factory=dict)
    previews: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """What the archive knows of one issue without reading it again.

    `title` is the display title, `summary` plain text, `url` the absolute address of its page;
    `published` never moves, `updated` moves when the content does. Both are aware, in whole seconds.
    `revision` is a hash of the content: entries of equal revision have equal pages and feed items.
    """

    id: str
    date: dt.date
    title: str
    summary: str
    url: str
    published: dt.datetime
    updated: dt.datetime
    items: int = 0
    revision: str = ""


@dataclass(frozen=True, slots=True)
class PartGroup:
    """Parts over the archive that change together, such as one file and its compressed forms.

    `key` is unique in its archive. `digest` (hex) covers all the parts are made from, so whoever has
    delivered a group of this key and digest need not call `parts` again. `parts` makes them, one at a
    time, in the order they must be written.
    """

    key: str
    digest: str
    parts: Callable[[], Iterable[Part]]


class Templates(Protocol):
    """The theme as channels see it: templates already in memory."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the whole theme: equal themes make equal pages."""
        ...

    def render(self, name: str, **values: object) -> str:
        """The template `name` filled in."""
        ...

    def text(self, name: str) -> str:
        """The source of a file of the theme, such as a style sheet."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """All that a rendering may know besides the issue. `feeds` maps rss, atom and json to absolute
    addresses (empty when the rss channel is off); `previous` and `next` are the neighbours by date.
    `addresses` maps the absolute address of an issue's page to that of its article at WeChat, for the issues
    whose article is known."""

    newsletter: Newsletter
    templates: Templates
    entry: Entry | None = None
    previous: Entry | None = None
    next: Entry | None = None
    feeds: Mapping[str, str] = field(default_factory=dict)
    article_urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known after a delivery: `changed` is false when it was there already.

    `remote_id` is the name the platform gave it, by which it can be changed later. `moved_to` is the
    destination's new name, if the platform told one. `notes` are for people: what did not work besides the
    delivery itself.
    """

    changed: bool = True
    url: str = ""
    remote_id: str = ""
    moved_to: str = ""
    notes: tuple[str, ...] = ()


class Session(Protocol):
    """An open connection of a channel."""

    def deliver(self, part: Part, destination: str) -> Receipt:
        """Send one part. Raises DeliveryError only when nothing went out; any other exception means
        that the outcome is unknown."""
        ...


class EditableSession(Session, Protocol):
    """An open connection to a platform where what was delivered can be changed.

    Both methods do the same when they are called twice, so an outcome that is not known is tried again.
    They raise DeliveryError when nothing changed.
    """

    def edit(self, part: Part, destination: str, remote_id: str) -> Receipt:
        """Put `part` in the place of what `deliver` gave the name `remote_id`."""
        ...

    def delete(self, destination: str, remote_id: str) -> Receipt:
        """Take back what `deliver` gave the name `remote_id`; `notes` say so when it has to stay."""
        ...


@runtime_checkable
class ProbingSession(EditableSession, Protocol):
    """An open connection to a platform that can be asked whether something arrived."""

    def probe(self, part: Part, destination: str) -> Receipt | None:
        """What `deliver` would have given back, if the part is there; None when it is not. Changes nothing.
        Raises DeliveryError when nobody answers."""
        ...


class FindingLevel(Enum):
    """How an examination turned out."""

    OK = "good"
    WARNING = "doubtful"
    ERROR = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined; `hint` says how to mend it."""

    level: FindingLevel
    message: str
    hint: str = ""


@runtime_checkable
class Channel(Protocol):
    """A channel; see the module text."""

    name: ClassVar[str]

    def render(self, issue: Issue, context: Context) -> Rendering:
        """The issue in this channel's form. Pure: no clock, no network, no files."""
        ...

    def session(self) -> AbstractContextManager[Session]:
        """The connection that delivers, opened on entry and closed on exit. Opening it raises ConfigError
        or DeliveryError, and then nothing went out."""
        ...


@runtime_checkable
class MessageChannel(Channel, Protocol):
    """A channel that reaches people.

    `destination` names whom: a chat, a list, an account. It is empty as long as the channel is not set up
    to send; then its session writes files. With `updates` the session is a LiveSession. With `ordered` no
    part is sent before the one in front of it has arrived. `repeatable` means that to deliver twice is the
    same as once, so an outcome that is not known is no reason to stop. `window` is how many deliveries are
    under way together, each on a session of its own: so many may be unknown after a crash. `patience` is how
    long one may take at most, in seconds.

    Three more are optional. `uncertain` is what to do about deliveries nobody knows about: "ask" a person,
    "resend" them once, or "skip" them. With `ends_with_address` an issue cannot be changed any more once its
    address is known. `recipients_state` is another value whenever `recipients` may give others: who leaves
    while an issue is on its way does not get it.
    """

    can_edit: ClassVar[bool]
    ordered: ClassVar[bool]
    idempotent: ClassVar[bool]
    timeout: ClassVar[float]

    @property
    def concurrency(self) -> int:
        """How many deliveries are under way together."""
        ...

    @property
    def destination(self) -> str:
        """Whom the parts of an issue go to."""
        ...

    @property
    def test_recipient(self) -> str:
        """The editor's own destination, for proofs, from the channel's key `me`; empty when none is set."""
        ...

    def recipients(self) -> Iterable[str]:
        """Who gets the parts, one delivery each: the destination itself, or all who are behind it."""
        ...

    def diagnose(self) -> Iterator[Finding]:
        """Whether it could deliver, found out by calls that change nothing. Raises ConfigError when it
        cannot even ask."""
        ...


@runtime_checkable
class NoticeChannel(MessageChannel, Protocol):
    """A channel that can write once more to those who have an issue, about that issue."""

    def render_notice(
        self, text: str, first: Sequence[Part], context: Context, when: dt.datetime
    ) -> Rendering:
        """The editor's `text`, of any number of lines, as an answer to `first`: the parts of the issue as
        they were sent. Written at `when`, which is aware. Pure."""
        ...


@runtime_checkable
class ArchiveChannel(Channel, Protocol):
    """A channel with output over all issues.

    `keeps` is true when what `render` makes is only material for `render_archive`: then nothing of it is
    delivered, and its first part is kept for `body`. When it is false, all parts are delivered and `body`
    must not be called.
    """

    caches_entries: ClassVar[bool]

    def render_archive(
        self, entries: Sequence[Entry], body: Callable[[Entry], bytes], context: Context
    ) -> Iterator[PartGroup]:
        """The groups of parts that cover the archive, in the order they must be written.

        `entries` is newest first. `body(entry)` gives back the body of the part this channel keeps of
        that issue; ask for it only when needed, which for most groups is in `parts`.
        """
        ...


@runtime_checkable
class PingChannel(ArchiveChannel, Protocol):
    """A channel over all issues that tells somebody which of its files changed."""

    def build_ping(
        self, digest: Callable[[str], str], newsletter: Newsletter
    ) -> tuple[MessageChannel, Rendering] | None:
        """Who is to be told what about its files, now that they are written; None when nobody is. `digest`
        gives the SHA-256 (hex) of the file of a key."""
        ...
