"""Pings to the hub, and how its replies are classified; the hub is a real server on loopback."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from publisher.channel import ArchiveChannel, Capabilities, FindingLevel, MessageChannel, Receipt
from publisher.channels.rss import Rss, websub
from publisher.channels.rss.websub import Topic, WebSub
from publisher.errors import ConfigError, DeliveryError
from tests.support.servers.hub import Hub
from tests.support.servers.smtp_sink import free_port
from tests.support.servers.trickling import STAGES, TLS_RECORD, TricklingServer, start_limits_when_held_back

FEED = "https://tide.example.org/weekly/feed.xml"
ATOM = "https://tide.example.org/weekly/atom.xml"
DATE = "Sun, 18 Jul 2021 01:45:00 GMT"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websub, "REQUEST_TIMEOUT", 0.5)
    monkeypatch.setattr(websub, "READ_TIMEOUT", 30.0)
    start_limits_when_held_back(monkeypatch)


def unused() -> str:
    """A URL where no server listens."""
    return f"http://127.0.0.1:{free_port()}/"


def topics_of(digests: dict[str, str]) -> list[Topic]:
    return [Topic(url.rpartition("/")[2], url, digest) for url, digest in digests.items()]


def tell(url: str, *topics: str) -> list[Receipt]:
    channel = WebSub(url)
    parts = channel.render_pings(topics_of(dict.fromkeys(topics or [FEED], "0" * 64))).parts
    with channel.session() as session:
        return [session.deliver(part, channel.destination) for part in parts]


def refusal(url: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        tell(url)
    return caught.value


# -------------------------------------------------------------- announcements


def test_it_is_a_live_channel() -> None:
    channel = WebSub("https://hub.example.net/")
    assert isinstance(channel, MessageChannel)
    assert not isinstance(channel, ArchiveChannel)
    assert (channel.name, channel.capabilities) == ("websub", Capabilities(can_edit=True, idempotent=True))
    assert (channel.destination, channel.test_recipient) == ("https://hub.example.net/", "")
    assert channel.recipients() == ("https://hub.example.net/",)


def test_a_part_for_each_feed() -> None:
    parts = WebSub("https://hub.example.net/").render_pings(topics_of({FEED: "a1", ATOM: "b2"})).parts
    assert [(part.key, part.media_type) for part in parts] == [
        ("websub/feed.xml", "application/json"),
        ("websub/atom.xml", "application/json"),
    ]
    assert [json.loads(part.body) for part in parts] == [
        {"topic": FEED, "sha256": "a1"},
        {"topic": ATOM, "sha256": "b2"},
    ]


def test_a_part_changes_with_its_feed_alone() -> None:
    channel = WebSub("https://hub.example.net/")
    feed, atom = channel.render_pings(topics_of({FEED: "a1", ATOM: "b2"})).parts
    new_feed, new_atom = channel.render_pings(topics_of({FEED: "a2", ATOM: "b2"})).parts
    assert new_feed.digest != feed.digest
    assert new_atom.digest == atom.digest


def test_topics_and_hub_are_those_the_feeds_name(newsletter) -> None:
    letter = newsletter.using(entries=2, items=True, hub="https://枢纽.example.net/中")
    files = letter.files()
    assert {"public/archive/2020.xml", "public/feed.xml.gz", "public/feed.css"} < set(files)
    who, what = letter.channel.build_ping("digest of {}".format, letter.context.newsletter)
    assert who == letter.channel.websub
    pinged = {json.loads(part.body)["topic"]: json.loads(part.body)["sha256"] for part in what.parts}
    named = {}
    for key, body in files.items():
        text = body.decode("utf-8", "replace")
        if re.search(r'rel="hub"|"hubs"', text):
            own = re.search(r'href="([^"]+)" rel="self"|rel="self" href="([^"]+)"|"feed_url":"([^"]+)"', text)
            named[next(filter(None, own.groups()))] = f"digest of {key}"
            assert letter.channel.websub.hub in text
    assert len(named) == 6
    assert pinged == named


def test_without_a_hub_there_is_nobody_to_tell(newsletter) -> None:
    assert newsletter.channel.websub is None
    assert newsletter.channel.build_ping(str, newsletter.context.newsletter) is None


@pytest.mark.parametrize(
    "hub", ["hub.example.net", "ftp://hub.example.net/", "https:///hub", "http://[::1", "https://e.org:port/"]
)
def test_a_hub_that_is_no_address(hub: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Rss(hub=hub)
    assert caught.value.message == f"hub must be an absolute http or https URL, not {hub}"


# ------------------------------------------------------------------ deliveries


@pytest.mark.parametrize("status", [200, 202, 204])
def test_one_request_for_each_feed(hub: Hub, status: int) -> None:
    hub.status = status
    assert tell(hub.url, FEED, ATOM) == [Receipt(remote_id=FEED), Receipt(remote_id=ATOM)]
    form = "application/x-www-form-urlencoded"
    encoded = "hub.mode=publish&hub.url=https%3A%2F%2Ftide.example.org%2Fweekly%2F"
    assert hub.pings == [("/hub", form, f"{encoded}feed.xml"), ("/hub", form, f"{encoded}atom.xml")]


def test_an_update_tells_again_and_a_withdrawal_nothing(hub: Hub) -> None:
    channel = WebSub(hub.url)
    (part,) = channel.render_pings(topics_of({FEED: "a2"})).parts
    with channel.session() as session:
        assert session.edit(part, hub.url, FEED) == Receipt(remote_id=FEED)
        assert session.delete(hub.url, FEED) == Receipt(changed=False)
    assert [parse_qs(body)["hub.url"] for _, _, body in hub.pings] == [[FEED]]


@pytest.mark.parametrize(
    ("status", "headers", "body", "hint"),
    [
        (400, {"Content-Type": "text/plain; charset=utf-8"}, b"Invalid\ntopic", "Invalid topic"),
        (404, {"Content-Type": "text/html"}, b"<h1>no</h1>", "check `hub` in [channels.rss]"),
        (403, {}, b"", "check `hub` in [channels.rss]"),
        (308, {"Location": "https://new.example.net/"}, b"", "it may have moved to https://new.example.net/"),
        (304, {}, b"", "check `hub` in [channels.rss]"),
    ],
)
def test_a_refusal_is_for_good(hub: Hub, status: int, headers: dict[str, str], body: bytes, hint: str) -> None:
    hub.status, hub.headers, hub.body = status, headers, body
    error = refusal(hub.url)
    assert re.fullmatch(rf"the hub {re.escape(hub.url)} answered {status} [A-Z][A-Za-z ]+", error.message)
    assert (error.hint, error.permanent) == (hint, True)
    assert len(hub.pings) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": "Sun, 18 Jul 2021 01:46:30 GMT", "Date": DATE}, 90.0),
        ({"Retry-After": "Sun, 18 Jul 2021 01:44:00 GMT", "Date": DATE}, 1.0),
        ({"Retry-After": "0"}, 1.0),
        ({"Retry-After": "9" * 400}, 604800.0),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": DATE}, 604800.0),
        ({"Retry-After": "Sun, 18 Jul 2021 01:46:30 GMT"}, None),
        ({"Retry-After": "Sun, 18 Jul 2021 01:46:30 -0000", "Date": DATE}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon", "Date": DATE}, None),
        ({"Retry-After": "Sun, 18 Jul 99999999999999999999 01:46:30 GMT", "Date": DATE}, None),
        ({"Retry-After": "Sun, 18 Jul 2021 01:46:30 +99999999999999", "Date": DATE}, None),
    ],
)
def test_a_busy_hub_says_how_long_to_wait(hub: Hub, status: int, headers: dict[str, str], wait: float | None) -> None:
    hub.status, hub.headers = status, headers
    error = refusal(hub.url)
    assert (error.retry_after, error.permanent) == (wait, False)


@contextmanager
def nobody() -> Iterator[str]:
    yield unused()


@contextmanager
def nameless() -> Iterator[str]:
    yield "http://hub.invalid/"


@contextmanager
def crowded() -> Iterator[str]:
    """A server whose queue of connections is full."""
    with ExitStack() as stack:
        door, *crowd = (stack.enter_context(socket.socket()) for _ in range(5))
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(door.getsockname())
        yield f"http://127.0.0.1:{door.getsockname()[1]}/"


linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse at once")


@pytest.mark.parametrize("place", [nobody, nameless, pytest.param(crowded, marks=linux)])
def test_an_unreachable_hub_is_retried(
    place: Callable[[], AbstractContextManager[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websub, "READ_TIMEOUT", 0.5)
    with place() as url:
        error = refusal(url)
    assert error.message.startswith(f"the hub {url} cannot be reached: ")
    assert "\n" not in error.message
    assert (error.hint, error.permanent) == ("check `hub` in [channels.rss]", False)


@pytest.mark.parametrize(
    ("does", "status", "error"),
    [
        ("hang", 0, httpx.ReadTimeout),
        ("drop", 0, httpx.RemoteProtocolError),
        ("answer", 500, httpx.HTTPStatusError),
        ("answer", 502, httpx.HTTPStatusError),
    ],
)
def test_what_the_hub_made_of_it_may_stay_unknown(
    hurry: None, hub: Hub, does: str, status: int, error: type[Exception]
) -> None:
    hub.does, hub.status = does, status
    with pytest.raises(error):
        tell(hub.url)
    assert len(hub.pings) == 1, "it must be pinged once, whatever the outcome"
    hub.does, hub.status = "answer", 204
    assert tell(hub.url) == [Receipt(remote_id=FEED)]


# ----------------------------------------------------------------- examination


@pytest.mark.parametrize(
    ("status", "level"),
    [
        (200, FindingLevel.OK),
        (405, FindingLevel.OK),
        (302, FindingLevel.OK),
        (404, FindingLevel.WARNING),
        (503, FindingLevel.WARNING),
    ],
)
def test_an_examination_asks_and_tells_nothing(hub: Hub, status: int, level: FindingLevel) -> None:
    hub.status = status
    (finding,) = WebSub(hub.url).diagnose()
    assert finding.level is level
    assert finding.message.startswith(f"the hub {hub.url} answers {status} ")
    assert hub.pings == []


def test_an_examination_of_a_hub_that_does_not_answer(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websub, "READ_TIMEOUT", 0.5)
    hub.does = "hang"
    for url in (unused(), hub.url):
        (finding,) = WebSub(url).diagnose()
        assert finding.level is FindingLevel.ERROR
        assert finding.message.startswith(f"the hub {url} does not answer: ")
        assert finding.hint == "check `hub` in [channels.rss]"


# -------------------------------------------------------------- from the command


@pytest.fixture
def letter(tmp_path: Path, publish, hub: Hub) -> Path:
    """The sample newsletter, whose feeds have a hub."""
    publish("init", "--lang", "zh", "letter", folder=tmp_path)
    settings = tmp_path / "letter" / "publisher.toml"
    text = settings.read_text("utf-8")
    settings.write_text(f'{text}[channels.rss]\nhub = "{hub.url}"\n', "utf-8")
    return tmp_path / "letter"


def topics(hub: Hub) -> list[str]:
    names = [parse_qs(body)["hub.url"][0].rpartition("/")[2] for _, _, body in hub.pings]
    hub.pings.clear()
    return sorted(names)


def test_the_hub_gets_one_ping_per_changed_feed(letter: Path, publish, hub: Hub) -> None:
    publish("--channel", "rss", folder=letter, env={"NO_PROXY": "*"})
    assert topics(hub) == ["atom.xml", "feed.json", "feed.xml"]
    publish(folder=letter)
    (letter / ".publisher" / "cache" / "site.json").unlink()
    publish(folder=letter)
    assert topics(hub) == []
    issue = max((letter / "issues").glob("*.md"))
    issue.write_text(issue.read_text("utf-8") + "\n- 多一条\n", "utf-8")
    publish("--channel", "web", folder=letter)
    assert topics(hub) == [], "the feeds have not changed yet"
    publish(folder=letter, env={"NO_PROXY": "*"})
    assert topics(hub) == ["atom.xml", "feed.json", "feed.xml"]


def test_a_refused_ping_is_not_retried(letter: Path, publish, hub: Hub) -> None:
    hub.status = 400
    publish("--channel", "rss", folder=letter, code=3, env={"NO_PROXY": "*"})
    assert (letter / "public" / "feed.xml").exists()
    hub.pings.clear()
    hub.status = 204
    publish(folder=letter, code=3)
    assert topics(hub) == [], "what was refused for good is for a person to try again"


def test_a_ping_without_an_answer_is_repeated(letter: Path, publish, hub: Hub) -> None:
    hub.does = "drop"
    publish("--channel", "rss", "--max-wait", "1", folder=letter, code=3, env={"NO_PROXY": "*"})
    hub.pings.clear()
    hub.does = "answer"
    publish(folder=letter, env={"NO_PROXY": "*"})
    assert topics(hub) == ["atom.xml", "feed.json", "feed.xml"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_reply_that_trickles(hurry: None, stage: str) -> None:
    """Whatever is raised but a DeliveryError means that the hub may have been notified."""
    with TricklingServer(*STAGES[stage]) as server, pytest.raises(httpx.ReadTimeout):
        tell(server.url)


def test_a_handshake_that_trickles(hurry: None) -> None:
    with TricklingServer(b"", TLS_RECORD, greets=True) as server:
        assert "cannot be reached" in refusal(server.url.replace("http:", "https:")).message


def test_doctor_does_not_wait_for_a_hub_that_trickles(hurry: None) -> None:
    with TricklingServer(*STAGES["headers"]) as server:
        (finding,) = WebSub(server.url).diagnose()
    assert finding.level is FindingLevel.ERROR
    assert "does not answer" in finding.message


def test_a_ping_ends_before_the_timeout_of_its_channel() -> None:
    assert WebSub.capabilities.timeout > websub.REQUEST_TIMEOUT


@pytest.mark.parametrize("value", ["-5", "0", "9" * 400, "nan", "inf", "1e9", "soon", "", "12.5"])
def test_no_wait_is_without_end_or_none_at_all(hub: Hub, value: str) -> None:
    hub.status, hub.headers = 429, {"Retry-After": value}
    error = refusal(hub.url)
    assert error.retry_after is None or 1.0 <= error.retry_after <= 7 * 86400
