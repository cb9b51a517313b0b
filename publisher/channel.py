"""The channel interface: a pure `render`, and a session whose `deliver` has effects.

A channel is a frozen subclass of one of the classes at the end of this module; its fields are its keys in
publisher.toml. A Channel only renders issues. A channel whose output covers the whole archive
(a site, a feed) is an ArchiveChannel. A channel that sends messages to people, which cannot be undone by
writing a file, is a MessageChannel. What the rest of the program may ask a channel has a default here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Annotated, ClassVar, Protocol, Self

from msgspec import Meta, Struct, field

from publisher.archive_entry import CardImage as CardImage
from publisher.archive_entry import Entry as Entry
from publisher.model import Issue
from publisher.newsletter import Newsletter
from publisher.subscription import SubscribeOption, SubscriberAddress


class Part(Struct, frozen=True):
    """One unit of delivery: a file, page or message.

    A message that was sent is not edited to another `media_type` without `publish correct`: when the layout of a
    channel changes, so should a parameter of the media type, and old issues stay as they are.

    `key` is unique in its rendering; for channels that write files it is the path below the output folder,
    with forward slashes. `forms` are the keys of parts that follow it and say the same, such as compressed: when the
    part replaces a file, they are deleted first, so that none is ever older than it.
    """

    key: str
    media_type: str
    body: bytes
    forms: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the body, hex."""
        return hashlib.sha256(self.body).hexdigest()


class Rendering(Struct, frozen=True):
    """An issue in the form of a channel.

    `parts` are delivered; `previews` show the same in readable form and are only written to files. `report`
    has facts for people and scripts (counts, limits).
    """

    parts: tuple[Part, ...]
    warnings: tuple[str, ...] = ()
    report: Mapping[str, object] = field(default_factory=dict)
    previews: tuple[Part, ...] = ()


class PartGroup(Struct, frozen=True):
    """Parts of the archive that change together, such as a file and its compressed forms.

    `key` is unique in its archive. `digest` (hex) covers all inputs of the parts: if a group of this key and
    digest was delivered already, `parts` need not be called. `parts` generates them one at a time, in the
    order they must be written. `warning` is for the editor, whenever the parts are delivered.
    """

    key: str
    digest: str
    parts: Callable[[], Iterable[Part]]
    warning: str = ""


class Templates(Protocol):
    """The theme as channels see it: templates that are loaded already."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the whole theme: equal themes give equal pages."""

    def render(self, name: str, **values: object) -> str:
        """Return the template `name` rendered with `values`."""

    def text(self, name: str) -> str:
        """Return the text of a file of the theme, such as a style sheet."""


class Context(Struct, frozen=True):
    """All that a rendering may depend on besides the issue.

    `feeds` maps rss, atom and json to absolute URLs (empty if the rss channel is disabled), and `section_feeds`,
    for the archive alone, the titles of sections to those of their RSS feeds; so is `subscribe_url`, that of
    the page on how to subscribe, "" without one. `previous` and `next` are the neighbours by date, None unless the
    channel `links_neighbours`. `article_urls` maps the absolute URL of an issue's page to the URL of its WeChat
    article, for the issues whose article is known. `card` is the image of the page: the issue's, or that of the
    newsletter. `subscribe_options` are those of the channels that send messages now.
    """

    newsletter: Newsletter
    templates: Templates
    entry: Entry | None = None
    previous: Entry | None = None
    next: Entry | None = None
    feeds: Mapping[str, str] = field(default_factory=dict)
    section_feeds: Mapping[str, str] = field(default_factory=dict)
    subscribe_url: str = ""
    article_urls: Mapping[str, str] = field(default_factory=dict)
    card: CardImage | None = None
    subscribe_options: tuple[SubscribeOption, ...] = ()

    def require_entry(self) -> Entry:
        """Return `entry`, what the archive knows about the issue. Raises ValueError if it is None."""
        if self.entry is None:
            raise ValueError("to render an issue, its entry in the archive is needed")
        return self.entry


class Receipt(Struct, frozen=True):
    """The result of a successful delivery. `changed` is False if the part was there already.

    `remote_id` is the id given by the platform, with which the message can be edited later. `destination` is
    the platform's own id of the destination, if it has one. `notes` are messages for people about problems
    besides the delivery itself.
    """

    changed: bool = True
    url: str = ""
    remote_id: str = ""
    destination: str = ""
    notes: tuple[str, ...] = ()


