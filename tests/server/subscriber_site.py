"""A newsletter with a list, its pages on a running server, and a visitor of them."""

from __future__ import annotations

import datetime as dt
import http.client
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from publisher.config import Config, ListenAddress, load_config
from publisher.errors import PublisherError
from publisher.ledger import Ledger
from publisher.registry import load_channel
from publisher.server import run_server
from publisher.server.state import DaemonState
from publisher.server.subscriber_pages import SubscriberPages
from publisher.signing import Purpose
from publisher.subscribers.models import Origin, Subscriber, SubscriberState
from publisher.subscribers.subscriber_list import SubscriberList
from publisher.theme import Theme

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
CONFIG = """\
[newsletter]
name = "Harbour Notes"
url = "https://harbour-notes.org/{date}/"
id = "tag:example.org,2021:harbour"
lang = "LANG"
email = "join@harbour-notes.org"

[subscribers]
url = "URL"
key = "file:subscribers.key"
"""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    def field(self, name: str) -> str:
        """The value of a field of the form."""
        tag = re.search(rf'<input [^>]*name="{name}"[^>]*>', self.text)
        value = re.search(r'value="([^"]*)"', tag[0]) if tag else None
        return unescape(value[1]) if value else ""


class FakeConfirmations:
    """What would be sent, and what would be reported."""

    def __init__(self) -> None:
        self.sent: list[Subscriber] = []
        self.reports: list[str] = []

    def send_later(self, _: Any, subscriber: Subscriber) -> None:
        self.sent.append(subscriber)

    def report_later(self, error: PublisherError, _: dt.datetime) -> None:
        self.reports.append(error.message)


@dataclass
class ListSite:
    """The newsletter in `folder`, whose list has its pages at `url`. `now` is the time there; `visitor` is the
    address on this machine that requests come from."""

    folder: Path
    url: str = "https://harbour-notes.org/list"
    lang: str = "en"
    extra: str = ""
    secret: str = "a secret of the harbour"
    now: dt.datetime = NOW
    confirmations: FakeConfirmations = field(default_factory=FakeConfirmations)
    address: str = ""
    visitor: str = "127.0.0.1"

    def write(self) -> Config:
        """Write publisher.toml, and return it."""
        key = self.folder / "subscribers.key"
        key.write_text(self.secret, "utf-8")
        key.chmod(0o600)
        path = self.folder / "publisher.toml"
        path.write_text(CONFIG.replace("LANG", self.lang).replace("URL", self.url) + self.extra, "utf-8")
        self.config = load_config(path, load_channel)
        return self.config

    @contextmanager
    def serve(self) -> Iterator[ListSite]:
        """Serve the pages on this machine until the end of the block."""
        self.write()
        theme = Theme.load()
        self.pages = SubscriberPages(lambda: (self.config, theme), lambda: self.now, self.confirmations)  # type: ignore[arg-type]  # the same methods
        listen, proxies = ListenAddress("127.0.0.1", 0), self.config.proxies
        with run_server(listen, self.folder / "public", lambda: DaemonState(self.now), proxies, self.pages) as address:
            self.address = address
            yield self

    # -------------------------------------------------------------- the visitor

    def request(self, method: str, path: str, body: bytes = b"", content_type: str = "", **headers: str) -> Answer:
        """Make a request. `path` is below the URL of the pages; _ in the name of a header is a hyphen."""
        parts = urlsplit(self.address)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if content_type:
            named["content-type"] = content_type
        source = (self.visitor, 0)
        host, port = parts.hostname or "", parts.port
        with closing(http.client.HTTPConnection(host, port, timeout=300, source_address=source)) as connection:
            connection.request(method, urlsplit(self.url).path + path, body or None, named)
            found = connection.getresponse()
            return Answer(found.status, found.headers, found.read().decode())

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, **headers)

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        body = urlencode(fields).encode()
        return self.request("POST", path, body, "application/x-www-form-urlencoded", **headers)

    def sign_up(self, address: str, **headers: str) -> Answer:
        """Fill in the form, in five seconds."""
        token = self.get("/subscribe").field("form")
        self.now += dt.timedelta(seconds=5)
        return self.post("/subscribe", {"address": address, "form": token, "website": ""}, **headers)

    # ----------------------------------------------------------------- the list

    @contextmanager
    def open_list(self) -> Iterator[SubscriberList]:
        folder = self.folder / ".publisher"
        folder.mkdir(exist_ok=True)
        settings = self.config.subscribers
        assert settings
        with closing(Ledger(folder / "ledger.db")) as ledger:
            yield SubscriberList(ledger, self.config.newsletter.id, settings.load_keys())

    def add(self, address: str, state: SubscriberState = SubscriberState.CONFIRMED) -> Subscriber:
        """Put an address on the list, in a state that comes of what its owner did."""
        from publisher.mail_address import Mailbox

        origin = Origin(self.now, "test")
        with self.open_list() as subscribers:
            asked = subscribers.ask(Mailbox("", address), origin)
            assert asked.subscriber
            key = asked.subscriber.key
            if state is not SubscriberState.ASKED:
                subscribers.confirm(key, origin)
            match state:
                case SubscriberState.LEFT:
                    subscribers.leave(key, origin)
                case SubscriberState.PAUSED:
                    subscribers.pause(key, None, origin)
                case SubscriberState.GONE:
                    subscribers.mark_gone(key, origin)
                case SubscriberState.COMPLAINED:
                    subscribers.mark_complained(key, origin)
            found = subscribers.find(key)
        assert found
        return found

    def state(self, address: str) -> SubscriberState | None:
        with self.open_list() as subscribers:
            found = subscribers.find(address)
        return found.state if found else None

    def link(self, purpose: Purpose, tag: str) -> str:
        """The path of a subscriber's page."""
        settings = self.config.subscribers
        assert settings
        return f"/{purpose.value}/{settings.load_keys().sign(purpose, tag)}"