class Session:
    """An open connection of a channel: opened on entry of a `with` block, closed on exit.

    Opening raises ConfigError or DeliveryError; then nothing was sent. So do the methods, but any other
    exception means that the outcome is unknown.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    @abstractmethod
    def deliver(
        self,
        part: Part,
        destination: str,
        first_attempt: dt.datetime | None = None,
        subscriber: SubscriberAddress | None = None,
    ) -> Receipt:
        """Deliver one part.

        `first_attempt` is when this was tried for the first time (aware, in the newsletter's time zone): the
        same on every retry, so that a message dated with it has the same bytes. None for files. `subscriber` is
        only passed if the recipients of the channel are those of `[subscribers]`; `destination` is their key there.
        """

    def edit(self, part: Part, destination: str, remote_id: str) -> Receipt:
        """Replace the message `remote_id` by `part`; doing it twice is the same as once."""
        raise NotImplementedError

    def delete(self, destination: str, remote_id: str) -> Receipt:
        """Delete the message `remote_id`; if the platform does not allow it, `notes` say so."""
        raise NotImplementedError

    def probe(self, part: Part, destination: str) -> Receipt | None:
        """Return what `deliver` would have returned if the part has arrived, else None. Changes nothing."""
        raise NotImplementedError


class FindingLevel(Enum):
    """How serious a finding of `publish doctor` is."""

    OK = "good"
    WARNING = "doubtful"
    ERROR = "bad"


class Finding(Struct, frozen=True):
    """The result of one check of `publish doctor`; `hint` says how to fix a problem."""

    level: FindingLevel
    message: str
    hint: str = ""


class Capabilities(Struct, frozen=True):
    """What a channel can do, whatever its settings.

    `limits`: the maximum of numbers in the report of a rendering, by name; more is an error in the issue.
    `templates`: the files of the theme that renderings of issues depend on; None means all.
    `caches_entries`: the rendering of an issue is not delivered; its first part is cached for `render_archive`.
    `names_cards`: its pages name the image `context.card`, which is drawn for it.
    `links_neighbours`: its renderings name `context.previous` and `context.next`, so a change of those outdates them.
    `lists_contents`: `render_archive` needs the contents of issues.
    `can_ping`: the channel has `build_ping`.

    Of channels that send messages:
    `can_edit`: the session has `edit` and `delete`; `can_probe`: it has `probe`.
    `can_send_notices`: the channel has `render_notice`.
    `ordered`: a part is sent only after the previous one has arrived.
    `idempotent`: delivering twice is the same as once, so unknown outcomes are retried.
    `timeout`: how long a delivery may take, in seconds.
    `locked_after_publication`: an issue is not changed once its URL is known.
    """

    limits: Mapping[str, int] = field(default_factory=dict)
    templates: Collection[str] | None = None
    caches_entries: bool = False
    names_cards: bool = False
    links_neighbours: bool = False
    lists_contents: bool = False
    can_ping: bool = False
    can_edit: bool = False
    can_probe: bool = False
    can_send_notices: bool = False
    ordered: bool = False
    idempotent: bool = False
    timeout: float = 60.0
    locked_after_publication: bool = False


class RateLimit(Struct, frozen=True):
    """How fast a lane accepts deliveries: `per_minute` on average, at most `burst` of them at once, and `interval`
    seconds from the end of one to the start of the next."""

    per_minute: float
    burst: int = 1
    interval: float = 0.0


class ChannelSettings(Struct, frozen=True, kw_only=True):
    """The keys that every channel has. The settings of a channel are a subclass, if they are a class of their own."""

    send: Annotated[
        bool, Meta(description="send messages; `false` only writes files, whatever else is set, until you remove it")
    ] = True


class Channel(ChannelSettings, frozen=True):
    """A channel that renders issues.

    The type of a field that is a key says what it means: `Annotated[str, Meta(description="…")]`, with `examples`
    if it has no default.
    """

    name: ClassVar[str]
    capabilities: ClassVar[Capabilities] = Capabilities()

    @property
    def note(self) -> str:
        """What is to be remembered about the channel whenever it publishes; "" if nothing is."""
        return "" if self.send else "send = false: only writes files"

    @property
    def destination(self) -> str:
        """The chat, list or account that issues are sent to; empty if the session writes files instead."""
        return ""

    @property
    def active_destination(self) -> str:
        """The destination that issues are sent to now: none if `send` is false, whatever else is set."""
        return self.destination if self.send else ""

    def feed_urls(self, newsletter: Newsletter) -> Mapping[str, str]:  # noqa: ARG002 - for channels with feeds
        """Return the absolute URLs of the live feeds by format: rss, atom and json. Raises ConfigError."""
        return {}

    def section_feed_urls(self, entries: Sequence[Entry], newsletter: Newsletter) -> Mapping[str, str]:  # noqa: ARG002 - for channels with feeds
        """Return the absolute URLs of the RSS feeds of single sections by their titles, for the issues of `entries`."""
        return {}

    def build_subscribe_option(self, newsletter: Newsletter) -> SubscribeOption | None:  # noqa: ARG002 - for messages
        """Return how to subscribe to what the channel sends now; None if it sends nothing, or not to the public."""
        return None

    def build_ping(
        self, digest: Callable[[str], str], newsletter: Newsletter, keys: Collection[str] = ()
    ) -> tuple[MessageChannel, Rendering] | None:
        """Return the channel and the message that report the written files to a hub; None if there is none.

        `keys` are those of all files of the channel, and `digest` returns the SHA-256 (hex) of one.
        """
        raise NotImplementedError

    @abstractmethod
    def render(self, issue: Issue, context: Context) -> Rendering:
        """Render the issue in the form of this channel. Pure: no clock, no network, no files."""

    @abstractmethod
    def session(self) -> Session:
        """Return the connection that delivers, not open yet."""


class ArchiveChannel(Channel, frozen=True):
    """A channel with output that covers all issues."""

    @abstractmethod
    def render_archive(
        self, entries: Sequence[Entry], body: Callable[[Entry], bytes], context: Context
    ) -> Iterator[PartGroup]:
        """Yield the groups of parts that cover the archive, in the order they must be written.

        `entries` is newest first. `body(entry)` returns, with `caches_entries`, the cached body of that issue, and
        with `lists_contents` what `publisher.contents` has encoded; call it only when needed, for most groups inside
        `parts`.
        """


class MessageChannel(Channel, frozen=True):
    """A channel that sends messages, once it has a `destination`. The properties depend on its settings."""

    @property
    def test_recipient(self) -> str:
        """The recipient of test sends, from the channel's key `me`; empty if not set."""
        return ""

    @property
    def is_local(self) -> bool:
        """Whether its server is on this machine, so that nothing reaches subscribers."""
        return False

    @property
    def public_addresses(self) -> Mapping[str, str]:
        """The URLs and email addresses in the settings that subscribers see or use, by key."""
        return {}

    @property
    def sent_settings(self) -> Mapping[str, str]:
        """The settings, by key, that what a recipient gets depends on, besides the parts: they must be the same in all
        processes that send an issue."""
        return {}

    @property
    def concurrency(self) -> int:
        """How many deliveries run at the same time; so many outcomes may be unknown after a crash."""
        return 1

    @property
    def on_unknown(self) -> str:
        """What to do about deliveries with unknown outcome: "ask" a person, "resend" once, or "skip" them."""
        return "ask"

    @property
    def recipients_version(self) -> object:
        """Changes whenever `recipients` may, so that who unsubscribes in the meantime gets nothing more."""
        return None

    @property
    def recipients_changed_at(self) -> dt.datetime | None:
        """When `recipients_version` changed last (aware), None if it never does. A list that changed a moment ago may
        still be being written, so it is read later."""
        return None

    @property
    def subscribers_of(self) -> str:
        """The newsletter (by its id) whose subscribers in the ledger are the recipients; "" if `recipients` has them.

        Recipients are then the subscribers' keys, and `find_lane` must depend on their domain alone.
        """
        return ""

    def recipients(self) -> Iterable[str]:
        """Return the recipients, one delivery each: the destination itself, or all members of the list."""
        return (self.destination,)

    def find_lane(self, recipient: str) -> str:  # noqa: ARG002 - for channels with lanes
        """Return the lane of a recipient: the provider that receives for them; empty if the channel has none.

        A provider that refuses the sender gets no more deliveries for a while; the other lanes go on.
        """
        return ""

    @property
    def rate_limits(self) -> Mapping[str, RateLimit]:
        """The limits of the lanes that have one, by lane."""
        return {}

    def identify_destination(self) -> str:
        """Return the platform's own id of the destination, found without changing anything; empty if it has none.

        Raises PublisherError.
        """
        return ""

    def render_notice(self, text: str, first: Sequence[Part], context: Context) -> Rendering:
        """Render the editor's `text`, of any number of lines, as a reply to `first`, the parts as sent. Pure."""
        raise NotImplementedError

    def diagnose(self) -> Iterator[Finding]:
        """Check whether the channel could deliver, with calls that change nothing.

        Raises ConfigError if the settings do not even allow that.
        """
        return iter(())
